using System.Collections.Immutable;
using System.Text;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Recovering;

/// <summary>
/// No VM runs twice where two sites share no storage: each asks the other before it starts a VM, and hands over what it has recovered.
/// </summary>
public sealed class KnownSiteTests
{
    [Fact]
    public async Task Rule13_a_pool_that_comes_back_asks_its_sites_before_it_starts_what_they_have_recovered()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (back, recovered) = (scene.Source, scene.Target);
        await RecoverAsync(scene);
        await back.CallAsync("recovery.add_site", "south", recovered.Url.ToString(), "root", TestPool.Password);
        var vm = await VmAsync(back);
        var there = await back.CallAsync("recovery.get_sites", false);
        var refused = await back.FailureAsync("VM.start", vm, false, false);
        Assert.Equal(["VM_RECOVERED_ELSEWHERE", vm], refused[..2]);
        Assert.Equal(RecoveryJson.Read<List<SiteTest>>(there.GetString()!)[0].Site.PoolUuid, refused[2]);

        // Of two copies of one version the one that runs decides.
        await SetAsync(recovered, v => v with { Version = 0, PowerState = VmPowerState.Running });
        foreach (var (message, rest) in new (string, object[])[] { ("VM.start", [false, false]), ("VM.start_on", [await HostAsync(back), false, false]) })
        {
            Assert.Equal(["VM_RUNS_ELSEWHERE", vm, "south"], (await back.FailureAsync(message, [vm, .. rest]))[..3]);
        }

        Assert.Equal("VM_RUNS_ELSEWHERE", (await back.FailureAsync("VM.assert_can_boot_here", vm, await HostAsync(back)))[0]);

        // Nor while it is only about to.
        await SetAsync(
            recovered,
            v => v with
            {
                PowerState = VmPowerState.Halted,
                CurrentOperations = v.CurrentOperations.Add("OpaqueRef:1", VmOperations.Resume),
            });
        Assert.Equal("VM_RUNS_ELSEWHERE", (await back.FailureAsync("VM.start", vm, false, false))[0]);
        await SetAsync(back, v => v with { PowerState = VmPowerState.Suspended });
        Assert.NotEqual("Running", (await back.CallAsync("VM.get_power_state", vm)).GetString());
        await SetAsync(back, v => v with { PowerState = VmPowerState.Halted });

