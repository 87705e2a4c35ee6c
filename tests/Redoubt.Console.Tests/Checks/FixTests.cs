using Microsoft.Playwright;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests.Checks;

/// <summary>
/// What the wizard's buttons do about findings: the finding goes, the run applies what was asked for, and takes it back when it is undone.
/// </summary>
public sealed class FixTests(Browser browser) : IAsyncLifetime
{
    private readonly TwoPools _pools = new(browser);
    private readonly Dictionary<string, Ref<VmRecord>> _vms = [];
    private readonly Dictionary<string, Ref<SrRecord>> _srs = [];
    private IPage _page = null!;
    private string _mirror = "";

    private TestSite Lyon => _pools.Lyon;

    private TestSite Paris => _pools.Paris;

    public async ValueTask InitializeAsync()
    {
        await _pools.StartAsync();
        foreach (var sr in new[] { "replicated", "detached", "missing", "lost" })
        {
            _srs[sr] = await Lyon.CreateSrAsync(sr);
        }

        var shop = await Lyon.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop" }]);
        _vms["web"] = await Lyon.CreateVmAsync("web", _srs["replicated"], shop);
        _vms["app"] = await Lyon.CreateVmAsync("app", _srs["replicated"], shop);
        foreach (var (vm, sr) in new[] { ("db", "replicated"), ("lame", "replicated"), ("newer", "replicated"), ("twin", "replicated"), ("elder", "replicated"), ("on-detached", "detached"), ("on-missing", "missing"), ("on-lost", "lost") })
        {
            _vms[vm] = await Lyon.CreateVmAsync(vm, _srs[sr]);
        }

        await TwoPools.ForgeAsync(Lyon, tx => tx.Update(_vms["elder"], v => v with { Version = 1 }));
        await TwoPools.ConnectAsync(Lyon, _vms["db"], await TwoPools.NetworkAsync(Lyon, "front"));
        await Lyon.CallAsync("VM.start", [_vms["db"], false, false]);
        await Lyon.CallAsync("SR.enable_database_replication", [_srs["replicated"]]);
        _mirror = await TwoPools.MirrorAsync(Lyon, _srs["replicated"], Paris, await TwoPools.DiskOfAsync(Lyon, _vms["lame"]));
        var here = new[] { "newer", "twin", "elder" }.ToDictionary(n => n, n => Here(n, n == "newer" ? 5 : 0));
        await TwoPools.ForgeAsync(Paris, tx =>
        {
            foreach (var (name, vm) in here)
            {
                _vms[name + " here"] = tx.Create(vm);
            }
        });
        await Paris.CallAsync("VM.start", [_vms["twin here"], false, false]);
        await Paris.CallAsync("VM.start", [_vms["elder here"], false, false]);
        await _pools.AddLyonAsync();
        _page = await Paris.SignInAsync();
    }

    public ValueTask DisposeAsync() => _pools.DisposeAsync();

    [Fact]
    public async Task What_is_resolved_in_the_browser_is_done_by_the_run_and_undone_with_it()
    {
        await StorageVAppAndCopyAsync();
        await ShutDownHereAsync();
        await ResolveAllAsync();
    }

    // Storage that a plan probes is attached in the wizard; the whole vApp is chosen, and the copy that is not the newest.
    private async Task StorageVAppAndCopyAsync()
    {
        var probe = SickPools.Probe(_mirror);
        await TwoPools.SavePlanAsync(Paris, "half", Failover(null, "web", "newer") with { Probes = [probe] });
        Assert.Equal("Select vApps and VMs", await TwoPools.OpenPlanAsync(_page, "half", "failover"));
        await Row("storage-not-attached").GetByRole(AriaRole.Button).ClickAsync();
        await Expect(_page.GetByLabel("Device configuration")).ToHaveValueAsync($"location={_mirror}");
        await _page.Button("Find").ClickAsync();
        await _page.Button("Attach for looking").ClickAsync();
        await Expect(_page.GetByText("Intact", new() { Exact = true })).ToBeVisibleAsync();
        Assert.Equal("Pre-checks", await TwoPools.NextUntilAsync(_page, "Pre-checks"));
        await Expect(Row("storage-not-attached")).ToHaveCountAsync(0);
        await Row("appliance-incomplete").GetByRole(AriaRole.Button).ClickAsync();
        await _page.GetByRole(AriaRole.Checkbox, new() { Name = "shop" }).CheckAsync();
        await TakeOtherAsync("newer");
        await _page.GetByRole(AriaRole.Checkbox, new() { Name = "newer" }).CheckAsync();
        Assert.Equal("Review", await TwoPools.NextUntilAsync(_page, "Review"));
        var run = await StartAsync();
        Assert.True(run.Phase == RunPhase.Succeeded, run.ToJson());
        Assert.Single((await FindAsync(Paris, "newer"))!.Vbds);
        Assert.NotNull(await FindAsync(Paris, "web"));
        Assert.NotNull(await FindAsync(Paris, "app"));
    }

