using System.Collections.Immutable;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.Server;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// A site: the real daemon over a pool in a directory of its own, and a client that talks to it as the command line does.
/// </summary>
internal sealed class BenchSite : IAsyncDisposable
{
    private const string Password = "bench";

    private readonly PoolServer _server;

    private BenchSite(string directory, PoolServer server, XenApiClient api) => (Directory, _server, Api) = (directory, server, api);

    /// <summary>Where everything of the site lies; short, because sockets of guests lie below it.</summary>
    public string Directory { get; }

    public XenApiClient Api { get; }

    /// <summary>Starts the daemon of a site.</summary>
    /// <param name="directory">Its directory.</param>
    /// <param name="hypervisor">The hypervisor; null for QEMU in a root of its own.</param>
    public static async Task<BenchSite> StartAsync(string directory, string? hypervisor)
    {
        System.IO.Directory.CreateDirectory(directory);
        var file = Path.Combine(directory, "password");
        await File.WriteAllTextAsync(file, Password + "\n");
        var server = await PoolServer.StartAsync(
            new ServeConfig
            {
                DataDirectory = Path.Combine(directory, "data"),
                ListenUrls = ["http://127.0.0.1:0"],
                RootPasswordFile = file,
                HypervisorUri = hypervisor,
            },
            TimeProvider.System,
            CancellationToken.None);
        var api = new XenApiClient(new Uri(server.Urls[0]));
        await api.LoginAsync("root", Password);
        return new(directory, server, api);
    }

    public Task<T> CallAsync<T>(string message, params object?[] arguments) => Api.CallAsync<T>(message, arguments);

    public Task CallAsync(string message, params object?[] arguments) => Api.CallAsync(message, arguments);

    /// <summary>Attaches storage for a recovery.</summary>
    public Task AttachAsync(string location, string sr) =>
        CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", "file", ImmutableSortedDictionary<string, string>.Empty.Add("location", location), ImmutableList.Create(sr));

    /// <summary>Plans as the command line does.</summary>
    public async Task<PlannedRecovery> PlanAsync(RecoveryRequest request)
    {
        var planned = RecoveryJson.Read<PlannedRecovery>(await CallAsync<string>("recovery.plan", request.ToJson()));
        return planned.Plan.IsBlocked ? throw new InvalidOperationException(planned.Plan.ToText()) : planned;
    }

    /// <summary>Starts a run as it was planned.</summary>
    public Task<string> StartAsync(RecoveryRequest request, PlannedRecovery planned) =>
        CallAsync<string>(
            request.Policy.Kind == RecoveryKind.Test ? "recovery.start_test" : "recovery.start", request.ToJson(), planned.Digest);

    /// <summary>Follows a run as the command line does, until it is over or waits for somebody.</summary>
    public async Task<RunRecord> FollowAsync(string uuid, long afterRevision = 0)
    {
        while (true)
        {
            var run = RunRecord.FromJson(await CallAsync<string>("recovery.wait_run", uuid, afterRevision, 20.0));
            if (run.Phase.IsFinal() || run.Phase is RunPhase.Interrupted or RunPhase.Waiting)
            {
                return run;
            }

            afterRevision = run.Revision;
        }
    }

    /// <summary>Plans, starts and follows a run that must succeed.</summary>
    public async Task<RunRecord> RunAsync(RecoveryRequest request)
    {
        var run = await FollowAsync(await StartAsync(request, await PlanAsync(request)));
        return run.Phase == RunPhase.Succeeded ? run : throw new InvalidOperationException($"The run ended as {run.Phase}: {run.Failure}");
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await _server.DisposeAsync();
    }
}