        await SetAsync(recovered, v => v with { CurrentOperations = v.CurrentOperations.Clear() });
        await back.CallAsync("VM.start", vm, false, false);
    }

    [Fact]
    public async Task A_site_that_can_not_be_asked_is_a_refusal_that_an_operator_overrules_once_and_on_record()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (here, other) = (scene.Source, scene.Target);
        await here.CallAsync("recovery.add_site", "south", other.Url.ToString(), "root", TestPool.Password);
        var vm = await VmAsync(here);
        await other.StopAsync();
        var refused = await here.FailureAsync("VM.start", vm, false, false);
        Assert.Equal(["VM_MAY_RUN_ELSEWHERE", vm, "south"], refused[..3]);
        var sentence = ErrorSentences.Find(refused[0], refused[1..])!;
        Assert.Contains("site south", sentence, StringComparison.Ordinal);
        Assert.Contains("vm-start uuid=... site-dead=south", sentence, StringComparison.Ordinal);

        Assert.Equal("INVALID_VALUE", (await here.FailureAsync("VM.state_site_dead", vm, "south", " "))[0]);
        Assert.Equal(["DR_SITE_UNKNOWN", "west"], await here.FailureAsync("VM.state_site_dead", vm, "west", "burnt down"));
        await here.CallAsync("VM.state_site_dead", vm, "south", "burnt down");

        // Whoever only asks whether the VM could start neither starts it nor uses up what was stated for that.
        Assert.Equal(1, (await here.CallAsync("VM.get_possible_hosts", vm)).GetArrayLength());
        await here.CallAsync("VM.assert_can_boot_here", vm, await HostAsync(here));
        await here.CallAsync("VM.start", vm, false, false);
        var told = Assert.Single(
            here.Server.Daemon.Services.State.All<MessageRecord>(), m => m.Record.Name == "VM_STARTED_ON_STATEMENT").Record;
        Assert.Contains("root stated: burnt down", told.Body, StringComparison.Ordinal);
        Assert.Contains(await here.AuditAsync(), a => a.ToString().Contains("VM.state_site_dead", StringComparison.Ordinal));

        await here.CallAsync("VM.hard_shutdown", vm);
        Assert.Equal("VM_MAY_RUN_ELSEWHERE", (await here.FailureAsync("VM.start", vm, false, false))[0]);

        // What somebody saw then is not what is now.
        await here.CallAsync("VM.state_site_dead", vm, "south", "burnt down");
        here.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal("VM_MAY_RUN_ELSEWHERE", (await here.FailureAsync("VM.start", vm, false, false))[0]);

        // A site that is none any more is not asked.
        await here.CallAsync("recovery.remove_site", "south");
        await here.CallAsync("VM.start", vm, false, false);
        await other.StartAsync();
    }

    [Fact]
    public async Task A_vApp_starts_on_the_same_statement_however_long_its_tiers_take()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (here, other) = (scene.Source, scene.Target);
        await here.CallAsync("recovery.add_site", "south", other.Url.ToString(), "root", TestPool.Password);
        var appliance =
            (await here.CallAsync("VM_appliance.create", new Dictionary<string, object> { ["name_label"] = "shop" })).GetString()!;
        var (first, second) = (await VmAsync(here), (await here.CallAsync("VM.create", RecoveryScene.Vm("db"))).GetString()!);
        await here.CallAsync("VM.set_appliance", first, appliance);
        await here.CallAsync("VM.set_appliance", second, appliance);
        await here.CallAsync("VM.set_order", second, 1);
        await other.StopAsync();
        Assert.Equal("OPERATION_PARTIALLY_FAILED", (await here.FailureAsync("VM_appliance.start", appliance, false))[0]);
        Assert.Equal("INVALID_VALUE", (await here.FailureAsync("VM_appliance.state_site_dead", appliance, "south", ""))[0]);
        Assert.Equal(["DR_SITE_UNKNOWN", "west"], await here.FailureAsync("VM_appliance.state_site_dead", appliance, "west", "burnt down"));
        await here.CallAsync("VM_appliance.state_site_dead", appliance, "south", "burnt down");

        // The first VM's delay outlasts a statement: what was stated for the vApp holds until all of it has been started.
        await here.CallAsync("VM.set_start_delay", first, 2);
        var starting = (await here.CallAsync("Async.VM_appliance.start", appliance, false)).GetString()!;
        await Patience.UntilAsync(() => Messages(here, "VM_STARTED_ON_STATEMENT") == 1, "the first VM is started");
        here.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal("success", (await here.FinishedAsync(starting)).GetProperty("status").GetString());
        Assert.Equal(2, Messages(here, "VM_STARTED_ON_STATEMENT"));

        await here.CallAsync("VM_appliance.hard_shutdown", appliance);
        await here.FailureAsync("VM_appliance.start", appliance, false);
        Assert.Equal("Halted", (await here.CallAsync("VM.get_power_state", first)).GetString());
    }

    [Fact]
    public async Task Who_administers_VMs_takes_no_mark_of_a_hand_over_away_by_whatever_way()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var pool = scene.Source;
        var vm = await VmAsync(pool);
        var uuid = Get(pool).Uuid;
        var reason = HandOverMark.Reason("pool other", "run 1");
        await SetAsync(pool, v => v with { BlockedOperations = HandOverMark.Operations.ToImmutableSortedDictionary(o => o, _ => reason) });
        await pool.CreateUserAsync("ann", "vm-admin");
        var ann = await pool.LoginAsync("ann");
        var archive = await pool.Http.GetByteArrayAsync(
            new Uri(pool.Url, $"/export_metadata?session_id={pool.Session}&ref={vm}"), TestContext.Current.CancellationToken);

        // A file is its owner's to write, and so is the version in it.
        var asWritten = Encoding.Latin1.GetString(archive);
        var newer = asWritten.Replace(
            "<name>version</name><value>0</value>", "<name>version</name><value>9</value>", StringComparison.Ordinal);
        Assert.NotEqual(asWritten, newer);
        var blocked = new Dictionary<string, string>();
        (string Message, object?[] Arguments)[] ways =
        [
            ("VM.set_blocked_operations", [vm, blocked]),
            ("VM.remove_from_blocked_operations", [vm, "start"]),
            ("VM.set_other_config", [vm, blocked]),
            ("VM.add_to_other_config", [vm, "redoubt:handed-over", "no"]),
            ("VM.remove_from_other_config", [vm, "redoubt:handed-over"]),
            ("VM.take_back", [vm, "it is mine"]),
            ("VM.state_site_dead", [vm, "south", "it is mine"]),
            ("VM.snapshot", [vm, "before", Array.Empty<string>()]),
            ("VM.clone", [vm, "again"]),
        ];
        foreach (var (message, arguments) in ways)
        {
            await pool.AnswerAsync(message, [ann, .. arguments]);
            AssertKept(message);
        }

        foreach (var how in new[] { "restore=true", "restore=true&force=true", "force=true" })
        {
            using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(newer));
            await pool.Http.PutAsync(
                new Uri(pool.Url, $"/import_metadata?session_id={ann}&{how}"), content, TestContext.Current.CancellationToken);
            AssertKept(how);
        }

        var replaced = Assert.Single(pool.Server.Daemon.Services.State.All<VmRecord>(), v => v.Record.Uuid == uuid);
        Assert.True(replaced.Record.Version >= 9, "the file's version was taken");
        await pool.CallAsync("VM.take_back", replaced.Ref.Opaque, "the other copy is off");
        Assert.Null(HandOverMark.On(pool.Server.Daemon.Services.State.Get(replaced.Ref).BlockedOperations));

        void AssertKept(string way)
        {
            var kept = pool.Server.Daemon.Services.State.All<VmRecord>().Single(v => v.Record.Uuid == uuid).Record;
            Assert.True(HandOverMark.On(kept.BlockedOperations) == reason, $"{way} took the mark away");
        }
    }

    [Fact]
    public async Task A_source_that_answers_again_is_handed_over_and_what_runs_twice_is_an_alarm_at_both()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (source, here) = (scene.Source, scene.Target);
        await here.CallAsync("recovery.add_site", "north", source.Url.ToString(), "root", TestPool.Password);
        await source.StopAsync();
        await RecoverAsync(scene);
        Assert.Equal(1, Get(here).Version);
        await source.StartAsync();
        await here.CallAsync("recovery.remove_site", "north");
        await here.CallAsync("recovery.add_site", "north", source.Url.ToString(), "root", TestPool.Password);
        await Patience.UntilAsync(() => HandOverMark.On(Get(source).BlockedOperations) is not null, "the source has its copy blocked");
        await Patience.UntilAsync(() => Messages(here, "VM_HANDED_OVER") == 1, "the hand-over is told here");
        Assert.Equal("OPERATION_BLOCKED", (await source.FailureAsync("VM.start", await VmAsync(source), false, false))[0]);

        await SetAsync(source, v => v with { PowerState = VmPowerState.Running });
        await SetAsync(here, v => v with { PowerState = VmPowerState.Running });
        await Patience.UntilAsync(
            () => Messages(source, "VM_RUNS_TWICE") == 1 && Messages(here, "VM_RUNS_TWICE") == 1, "both say that the VM runs twice");
        var status = RecoveryJson.Read<DrStatus>((await here.CallAsync("recovery.get_status")).GetString()!);
        Assert.Contains(status.Problems, p => p.Contains("runs here and at site north", StringComparison.Ordinal));
        await SetAsync(source, v => v with { PowerState = VmPowerState.Halted });
        await Patience.UntilAsync(() => !here.Server.Recovery.SiteProblems.Any(), "it does not run twice any more");
    }

    private static async Task<string> RecoverAsync(RecoveryScene scene)
    {
        var planned = await scene.PlanAsync(scene.Failover());
        Assert.False(planned.Plan.IsBlocked, planned.Plan.ToText());
        var run = (await scene.Target.CallAsync("recovery.start", planned.Request.ToJson(), planned.Digest)).GetString()!;
        var ended = await scene.EndedAsync(run);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        return run;
    }

    private static async Task<string> VmAsync(TestPool pool) => (await pool.CallAsync("VM.get_by_name_label", "web"))[0].GetString()!;

    private static async Task<string> HostAsync(TestPool pool) => (await pool.CallAsync("host.get_all"))[0].GetString()!;

    private static VmRecord Get(TestPool pool) =>
        pool.Server.Daemon.Services.State.All<VmRecord>().Single(v => v.Record.NameLabel == "web").Record;

    private static int Messages(TestPool pool, string name) =>
        pool.Server.Daemon.Services.State.All<MessageRecord>().Count(m => m.Record.Name == name);

    // libvirt's test driver is not asked: what a guest of another host does is told by that host's database.
    private static Task SetAsync(TestPool pool, Func<VmRecord, VmRecord> change)
    {
        var database = pool.Server.Daemon.Services.Database;
        return database.WriteAsync(
            tx => tx.Update(database.State.All<VmRecord>().Single(v => v.Record.NameLabel == "web").Ref, change),
            TestContext.Current.CancellationToken);
    }
}