    // The run comes no further than to storage that is gone, so that what it shut down can be started again.
    private async Task ShutDownHereAsync()
    {
        var location = await TwoPools.LocationAsync(Lyon, _srs["lost"]);
        await TwoPools.SavePlanAsync(Paris, "twin", Failover("replicated", "twin", "on-lost"));
        Assert.Equal("Pre-checks", await TwoPools.OpenPlanAsync(_page, "twin", "failover"));
        await Row("copy-undecidable").GetByRole(AriaRole.Button).ClickAsync();
        await _page.GetByLabel("Find by name, vApp or tag").FillAsync("twin");
        await TakeOtherAsync("twin");
        Assert.Equal("Pre-checks", await TwoPools.NextUntilAsync(_page, "Pre-checks"));
        await ResolveAsync("vm-running-here");
        await ResolveAsync("sr-missing");
        Assert.Equal("Review", await TwoPools.NextUntilAsync(_page, "Review"));
        Directory.Move(location, location + ".away");
        var run = await StartAsync();
        Assert.True(run.Phase is RunPhase.Interrupted or RunPhase.Failed, run.ToJson());
        Assert.Equal(VmPowerState.Halted, (await FindAsync(Paris, "twin"))!.PowerState);
        var undone = await UndoAsync(run);
        Assert.True(undone.Phase == RunPhase.Undone, undone.ToJson());
        Assert.Equal(VmPowerState.Running, (await FindAsync(Paris, "twin"))!.PowerState);
        Directory.Move(location + ".away", location);
    }

    // Everything else at once; a script that isn't there has the run fail when all is done.
    private async Task ResolveAllAsync()
    {
        var detached = await TwoPools.AttachAsync(
            Paris, await TwoPools.MirrorAsync(Lyon, _srs["detached"], Paris), Uuid(Lyon, _srs["detached"]));
        var pbd = (await TwoPools.GetAsync(Paris, detached)).Pbds[0];
        await Paris.CallAsync("PBD.unplug", [pbd]);
        var request = Failover("replicated", "db", "lame", "elder", "on-detached", "on-missing");
        await TwoPools.SavePlanAsync(
            Paris, "mend", request with { Policy = request.Policy with { Hooks = [new("not-there", HookMoment.AfterRun, null)] } });
        Assert.Equal("Pre-checks", await TwoPools.OpenPlanAsync(_page, "mend", "failover"));

        // One is resolved, and not after all.
        await ResolveAsync("network-unmapped");
        await Row("network-unmapped").GetByRole(AriaRole.Button).ClickAsync();
        await Expect(Row("network-unmapped")).ToContainTextAsync("Blocks");

        // Resolving all leaves out what takes more than a press: to go without a disk.
        await _page.Button("Resolve all").ClickAsync();
        foreach (var code in new[] { "network-unmapped", "sr-detached", "sr-missing", "vm-alive-at-source", "vm-running-here" })
        {
            await Expect(Row(code)).ToContainTextAsync("Will be resolved by the run, and undone with it");
            await Expect(Row(code)).Not.ToContainTextAsync("Blocks");
        }

        await Expect(Row("disk-missing")).ToContainTextAsync("Blocks");
        await Row("disk-missing").GetByRole(AriaRole.Button, new() { Name = "Go without it" }).ClickAsync();
        await Expect(Row("disk-missing")).ToHaveCountAsync(0);
        await _page.Button("Check again").ClickAsync();
        await Expect(_page.GetByText("Nothing stands in the way")).ToBeVisibleAsync();
        await Expect(_page.Button("Resolve all")).ToHaveCountAsync(0);
        Assert.Equal("Review", await TwoPools.NextUntilAsync(_page, "Review"));
        await Expect(_page.GetByText("Make an internal network front in the target pool")).ToBeVisibleAsync();
        var run = await StartAsync();
        Assert.True(run.Phase == RunPhase.Partial, run.ToJson());
        Assert.Equal(
            [FixKind.PlugPbd, FixKind.ShutDownHere, FixKind.CreateNetwork],
            run.Steps.Where(s => s.Phase == StepPhase.Done).Select(s => s.Step).OfType<ApplyFix>().Select(f => f.Fix).Order());
        Assert.Contains((await Paris.AllAsync<NetworkRecord>()).Values, n => n.NameLabel == "front");
        Assert.True((await TwoPools.GetAsync(Paris, pbd)).CurrentlyAttached);
        Assert.Contains((await Paris.AllAsync<SrRecord>()).Values, s => s.Uuid == Uuid(Lyon, _srs["missing"]));
        Assert.Equal(VmPowerState.Halted, (await FindAsync(Lyon, "db"))!.PowerState);
        Assert.Empty((await FindAsync(Paris, "lame"))!.Vbds);
        Assert.Single((await FindAsync(Paris, "elder"))!.Vbds);

        var undone = await UndoAsync(run);
        Assert.True(undone.Phase == RunPhase.Undone, undone.ToJson());
        Assert.DoesNotContain((await Paris.AllAsync<NetworkRecord>()).Values, n => n.NameLabel == "front");

        // Storage that was attached for a recovery only is let go, and with it the PBD that the run had plugged.
        Assert.DoesNotContain((await Paris.AllAsync<SrRecord>()).Values, s => s.NameLabel is "missing" or "detached");
        Assert.Equal(VmPowerState.Running, (await FindAsync(Lyon, "db"))!.PowerState);
        Assert.Null(await FindAsync(Paris, "lame"));
    }

