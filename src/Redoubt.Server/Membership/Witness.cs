using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Redoubt.Agreement;
using Redoubt.Server.Listening;
using Redoubt.Server.Supervising;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>
/// A member of a pool's agreement that has a vote and nothing else: no database, no VMs, no calls. With it a pool of two hosts goes on when
/// one of the three is lost. It runs an etcd in a directory of its own, and keeps a lease in it by which the coordinator sees it.
/// </summary>
public sealed class Witness
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string _directory;
    private readonly TimeProvider _time;

    private Witness(string directory, TimeProvider time) => (_directory, _time) = (directory, time);

    /// <summary>Has a directory be that of a witness of a pool, unless it is one already.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="coordinator">Where the pool's coordinator is.</param>
    /// <param name="user">In whose name to ask.</param>
    /// <param name="password">Their password.</param>
    /// <param name="port">Where the hosts reach the witness; 0 for any.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="XenApiException">It is refused.</exception>
    /// <exception cref="ServeException">The directory can't be used.</exception>
    public static async Task JoinAsync(
        string directory, string coordinator, string user, string password, int port, TimeProvider time,
        CancellationToken cancellationToken)
    {
        using var held = Hold(directory);
        if (Find(directory) is not null)
        {
            return;
        }

        if (held.Traces().Count > 0 || File.Exists(held.PathOf(KeptName.Journal)))
        {
            throw new ServeException($"{directory} is the directory of a daemon with a pool. Give the witness one of its own.");
        }

        var (url, master) = MemberCalls.Reach(coordinator);
        var own = await MemberCalls.OwnAddressAsync(url, cancellationToken);
        port = port is 0 ? LoopbackPort.TakeFree() : port;
        var uuid = Guid.NewGuid().ToString();
        await using var api = new XenApiClient(url, _ => true) { CallLimit = Limit };
        await api.LoginAsync(user, password, cancellationToken);
        var given = await api.CallAsync<ImmutableSortedDictionary<string, string>>(
            "pool.admit_witness",
            [
                MemberCalls.Map(
                    ("uuid", uuid), ("address", own), ("port", port.ToString(CultureInfo.InvariantCulture)),
                    ("coordinator_address", master),
                    (MemberCalls.Version, ProductVersion.Current)),
            ],
            cancellationToken);
        var members = PoolMembership.DirectoryOf(directory);
        MemberFiles.LayWitness(members, given);
        (PoolMembership.Of(uuid, own, port, given) with { IsWitness = true }).Keep(members);
    }

    /// <summary>Runs the witness of a directory until it is told to stop.</summary>
    /// <exception cref="ServeException">The directory is none of a witness, or is in use.</exception>
    public static async Task RunAsync(string directory, TextWriter output, TimeProvider time, CancellationToken stopping)
    {
        using var held = Hold(directory);
        var membership = Find(directory)
            ?? throw new ServeException($"{directory} is no witness of a pool yet. Have it join one: --join ADDRESS.");
        using var loggers = ServerLog.Open();
        var log = loggers.CreateLogger<Witness>();
        await using var manager = ServiceManager.Open(time, loggers.CreateLogger<ServiceManager>());
        await using var etcd = EtcdMember.Start(membership.Etcd(directory), time, loggers.CreateLogger<EtcdMember>());
        await output.WriteLineAsync(
            $"redoubt: witness {membership.Host} of pool {membership.Pool} at {membership.Address}:{membership.Port}");
        await output.FlushAsync(CancellationToken.None);
        manager.Ready("Has a vote in its pool");
        try
        {
            await new Witness(directory, time).ShowAsync(etcd, membership, log, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // As it was told.
        }

        manager.Stopping();
    }

    /// <summary>Shows the others that it is there, as long as the majority answers.</summary>
    private async Task ShowAsync(EtcdMember etcd, PoolMembership membership, ILogger log, CancellationToken stopping)
    {
        string? said = null;
        for (; ; )
        {
            try
            {
                await WitnessLease.KeepAsync(etcd.Client, membership.Host, _time, stopping);
                said = null;
            }
            catch (EtcdException e)
            {
                var why = etcd.Trouble ?? e.Message;
                if (said != why)
                {
                    log.LogWarning("The witness in {Directory} does not reach the majority of its pool: {Message}", _directory, why);
                }

                said = why;
            }

            await Task.Delay(Beat, _time, stopping);
        }
    }

    private static PoolMembership? Find(string directory) => ServeException.Of(() => PoolMembership.Find(directory)) switch
    {
        null => null,
        { IsWitness: true } witness => witness,
        _ => throw new ServeException(
            $"{directory} is that of a host of a pool, which redoubt serve runs. Give the witness one of its own."),
    };

    private static DataDirectory Hold(string directory)
    {
        DataDirectory.KeepToOwner();
        return ServeException.Of(() => DataDirectory.Open(directory, []));
    }
}
