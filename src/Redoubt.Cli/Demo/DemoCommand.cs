using System.Diagnostics;
using Redoubt.Agreement;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Demo;

/// <summary>
/// <c>redoubt demo</c>: two sites on this machine, a test, a disaster at one, the same guests back at the other, and the way home.
/// </summary>
internal sealed class DemoCommand
{
    /// <summary>The networks that both sites have.</summary>
    public static readonly string[] Networks = ["front", "back"];

    /// <summary>What the demo writes about a VM while it runs.</summary>
    public const string ChangedDescription = "changed minutes before the disaster";

    private const string ChangedAwayDescription = "changed while it was away";

    private static readonly TimeSpan BootLimit = TimeSpan.FromMinutes(2);

    private readonly DemoGuest[] _guests =
    [
        new("db", 0, 2, true), new("app", 1, 1, true), new("web", 2, 0, true), new("mail", 0, 0, false),
    ];

    private readonly DemoOptions _options;
    private readonly DemoStory _story;
    private readonly Dictionary<string, TimeSpan> _upAfter = [];

    private DemoCommand(DemoOptions options, DemoStory story) => (_options, _story) = (options, story);

    /// <summary>Runs the demo.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        var options = DemoOptions.Parse(words);
        if (options.Hosts > 1 && await EtcdProgram.FindVersionAsync(TimeProvider.System, cancellationToken) is null)
        {
            throw new UsageException(
                $"With --hosts {options.Hosts} the hosts of a pool agree through etcd, which is not installed here. script/prepare "
                    + "installs it (Debian's etcd-server); without --hosts the demo needs none. Nothing was started.");
        }

