using System.Collections.Concurrent;
using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// Daemons on this machine that become the hosts of one pool: each has a name, a directory and an address of its own. They and their guests
/// end with it.
/// </summary>
internal sealed class PoolOfHosts : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ServeRun> _runs = [];

    public PoolOfHosts() => File.WriteAllText(PasswordFile, $"root\n{Password}\n");

    /// <summary>Short, because sockets of guests lie below it.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("rd-").FullName;

    /// <summary>Root's password, at each of them.</summary>
    public string Password { get; set; } = "a password for root";

    /// <summary>A file with root's name and the password that is root's at first.</summary>
    public string PasswordFile => Path.Combine(Root, "password");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The last run of a host's daemon.</summary>
    public ServeRun this[string host] => _runs[host];

    public string PathOf(string host) => Path.Combine(Root, host);

    /// <summary>Starts a daemon in a new directory, as a pool of one host.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="hypervisor">What it is to run guests on; null for QEMU within itself.</param>
    public async Task StartAsync(string host, string? hypervisor = null)
    {
        await RunAsync(host, hypervisor, hasBooted: false);

        // By its name it is told from the others: all have been given this machine's.
        await using var api = await LogInAsync(host);
        await api.CallAsync("host.set_name_label", [await CoordinatorAsync(api), host], Stop);
    }

    /// <summary>Starts a host's daemon once more.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="isElsewhere">At another address than it had. A machine keeps its own, whose certificate is known.</param>
    /// <param name="hasBooted">After the machine has booted once more.</param>
    public async Task StartAgainAsync(string host, bool isElsewhere = false, bool hasBooted = false)
    {
        var before = _runs[host];
        await before.DisposeAsync();
        await RunAsync(host, before.Hypervisor, hasBooted, isElsewhere ? [] : ["--listen", before.Url!.GetLeftPart(UriPartial.Authority)]);
    }

    /// <summary>Has a host join the pool that another coordinates, and waits until it is a member.</summary>
    public async Task JoinAsync(string host, string coordinator)
    {
        await using (var api = await LogInAsync(host))
        {
            await api.CallAsync("pool.join", [_runs[coordinator].Url!.Authority, "root", Password], Stop);
        }

        await UntilMemberAsync(host, coordinator);
    }

    /// <summary>Kills a host's daemon. Its guests run on.</summary>
    public Task KillAsync(string host) => _runs[host].KillAsync();

    /// <summary>The machine loses its power.</summary>
    public async Task LoseAsync(string host)
    {
        await KillAsync(host);
        await GuestProcesses.KillAsync(PathOf(host) + "/");
    }

    public Task<XenApiClient> LogInAsync(string host) => PoolDirectory.LogInAsync(_runs[host], Password);

    /// <summary>Waits until a host answers logins with an error; with none if it is empty.</summary>
    public Task UntilLoginAsync(string host, string code, string what) =>
        Patience.UntilAsync(async () => await CodeAsync(host) == code, what);

    /// <summary>Waits until a host sends on to another.</summary>
    public Task UntilMemberAsync(string host, string coordinator) => Patience.UntilAsync(
        async () => await LoginAnswer.OfAsync(_runs[host].Url!, Password) is { Code: "HOST_IS_SLAVE" } refused
            && refused.Parameters[0] == _runs[coordinator].Url!.Authority,
        $"{host} is a member of {coordinator}'s pool");

    /// <summary>Waits until one of some hosts lets in; gives its name.</summary>
    public async Task<string> UntilCoordinatorAsync(params IReadOnlyList<string> hosts)
    {
        var found = "";
        await Patience.UntilAsync(
            async () =>
            {
                foreach (var host in hosts)
                {
                    found = await CodeAsync(host) == "" ? host : found;
                }

                return found.Length > 0;
            },
            "a host coordinates");
        return found;
    }

    /// <summary>Waits until a host is shown as up, or as lost.</summary>
    public static Task UntilLiveAsync(XenApiClient api, string host, bool isLive) => Patience.UntilAsync(
        async () =>
        {
            var record = (await api.GetAllRecordsAsync<HostRecord>(Stop)).Values.Single(h => h.NameLabel == host);
            return await api.CallAsync<bool>("host_metrics.get_live", [record.Metrics], Stop) == isLive;
        },
        $"{host} is shown as {(isLive ? "up" : "lost")}");

    /// <summary>Waits until so many SRs are attached, at all hosts together.</summary>
    public static Task UntilAttachedAsync(XenApiClient api, int count) => Patience.UntilAsync(
        async () => (await api.GetAllRecordsAsync<PbdRecord>(Stop)).Values.Count(p => p.CurrentlyAttached) == count,
        "the SRs are attached at all hosts");

    public static async Task<Ref<HostRecord>> HostAsync(XenApiClient api, string host) =>
        (await api.GetAllRecordsAsync<HostRecord>(Stop)).Single(h => h.Value.NameLabel == host).Key;

    /// <summary>Makes an SR that all hosts have.</summary>
    public async Task<Ref<SrRecord>> CreateSrAsync(XenApiClient api, string name)
    {
        var none = ImmutableSortedDictionary<string, string>.Empty;
        var location = Directory.CreateDirectory(Path.Combine(Root, "storage", name)).FullName;
        return await api.CallAsync<Ref<SrRecord>>(
            "SR.create", [await CoordinatorAsync(api), none.Add("location", location), 0L, name, "", "file", "", true, none], Stop);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var run in _runs.Values)
        {
            await run.DisposeAsync();
        }

        await GuestProcesses.KillAsync(Root + "/");
        Directory.Delete(Root, recursive: true);
    }

    private static async Task<Ref<HostRecord>> CoordinatorAsync(XenApiClient api) =>
        (await api.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().Master;

    private async Task<string?> CodeAsync(string host) => (await LoginAnswer.OfAsync(_runs[host].Url!, Password))?.Code;

    private async Task RunAsync(string host, string? hypervisor, bool hasBooted, params string[] options)
    {
        var prefix = Array.Empty<string>();
        if (hasBooted)
        {
            // To this daemon alone the kernel tells of another boot.
            var boot = Path.Combine(Root, $"{host}-boot");
            await File.WriteAllTextAsync(boot, $"{Guid.NewGuid()}\n");
            prefix = ["unshare", "--mount", "sh", "-c", $"mount --bind {boot} /proc/sys/kernel/random/boot_id && exec \"$@\"", "sh"];
        }

        if (hypervisor is null)
        {
            HypervisorCache.Share(Path.Combine(PathOf(host), "hypervisor"));
        }

        var run = await ServeRun.StartWithinAsync(
            prefix, hypervisor, PathOf(host),
            ["--root-password-file", PasswordFile, "--name-label", host, "--member-port", "0", .. options]);
        _runs[host] = run;
        Assert.True(run.Url is not null, run.Error);
    }
}