    private ILocator Row(string code) => _page.Locator($".findings li[data-code='{code}']");

    private async Task TakeOtherAsync(string vm)
    {
        var copies = _page.GetByLabel($"Taken from, for {vm}");
        await copies.SelectOptionAsync(new[] { (await copies.Locator("option", new() { HasText = "lyon" }).GetAttributeAsync("value"))! });
        await Expect(_page.GetByText("Why: the operator chose this copy")).ToBeVisibleAsync();
    }

    private async Task ResolveAsync(string code)
    {
        await Expect(Row(code)).ToContainTextAsync("Blocks");
        await Row(code).GetByRole(AriaRole.Button, new() { Name = "Resolve" }).ClickAsync();
        await Expect(Row(code)).ToContainTextAsync("Will be resolved by the run, and undone with it");
    }

    // From the review to the run's end, or to where it waits for somebody.
    private async Task<RunRecord> StartAsync()
    {
        await Expect(_page.Button("Fail over")).ToHaveAttributeAsync("aria-disabled", "true");
        await _page.GetByLabel("To go on, type the name of the pool").FillAsync("paris");
        await _page.Button("Fail over").ClickAsync();
        await _page.WaitForURLAsync("**/runs/*", new() { Timeout = 60_000 });
        return await EndAsync(_page.Url[(_page.Url.LastIndexOf('/') + 1)..]);
    }

    private async Task<RunRecord> UndoAsync(RunRecord run)
    {
        await Paris.CallAsync("recovery.undo", [run.Uuid]);
        return await EndAsync(run.Uuid);
    }

    private async Task<RunRecord> EndAsync(string uuid)
    {
        var run = RunRecord.FromJson(await Paris.CallAsync<string>("recovery.get_run", [uuid]));
        while (run.Phase is RunPhase.Running or RunPhase.Cancelling or RunPhase.Undoing)
        {
            run = RunRecord.FromJson(await Paris.CallAsync<string>("recovery.wait_run", [uuid, run.Revision, 20.0]));
        }

        return run;
    }

    private RecoveryRequest Failover(string? sr, params string[] vms) => new()
    {
        SrUuids = sr is null ? [] : [Uuid(Lyon, _srs[sr])],
        Policy = new() { Kind = RecoveryKind.Failover, PowerState = PowerStateAfter.Halted, Chosen = new() { Vms = [.. vms] } },
    };

    private VmRecord Here(string name, long version) => new()
    {
        Uuid = Lyon.Server.Daemon.Services.Database.State.Get(_vms[name]).Uuid,
        NameLabel = name,
        Version = version,
        MemoryStaticMax = 64 << 20,
        MemoryDynamicMax = 64 << 20,
        MemoryDynamicMin = 64 << 20,
        MemoryStaticMin = 64 << 20,
        VcpusMax = 1,
        VcpusAtStartup = 1,
        HvmBootPolicy = "BIOS order",
    };

    private static string Uuid(TestSite site, Ref<SrRecord> sr) => site.Server.Daemon.Services.Database.State.Get(sr).Uuid;

    private static async Task<VmRecord?> FindAsync(TestSite site, string name) =>
        (await site.AllAsync<VmRecord>()).Values.SingleOrDefault(v => v.NameLabel == name && !v.IsATemplate);
}