        var demo = new DemoCommand(options, new DemoStory(terminal));
        var left = false;
        DemoSite? primary = null;
        DemoSite? recovery = null;
        try
        {
            demo._story.Act($"Two sites on this machine{(options.Hosts > 1 ? $", each a pool of {options.Hosts} hosts" : "")}");
            primary = await demo._story.DoAsync("Primary site is up", () => demo.StartAsync("primary", cancellationToken));
            await demo.JoinAsync(primary, cancellationToken);
            recovery = await demo._story.DoAsync("Recovery site is up", () => demo.StartAsync("recovery", cancellationToken));
            await demo.JoinAsync(recovery, cancellationToken);
            var recovered = await demo.PlayAsync(primary, recovery, cancellationToken);
            await primary.DisposeAsync();
            primary = null;
            demo._story.Act("The primary site is mended");
            primary = await demo._story.DoAsync(
                options.Hosts > 1 ? "Its daemons run again, and agree" : "Its daemon runs again",
                () => demo.StartAsync("primary", cancellationToken));
            if (primary.IsOfSeveral)
            {
                var pool = new DemoPool(primary, demo._story);
                await pool.WholeAsync(cancellationToken);
                await pool.HaltedAsync(cancellationToken);
                demo._story.Say($"{primary.Coordinator.Name} coordinates.");
            }

            recovered &= await demo.ComeHomeAsync(primary, recovery, cancellationToken);
            demo._story.Say($"The whole demo took {demo._story.Elapsed.TotalSeconds:0} s.");
            if (options.Keep)
            {
                demo._story.Act("Both sites stay up");
                demo.SayHowToGoOn(primary, recovery);
                primary.LetGo();
                recovery.LetGo();
                left = true;
            }

            return recovered ? ExitCode.Success : ExitCode.Failure;
        }
        finally
        {
            if (!left)
            {
                foreach (var site in new[] { primary, recovery }.OfType<DemoSite>())
                {
                    await site.DisposeAsync();
                }

                if (Directory.Exists(options.Directory))
                {
                    Directory.Delete(options.Directory, recursive: true);
                }
            }
        }
    }

    private Task<DemoSite> StartAsync(string name, CancellationToken cancellationToken) =>
        DemoSite.StartAsync(
            name, Path.Combine(_options.Directory, name), Environment.ProcessPath!, cancellationToken, hosts: _options.Hosts);

    private Task JoinAsync(DemoSite site, CancellationToken cancellationToken) =>
        site.IsOfSeveral ? new DemoPool(site, _story).JoinAsync(cancellationToken) : Task.CompletedTask;

    private async Task<bool> PlayAsync(DemoSite primary, DemoSite recovery, CancellationToken cancellationToken)
    {
        _story.Act("Production: a vApp of three VMs and a VM on its own");
        var production = new DemoPrimary(primary, _options, _story);
        await production.BuildAsync(_guests, cancellationToken);
        if (primary.IsOfSeveral)
        {
            await new DemoPool(primary, _story).WholeAsync(cancellationToken);
        }

        _story.Act("Protection: the pool's metadata goes onto the storage that is replicated");
        await _story.DoAsync(
            "Database replication enabled: written, flushed and read back",
            () => primary.Api.Sr.EnableDatabaseReplicationAsync(production.Sr, cancellationToken));
        await new DemoCommandLine(primary, _story).RunAsync(
            ["dr-plan-save", "name=everything", $"sr-uuid={await primary.Api.Sr.GetUuidAsync(production.Sr, cancellationToken)}"],
            cancellationToken);

        _story.Act("The guests run; each counts on its own disk, and says only what is safely there");
        await StartGuestsAsync(primary, cancellationToken);
        await production.ChangeAsync(_guests[1], cancellationToken);
        _story.Say($"Changed \"{_guests[1].Name}\" while it runs: less memory, another description");
        await _story.DoAsync("They have each counted on by 10", () => CountOnAsync(primary, 10, cancellationToken));

        var atRecovery = new DemoCommandLine(recovery, _story);
        var sr = await primary.Api.Sr.GetUuidAsync(production.Sr, cancellationToken);
        await TestAsync(primary, recovery, atRecovery, sr, cancellationToken);
        var good = true;
        if (primary.IsOfSeveral)
        {
            _story.Act("A host is lost: the daemon of the coordinator ends (SIGKILL), while the guests count");
            good = await new DemoPool(primary, _story).LoseCoordinatorAsync(
                _guests[^1], () => [.. _guests.Select(g => g.Read(primary))], () => CountOnAsync(primary, 10, cancellationToken),
                cancellationToken);
        }

        _story.Act($"Disaster: the primary site loses power ({(primary.IsOfSeveral ? "all daemons" : "daemon")} and guests, SIGKILL)");
        await primary.KillAsync();
        var before = Counts(primary);
        _story.Say($"Last counts on the consoles: {string.Join(", ", before.Select(b => $"{b.Key} {b.Value}"))}");
        await _story.DoAsync(
            "The array's mirror of the SR at the recovery site", () => MirrorAsync(primary.Storage, recovery.Storage, cancellationToken));

        _story.Act("Failover, from nothing but that mirror");
        await atRecovery.RunAsync(Attach(recovery, sr), cancellationToken);
        var tookOver = await CountingAsync(
            recovery, before, () => atRecovery.RunAsync(["dr-failover", "plan=everything", "source-dead=true", "--yes"], cancellationToken),
            cancellationToken);

        _story.Act("What came back");
        good &= await ShowAsync(recovery, before, 1, cancellationToken);
        _story.Say($"From the command to the last guest counting: {tookOver.TotalSeconds:0.0} s.");
        return good;
    }

    // The copies run beside the originals, which don't notice.
    private async Task TestAsync(
        DemoSite primary, DemoSite recovery, DemoCommandLine atRecovery, string sr, CancellationToken cancellationToken)
    {
        _story.Act("A test failover, while production runs");
        foreach (var name in Networks)
        {
            await recovery.Api.Network.CreateAsync(new NetworkRecord { NameLabel = name }, cancellationToken);
        }

        await _story.DoAsync(
            "A snapshot of the SR by the array, at the recovery site", () => SnapshotAsync(primary, recovery, cancellationToken));
        var task = await atRecovery.RunAsync(Attach(recovery, sr), cancellationToken);
        var before = Counts(primary);
        await atRecovery.RunAsync(["dr-test", "plan=everything"], cancellationToken);
        var after = Counts(primary);
        _story.Say(
            "Meanwhile the originals counted on: "
                + $"{string.Join(", ", _guests.Select(g => $"{g.Name} {before[g.Name]} to {after[g.Name]}"))}");
        var left = (await recovery.Api.GetAllRecordsAsync<VmRecord>(cancellationToken)).Values.Count(v => v is { IsControlDomain: false, IsATemplate: false });
        _story.Say($"VMs left of the test: {left}");
        await atRecovery.RunAsync(["drtask-destroy", $"uuid={task}"], cancellationToken);
    }

    private async Task<bool> ComeHomeAsync(DemoSite home, DemoSite recovery, CancellationToken cancellationToken)
    {
        var sr = (await recovery.Api.GetAllRecordsAsync<SrRecord>(cancellationToken)).Values
            .Single(s => s.NameLabel == DemoPrimary.SrName).Uuid;
        var mail = await recovery.Api.Vm.GetByUuidAsync(_guests[^1].Uuid, cancellationToken);
        await recovery.Api.Vm.SetNameDescriptionAsync(mail, ChangedAwayDescription, cancellationToken);
        _story.Say($"Changed \"{_guests[^1].Name}\" at the recovery site: another description");

        _story.Act("The way home: the array replicates back, and the primary site lets its old copy go");
        var atHome = new DemoCommandLine(home, _story);
        foreach (var pbd in (await home.Api.GetAllRecordsAsync<PbdRecord>(cancellationToken)).Values.Where(
            p => p.DeviceConfig.ContainsValue(home.Storage)))
        {
            await atHome.RunAsync(["pbd-unplug", $"uuid={pbd.Uuid}"], cancellationToken);
        }

        await atHome.RunAsync(["sr-forget", $"uuid={sr}"], cancellationToken);
        await _story.DoAsync(
            "The array's mirror of the recovery site's SR", () => MirrorAsync(recovery.Storage, home.Storage, cancellationToken));
        await atHome.RunAsync(Attach(home, sr), cancellationToken);
        var password = Path.Combine(home.Directory, "site-password");
        await File.WriteAllTextAsync(
            password, (await File.ReadAllLinesAsync(recovery.PasswordFile, cancellationToken))[1] + "\n", cancellationToken);
        await atHome.RunAsync(
            ["dr-site-add", "name=recovery", $"address={recovery.Api.Server}", $"password-file={password}"], cancellationToken);
        var run = await atHome.RunAsync(["dr-failback", "source=recovery", $"sr-uuid={sr}", "--yes"], ExitCode.Waiting, cancellationToken);
        var last = Counts(recovery);
        _story.Say($"Off at the recovery site, last counts: {string.Join(", ", last.Select(b => $"{b.Key} {b.Value}"))}");
        await _story.DoAsync("The array's mirror of that last state", () => MirrorAsync(recovery.Storage, home.Storage, cancellationToken));
        await CountingAsync(
            home, last, () => atHome.RunAsync(["dr-run-answer", $"uuid={run}", "answer=done"], cancellationToken), cancellationToken);

        _story.Act("What came home");
        var good = await ShowAsync(home, last, 2, cancellationToken);
        var changed = await home.Api.Vm.GetRecordAsync(
            await home.Api.Vm.GetByUuidAsync(_guests[^1].Uuid, cancellationToken), cancellationToken);
        _story.Say($"\"{changed.NameLabel}\" came home as it was changed there: \"{changed.NameDescription}\"");
        return good && changed.NameDescription == ChangedAwayDescription;
    }

    private static string[] Attach(DemoSite site, string sr) =>
        ["drtask-create", "type=file", $"device-config:location={site.Storage}", $"sr-whitelist={sr}"];

    private Dictionary<string, long> Counts(DemoSite site) => _guests.ToDictionary(g => g.Name, g => g.Read(site).LastCount ?? 0);

    // Runs a command, and waits until every guest counts on from where its data were. The time until the last one does.
    private async Task<TimeSpan> CountingAsync(
        DemoSite site, Dictionary<string, long> from, Func<Task> command, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        _upAfter.Clear();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        done.CancelAfter(BootLimit);

        // Lost data would have a guest count from less; it is waited for all the same, and told in the table.
        var before = _guests.ToDictionary(g => g.Name, g => g.Read(site));
        var counting = _guests.Select(
            g => WaitAsync(
                g, r => r != before[g.Name] && r.FirstCount is not null && r.ResumedFrom != before[g.Name].ResumedFrom, watch, site,
                done.Token)).ToList();
        await command();
        await Task.WhenAll(counting);
        return _upAfter.Values.Max();
    }

    // Copying files takes longer than the moment that an array's snapshot takes, so the guests hold still for it.
    private static async Task SnapshotAsync(DemoSite from, DemoSite to, CancellationToken cancellationToken)
    {
        var running = (await from.Api.GetAllRecordsAsync<VmRecord>(cancellationToken))
            .Where(v => v.Value is { PowerState: VmPowerState.Running, IsControlDomain: false }).Select(v => v.Key).ToList();
        foreach (var vm in running)
        {
            await from.Api.Vm.PauseAsync(vm, cancellationToken);
        }

        await MirrorAsync(from.Storage, to.Storage, cancellationToken);
        foreach (var vm in running)
        {
            await from.Api.Vm.UnpauseAsync(vm, cancellationToken);
        }
    }

    private async Task StartGuestsAsync(DemoSite site, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        _upAfter.Clear();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        done.CancelAfter(BootLimit);
        var counting = _guests.Select(g => WaitAsync(g, r => r.FirstCount is not null, watch, site, done.Token)).ToList();
        var vApps = await site.Api.GetAllRecordsAsync<VmApplianceRecord>(cancellationToken);
        var alone = await site.Api.Vm.GetByUuidAsync(_guests[^1].Uuid, cancellationToken);
        await _story.DoAsync("Started vApp \"shop\" in its order, and \"mail\"", () => Task.WhenAll(
            site.Api.RunTaskAsync("VM_appliance.start", [vApps.Keys.Single(), false], null, null, cancellationToken),
            site.Api.RunTaskAsync("VM.start", [alone, false, false], null, null, cancellationToken)));
        await _story.DoAsync("Every guest is up and counts", () => Task.WhenAll(counting));
        await SayWhereAsync(site, cancellationToken);
    }

    private Task SayWhereAsync(DemoSite site, CancellationToken cancellationToken) =>
        site.IsOfSeveral ? new DemoPool(site, _story).SayWhereAsync(cancellationToken) : Task.CompletedTask;

    private async Task WaitAsync(
        DemoGuest guest, Func<ConsoleReport, bool> isUp, Stopwatch watch, DemoSite site, CancellationToken cancellationToken)
    {
        await DemoWait.UntilAsync(() => isUp(guest.Read(site)), $"{guest.Name} to count", cancellationToken);
        lock (_upAfter)
        {
            _upAfter[guest.Name] = watch.Elapsed;
        }
    }

    private async Task CountOnAsync(DemoSite site, long more, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(BootLimit);
        var target = _guests.ToDictionary(g => g.Name, g => g.Read(site).LastCount + more);
        await DemoWait.UntilAsync(() => _guests.All(g => g.Read(site).LastCount >= target[g.Name]), "the guests to count on", limit.Token);
    }

    private async Task<bool> ShowAsync(DemoSite site, Dictionary<string, long> before, long version, CancellationToken cancellationToken)
    {
        var rows = new List<IReadOnlyList<string>> { new[] { "VM", "last count before", "found on disk", "first count after", "up after", "recovered" } };
        var good = true;
        foreach (var guest in _guests.OrderBy(g => _upAfter[g.Name]))
        {
            var report = guest.Read(site);
            var vm = await site.Api.Vm.GetRecordAsync(await site.Api.Vm.GetByUuidAsync(guest.Uuid, cancellationToken), cancellationToken);
            // The guest says a count only when it is on the disk, so finding less there means lost data.
            var kept = report.ResumedFrom >= before[guest.Name] && report.Name == guest.Name && vm.NameLabel == guest.Name
                && vm.Version == version;
            good &= kept && report.FirstCount > before[guest.Name];
            rows.Add([
                guest.Name, $"{before[guest.Name]}", $"{report.ResumedFrom}", $"{report.FirstCount}",
                $"{_upAfter[guest.Name].TotalSeconds:0.0} s",
                kept ? $"version {vm.Version}" : "DATA LOST"]);
        }

        _story.Table(rows);
        await SayWhereAsync(site, cancellationToken);
        var changed = await site.Api.Vm.GetRecordAsync(
            await site.Api.Vm.GetByUuidAsync(_guests[1].Uuid, cancellationToken), cancellationToken);
        good &= changed.NameDescription == ChangedDescription;
        _story.Say(
            $"\"{changed.NameLabel}\" came back as it was last: {changed.MemoryDynamicMax >> 20} MiB, \"{changed.NameDescription}\"");
        return good;
    }

    private void SayHowToGoOn(DemoSite primary, DemoSite recovery)
    {
        foreach (var site in new[] { primary, recovery })
        {
            _story.Say($"{site.Name}: ./redoubt -s {site.Api.Server} -pwf {site.PasswordFile} vm-list");
            _story.Say(
                $"{site.Name} in a browser: {site.Api.Server}console/ as root, with the password on the second "
                    + $"line of {site.PasswordFile}");
        }

        if (primary.IsOfSeveral)
        {
            SayOfHosts(primary, recovery);
        }

        _story.Say($"What a guest says: ./redoubt -s {primary.Api.Server} -pwf {primary.PasswordFile} console-log uuid={_guests[0].Uuid}");
        _story.Say($"Reports of what was done: ./redoubt -s {recovery.Api.Server} -pwf {recovery.PasswordFile} dr-run-list");
        _story.Say($"To end it all: pkill -9 -f {_options.Directory}; rm -r {_options.Directory}");
    }

    private void SayOfHosts(params IReadOnlyList<DemoSite> sites)
    {
        foreach (var site in sites)
        {
            _story.Say(
                $"Hosts of {site.Name}: {string.Join(", ", site.Hosts.Select(h => $"{h.Name} {h.Url}"))}. {site.Coordinator.Name} "
                    + "coordinates; each of them takes commands, and sends you on to the coordinator.");
        }

        var (last, home) = (sites[0].Hosts.First(h => h != sites[0].Coordinator), sites[0]);
        _story.Say(
            $"Lose another host: kill -9 {home.Coordinator.Process.Id}, then ask one that is left: ./redoubt -s {last.Url} -pwf "
                + $"{home.PasswordFile} host-list params=name-label,host-metrics-live");
        _story.Say($"Bring it back: {home.Coordinator.CommandLine}");
    }

    /// <summary>What a replicating array leaves at the other site: the same blocks, holes included.</summary>
    private static async Task MirrorAsync(string from, string to, CancellationToken cancellationToken)
    {
        using var copy = Process.Start(new ProcessStartInfo("cp") { ArgumentList = { "-a", "--sparse=always", from + "/.", to } })!;
        await copy.WaitForExitAsync(cancellationToken);
        if (copy.ExitCode != 0)
        {
            throw new IOException($"cp from {from} to {to} failed with exit code {copy.ExitCode}");
        }
    }
}
