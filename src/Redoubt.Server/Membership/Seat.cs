using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Redoubt.Agreement;
using Redoubt.Pool;
using Redoubt.Server.Audit;
using Redoubt.Server.Listening;
using Redoubt.Server.Sessions;
using Redoubt.Server.Supervising;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>
/// The place of this daemon in its pool, until it is told to stop.
/// <code>
///            admits another host                 lost its lease
///  alone ─────────────────────► coordinator ────────────────────► member
///    │                               ▲                              │ ▲
///    │                               └──────── elected ─────────────┘ │
///    └───────────────────────────── joins ────────────────────────────┘
/// </code>
/// Alone and as coordinator it is a whole <see cref="PoolServer"/>; as member it follows the log into its own journal, stands for the
/// election, and tells whoever comes where the coordinator is (<see cref="MemberServer"/>).
/// </summary>
public sealed class Seat(ServeConfig config, TextWriter output, TimeProvider time) : IAsyncDisposable
{
    private const string Given = "given.json";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BeginLimit = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly ILoggerFactory _loggers = ServerLog.Open();
    private ServeConfig _config = config;
    private EtcdMember? _etcd;
    private Coordinator? _coordinator;
    private volatile PoolServices? _pool;
    private CancellationTokenSource _over = new();
    private CancellationTokenSource _leaving = new();
    private Task _upkeep = Task.CompletedTask;

    /// <summary>Whether a daemon's directory is that of one host among several of its pool.</summary>
    /// <exception cref="ServeException">What says so is garbled.</exception>
    public static bool IsOneOfSeveral(string dataDirectory) => FindMembership(dataDirectory) is not null;

    /// <summary>The member of this host, where it is in a pool of several.</summary>
    internal EtcdMember? Etcd => _etcd;

    /// <summary>What this host is to the others; <see langword="null"/> where it is a pool by itself.</summary>
    internal PoolMembership? Membership => FindMembership(_config.DataDirectory);

    /// <summary>Runs until it is told to stop.</summary>
    /// <exception cref="ServeException">It can't start; nothing has been left running.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        DataDirectory.KeepToOwner();
        await using var manager = ServiceManager.Open(time, _loggers.CreateLogger<ServiceManager>());
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                await FinishJoiningAsync();
                if (FindTakeover() is { } takeover)
                {
                    await LeaveOthersAsync(takeover);
                    await CoordinateAsync(null, takeover, manager, stopping);
                }
                else if (FindMembership(_config.DataDirectory) is { } membership)
                {
                    RequireNothingForOneAlone(membership);
                    _etcd ??= StartEtcd(membership);
                    _coordinator = await FollowAsync(membership, _etcd, manager, stopping);
                    if (_coordinator is not null)
                    {
                        await CoordinateAsync(membership, null, manager, stopping);
                    }
                }
                else
                {
                    await CoordinateAsync(null, null, manager, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // As it was told.
        }

        manager.Stopping();
    }

    /// <summary>Begins a pool of several hosts with this one, if it has not been begun.</summary>
    /// <param name="pool">The pool of this server.</param>
    /// <param name="address">The address by which other hosts reach this one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="XenApiException"><c>INTERNAL_ERROR</c>: its etcd can't be started.</exception>
    internal async Task<PoolMembership> BeginAsync(PoolServices pool, string address, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (FindMembership(_config.DataDirectory) is { } already)
            {
                return already;
            }

            var directory = PoolMembership.DirectoryOf(_config.DataDirectory);
            if (Directory.Exists(directory))
            {
                // Of a try that did not get so far as to count.
                Directory.Delete(directory, recursive: true);
            }

            var (poolUuid, host) = (pool.State.Get(pool.Pool).Uuid, pool.State.Get(pool.Hosts.Local.Host).Uuid);
            var port = _config.MemberPort is 0 ? LoopbackPort.TakeFree() : _config.MemberPort;
            var url = $"https://{new IPEndPoint(IPAddress.Parse(address), port)}";
            var membership = new PoolMembership
            {
                Pool = poolUuid,
                Host = host,
                Address = address,
                Port = port,
                Cluster = ImmutableSortedDictionary<string, string>.Empty.Add(host, url),
                HasJoined = false,
            };
            MemberFiles.Begin(directory, poolUuid, host, address, time);
            var etcd = StartEtcd(membership);
            Coordinator? coordinator = null;
            using var late = new CancellationTokenSource(BeginLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            try
            {
                coordinator = await ElectAsync(etcd, host, pool.Url!, either.Token);
                await pool.Database.AgreeAsync(async (state, keys) =>
                {
                    await coordinator.BeginAsync(state, keys, CancellationToken.None);
                    pool.Files.Share(SharedFiles.By(coordinator));
                    membership.Keep(directory);
                    return coordinator.AgreeAsync;
                });
            }
            catch (Exception e) when (e is EtcdException or CoordinatorLostException or IOException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                pool.Files.Unshare();
                await DropAsync(etcd, coordinator);
                var why = e is OperationCanceledException ? $"etcd did not answer within {BeginLimit.TotalSeconds:0} seconds" : e.Message;
                throw new XenApiException(e, "INTERNAL_ERROR", $"The pool can't be begun: {etcd.Trouble ?? why}.");
            }
            catch
            {
                pool.Files.Unshare();
                await DropAsync(etcd, coordinator);
                throw;
            }

            (_etcd, _coordinator) = (etcd, coordinator);
            _ = coordinator.Lost.Register(() => _over.Cancel());
            BeginUpkeep(etcd, coordinator);
            return membership;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Has this host become a member of another pool with what its coordinator has given, from when this returns, also if the daemon ends
    /// then. What this host had stays under other names. <see cref="LeaveAsync"/> gets it under way.
    /// </summary>
    /// <exception cref="IOException">That can't be written down.</exception>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: it is about to leave its place for another already.</exception>
    internal async Task JoinAsync(PoolMembership membership, ImmutableSortedDictionary<string, string> given)
    {
        await _changing.WaitAsync(CancellationToken.None);
        try
        {
            if (_over.IsCancellationRequested)
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", "This host is just taking another place in its pool: try again soon.");
            }

            if (Directory.Exists(Joining))
            {
                Directory.Delete(Joining, recursive: true);
            }

            MemberFiles.LayCertificates(Joining, given);
            membership.Keep(Joining);

            // From here on it joins.
            DurableFile.Write(Path.Combine(Joining, Given), JsonSerializer.SerializeToUtf8Bytes(given));
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Has this host go on alone from its own copy, from when this returns, also if the daemon ends then. <see cref="LeaveAsync"/> gets it
    /// under way.
    /// </summary>
    /// <exception cref="IOException">That can't be written down.</exception>
    internal void TakeOver(PoolTakeover takeover) => takeover.Keep(_config.DataDirectory);

    /// <summary>Leaves the place that this host has, for the one that it has been ordered to.</summary>
    internal Task LeaveAsync() => _over.CancelAsync();

    /// <summary>Has another host coordinate from now on.</summary>
    /// <exception cref="EtcdException">The majority does not answer.</exception>
    /// <exception cref="CoordinatorLostException">This host does not coordinate any more.</exception>
    internal async Task HandOverAsync(string hostUuid, CancellationToken cancellationToken)
    {
        await _coordinator!.DesignateAsync(hostUuid, cancellationToken);
        await _over.CancelAsync();
    }

    private PoolTakeover? FindTakeover() => ServeException.Of(() => PoolTakeover.Find(_config.DataDirectory));

    /// <summary>
    /// Ends this host's part in the agreement that has no majority any more. What was agreed by stays under another name; a host of before
    /// that comes back finds nobody there who would go on with it.
    /// </summary>
    private async Task LeaveOthersAsync(PoolTakeover takeover)
    {
        await EndEtcdAsync();
        var members = PoolMembership.DirectoryOf(_config.DataDirectory);
        try
        {
            if (Directory.Exists(members))
            {
                DurableFile.Rename(members, $"{members}.before-{takeover.At}");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ServeException($"This host could not leave the hosts that are gone: {e.Message}", e);
        }
    }

    private async Task EndEtcdAsync()
    {
        if (_etcd is { } etcd)
        {
            _etcd = null;
            await etcd.DisposeAsync();
        }
    }

    // The same at each try of one joining, and another for the next.
    private static string Began(byte[] given) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(given))[..16];

    private string Joining => PoolMembership.DirectoryOf(_config.DataDirectory) + ".joining";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndUpkeepAsync();
        if (_coordinator is not null)
        {
            await _coordinator.DisposeAsync();
        }

        if (_etcd is not null)
        {
            await _etcd.DisposeAsync();
        }

        _over.Dispose();
        _leaving.Dispose();
        _changing.Dispose();
        _loggers.Dispose();
    }

    private EtcdMember StartEtcd(PoolMembership membership) => EtcdMember.Start(
        membership.Etcd(_config.DataDirectory), time, _loggers.CreateLogger<EtcdMember>());

    private void RequireNothingForOneAlone(PoolMembership membership)
    {
        if (membership.IsWitness)
        {
            throw new ServeException(
                $"{_config.DataDirectory} is that of a witness: redoubt witness --data {_config.DataDirectory} runs it.");
        }

        if (_config.NewPool || _config.RestoreFrom is not null)
        {
            var option = _config.NewPool ? "--new-pool" : "--restore-from";
            throw new ServeException(
                $"This host is a member of a pool of several, whose database the others have: {option} is for a host by itself. Start it "
                + "without.");
        }
    }

    private static PoolMembership? FindMembership(string dataDirectory) =>
        ServeException.Of(() => PoolMembership.Find(dataDirectory));

    /// <summary>Serves the pool until it is told to stop, has lost the coordination, or has joined another pool.</summary>
    private async Task CoordinateAsync(
        PoolMembership? membership, PoolTakeover? takeover, ServiceManager manager, CancellationToken stopping)
    {
        _over.Dispose();
        _over = new CancellationTokenSource();
        var coordinator = _coordinator;
        if (_etcd is not null && coordinator is not null)
        {
            BeginUpkeep(_etcd, coordinator);
        }

        await using var lost = coordinator?.Lost.Register(() => _over.Cancel()) ?? default;
        var place = new ServerPlace(this, membership?.Host ?? takeover?.Host, coordinator is null ? null : coordinator.AgreeAsync)
        {
            AgreeToFiles = coordinator is null ? null : SharedFiles.By(coordinator),
            Dead = takeover?.Dead ?? [],
        };
        var show = FirstPassword.Shown(output, _config.DataDirectory);
        PoolServer started;
        try
        {
            started = await PoolServer.StartAsync(_config, place, time, show, stopping);
        }
        catch (Exception refused) when (
            refused is XenApiException or ServeException && coordinator is { Lost.IsCancellationRequested: true })
        {
            _loggers.CreateLogger<Seat>().LogWarning(
                "This host lost the coordination of its pool as it took it over: {Message}", refused.Message);
            await StepDownAsync();
            return;
        }

        await using (var server = started)
        {
            _config = _config with { ListenUrls = server.Urls, RestoreFrom = null, NewPool = false, Without = [], RootPasswordFile = null };
            if (takeover is not null)
            {
                PoolTakeover.Done(_config.DataDirectory);
            }

            _pool = server.Daemon.Services;
            await server.TellAsync(output);
            manager.Ready($"Answers requests at {string.Join(", ", server.Urls)}");
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, _over.Token);
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = either.Token.Register(ended.SetResult);
            await ended.Task;
            _pool = null;
        }

        await StepDownAsync();
    }

    private async Task StepDownAsync()
    {
        await EndUpkeepAsync();
        if (_coordinator is { } held)
        {
            _coordinator = null;
            await held.DisposeAsync();
        }
    }

    /// <summary>Gives each member its vote as soon as it has caught up, and notes which of the hosts are there.</summary>
    private void BeginUpkeep(EtcdMember etcd, Coordinator coordinator)
    {
        Begin(async cancellationToken =>
        {
            var members = await etcd.Client.ListMembersAsync(cancellationToken);
            foreach (var learner in members.Where(m => m.IsLearner))
            {
                await etcd.Client.PromoteMemberAsync(learner.Id, cancellationToken);
            }

            if (_pool is { } pool)
            {
                var standing = await Coordinator.ReadStandingAsync(etcd.Client, cancellationToken);
                await MemberUpkeep.NoteLiveAsync(pool, standing, cancellationToken);
                var witnesses = MemberUpkeep.WitnessesAmong(pool.State, members);
                var live = witnesses.Count == 0 ? [] : await WitnessLease.ReadAsync(etcd.Client, cancellationToken);
                await MemberUpkeep.NoteWitnessesAsync(pool, witnesses, live, cancellationToken);
            }
        });
    }

    private void Begin(Func<CancellationToken, Task> round)
    {
        _leaving.Dispose();
        _leaving = new CancellationTokenSource();
        var leaving = _leaving.Token;
        var log = _loggers.CreateLogger<Seat>();
        _upkeep = Task.Run(async () =>
        {
            using var tick = new PeriodicTimer(Pause, time);
            try
            {
                do
                {
                    try
                    {
                        await round(leaving);
                    }
                    catch (Exception e) when (e is EtcdException or CoordinatorLostException or IOException or InvalidDataException
                        or UnauthorizedAccessException or XenApiException)
                    {
                        // The majority is away, or a disk is full: what is left is done when they are back, here or by another.
                        log.LogWarning("What the hosts of the pool share beside its database waits: {Message}", e.Message);
                    }
                }
                while (await tick.WaitForNextTickAsync(leaving));
            }
            catch (OperationCanceledException) when (leaving.IsCancellationRequested)
            {
                // This host has another place now.
            }
        });
    }

    private async Task EndUpkeepAsync()
    {
        await _leaving.CancelAsync();
        await _upkeep;
    }

    /// <summary>
    /// Ends what <see cref="JoinAsync"/> has begun, now or before a crash. Nothing of the pool that this host was is looked at any more,
    /// and nothing of it is lost. Each step can be repeated; the last one counts.
    /// </summary>
    private async Task FinishJoiningAsync()
    {
        var members = PoolMembership.DirectoryOf(_config.DataDirectory);
        try
        {
            if (DurableFile.Read(Path.Combine(Joining, Given)) is not { } content)
            {
                if (File.Exists(Path.Combine(members, Given)))
                {
                    // What was left to do of one that counts already.
                    DurableFile.Remove(Path.Combine(members, Given));
                }

                return;
            }

            await EndEtcdAsync();
            var given = JsonSerializer.Deserialize<ImmutableSortedDictionary<string, string>>(content)!;
            var aside = $".before-{Began(content)}";
            MemberFiles.TakeKept(_config.DataDirectory, aside, given);
            foreach (var name in (string[])
                [
                    "pool.journal", "runs.db", "runs.db-wal", "runs.db-shm", KeptName.Messages, "copies.json", "kept.json",
                    .. AuditLog.Names,
                ])
            {
                MemberFiles.SetAside(Path.Combine(_config.DataDirectory, name), aside);
            }

            if (Directory.Exists(members))
            {
                DurableFile.Rename(members, members + aside);
            }

            PoolDaemon.MakeJournal(_config.DataDirectory);
            DurableFile.Rename(Joining, members);
            DurableFile.Remove(Path.Combine(members, Given));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
        {
            throw new ServeException($"This host could not become a member of its new pool: {e.Message}", e);
        }
    }

    /// <summary>Follows as a member until this host is elected and has everything that was acknowledged.</summary>
    /// <returns>Its word that it coordinates; <see langword="null"/>: it is to take another place.</returns>
    private async Task<Coordinator?> FollowAsync(
        PoolMembership membership, EtcdMember etcd, ServiceManager manager, CancellationToken stopping)
    {
        _over.Dispose();
        _over = new CancellationTokenSource();
        using var directory = Hold();
        await using var files = OpenShared(directory);
        var emergency = new EmergencyCalls(this, _config.DataDirectory, membership, etcd, time);
        await using var agent = BeginAgent();
        await using var server = await MemberServer.StartAsync(_config, etcd, emergency, agent, _loggers, time, stopping);
        if (_config.RootPasswordFile is { } file)
        {
            await output.WriteLineAsync($"redoubt: root's password is the pool's; {file} is not looked at");
        }

        _config = _config with { ListenUrls = server.Urls, RootPasswordFile = null, Without = [] };
        foreach (var url in server.Urls)
        {
            await output.WriteLineAsync($"redoubt: listening on {url}");
        }

        await output.WriteLineAsync("redoubt: this host is a member of its pool and does not coordinate it now");
        await output.FlushAsync(CancellationToken.None);
        manager.Ready($"A member of its pool, which answers at {string.Join(", ", server.Urls)} where the coordinator is");
        var journal = directory.PathOf(KeptName.Journal);
        if (!File.Exists(journal))
        {
            // The others have what was in it.
            PoolDaemon.MakeJournal(_config.DataDirectory);
        }

        await using var follower = new LogFollower(
            etcd.Client, journal, time, _loggers.CreateLogger<LogFollower>());
        Begin(cancellationToken => files.FollowAsync(etcd.Client, cancellationToken));
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(stopping, _over.Token);
        for (; ; )
        {
            Coordinator coordinator;
            try
            {
                coordinator = await ElectAsync(etcd, membership.Host, server.Reached, leaving.Token);
            }
            catch (OperationCanceledException) when (_over.IsCancellationRequested && !stopping.IsCancellationRequested)
            {
                await EndUpkeepAsync();
                return null;
            }

            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(leaving.Token, coordinator.Lost);
                await follower.ReachAsync(coordinator.Head.Generation, either.Token);
                await EndUpkeepAsync();
                await files.TakeAsync(etcd.Client, either.Token);
                return coordinator;
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                await coordinator.DisposeAsync();
                throw new ServeException($"This host can't take over what its pool keeps beside the database: {e.Message}", e);
            }
            catch (Exception e) when (e is OperationCanceledException or EtcdException)
            {
                await coordinator.DisposeAsync();
                stopping.ThrowIfCancellationRequested();
                await EndUpkeepAsync();
                if (_over.IsCancellationRequested)
                {
                    return null;
                }

                Begin(cancellationToken => files.FollowAsync(etcd.Client, cancellationToken));
            }
        }
    }

    // Nobody waits for its hypervisor: a host without one is a member all the same.
    private HostAgent BeginAgent()
    {
        try
        {
            return HostAgent.Begin(PoolServer.PoolOf(_config, _loggers), time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Compute.HypervisorException)
        {
            throw new ServeException(e.Message, e);
        }
    }

    // What this start is to go on without, the others have.
    private SharedFiles OpenShared(DataDirectory directory) => ServeException.Of(() =>
    {
        directory.SetAside();
        return SharedFiles.Open(directory.FullPath, _loggers);
    });

    private DataDirectory Hold() => ServeException.Of(() => DataDirectory.Open(_config.DataDirectory, _config.Without));

    /// <summary>Stands for the election until it is won, whatever the others do meanwhile.</summary>
    private async Task<Coordinator> ElectAsync(EtcdMember etcd, string host, Uri url, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            try
            {
                return await Coordinator.ElectAsync(etcd.Client, new(host, url.Authority), time, cancellationToken);
            }
            catch (EtcdException)
            {
                // The majority is away, etcd has only just been started, or it is another's turn.
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    private static async Task DropAsync(EtcdMember etcd, Coordinator? coordinator)
    {
        if (coordinator is not null)
        {
            await coordinator.DisposeAsync();
        }

        await etcd.DisposeAsync();
    }
}
