using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Recovering;

/// <summary>Targets of plans, vApps and VMs in a real pool, from the setting to the message, the status and the metrics.</summary>
public sealed class TargetTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_that_is_older_than_its_target_is_told_once_and_again_when_it_is_new_enough()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        var storage = pool.NewDirectory();
        await ProtectAsync(pool, storage, "db");
        await pool.CallAsync("VM.add_to_other_config", await VmAsync(pool, "db"), "dr-rpo-target", "0");
        await pool.CallAsync("recovery.save_plan", "shop", Plan(new(TimeSpan.FromHours(1), TimeSpan.FromMinutes(5))).ToJson());
        await Patience.UntilAsync(async () => Of(await StatusAsync(pool), "VM db").Rpo!.Verdict == TargetVerdict.Met, "the copy is new");
        var plan = Of(await StatusAsync(pool), "Plan shop");
        Assert.Equal((TargetVerdict.Met, TargetVerdict.Unknown), (plan.Rpo!.Verdict, plan.Rto!.Verdict));

        Directory.Move(storage, storage + "-away");
        await File.WriteAllTextAsync(storage, "in the way", Cancel);
        await Patience.UntilAsync(() => Told(pool, "DR_TARGET_EXCEEDED").Count == 1, "the old copy is told of");
        Assert.StartsWith("VM db: RPO ", Told(pool, "DR_TARGET_EXCEEDED").Single().Body, StringComparison.Ordinal);
        var status = await StatusAsync(pool);
        Assert.Equal(TargetVerdict.Exceeded, Of(status, "VM db").Rpo!.Verdict);
        Assert.Equal(TargetVerdict.Met, Of(status, "Plan shop").Rpo!.Verdict);
        Assert.Single(status.Problems, p => p.StartsWith("VM db: RPO ", StringComparison.Ordinal));
        var metrics = await MetricsAsync(pool);
        Assert.Equal(0, Value(metrics, "redoubt_rpo_target_seconds", "vm"));
        Assert.True(Value(metrics, "redoubt_rpo_seconds", "vm") > 0, "its age is told");
        Assert.Equal(300, Value(metrics, "redoubt_rto_target_seconds", "plan"));
        Assert.DoesNotContain("redoubt_rto_seconds{", metrics, StringComparison.Ordinal);

        // A daemon that starts anew has told of it.
        await pool.StopAsync();
        await pool.StartAsync();
        File.Delete(storage);
        Directory.Move(storage + "-away", storage);
        await Patience.UntilAsync(
            async () =>
            {
                await PlugAsync(pool);
                return Told(pool, "DR_TARGET_MET").Count == 1;
            },
            "that it is kept again is told");
        Assert.Single(Told(pool, "DR_TARGET_EXCEEDED"));
        Assert.DoesNotContain((await StatusAsync(pool)).Problems, p => p.StartsWith("VM db: RPO ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_that_would_not_come_back_keeps_a_target_and_what_is_no_number_is_said_to_be_none()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        var vm = (await pool.CallAsync("VM.create", RecoveryScene.Vm("bare"))).GetString();
        await pool.CallAsync("VM.add_to_other_config", vm, "dr-rpo-target", "3600");
        var appliance = (await pool.CallAsync(
            "VM_appliance.create", new Dictionary<string, string> { ["name_label"] = "front", ["name_description"] = "" })).GetString();
        var uuid = (await pool.CallAsync("VM_appliance.get_uuid", appliance)).GetString();
        var self = (await pool.CallAsync("pool.get_all"))[0].GetString();
        await pool.CallAsync("pool.add_to_other_config", self, $"dr-rpo-target:{uuid}", "60");
        await pool.CallAsync("pool.add_to_other_config", self, $"dr-rto-target:{uuid}", "soon");
        var status = await StatusAsync(pool);
        Assert.Equal((TargetVerdict.Exceeded, null), (Of(status, "VM bare").Rpo!.Verdict, Of(status, "VM bare").Rpo!.Measured));
        Assert.Equal(TargetVerdict.Unknown, Of(status, "vApp front").Rpo!.Verdict);
        Assert.Contains("dr-rto-target", Assert.Single(Of(status, "vApp front").Garbled), StringComparison.Ordinal);
        Assert.Contains(status.Problems, p => p.Contains("=soon is no number of seconds", StringComparison.Ordinal));
        Assert.Equal(double.PositiveInfinity, Value(await MetricsAsync(pool), "redoubt_rpo_seconds", "vm"));
        await pool.CallAsync("VM.set_appliance", vm, appliance);
        Assert.Equal(TargetVerdict.Exceeded, Of(await StatusAsync(pool), "vApp front").Rpo!.Verdict);
    }

    [Fact]
    public async Task A_recovery_is_judged_by_the_targets_that_it_was_started_with()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var request = scene.Failover();
        var (strict, own) = (new RecoveryTargets(TimeSpan.Zero, TimeSpan.Zero), new RecoveryTargets(null, TimeSpan.FromHours(1)));
        request = request with { Policy = request.Policy with { Targets = strict } };
        await scene.Target.CallAsync("recovery.save_plan", "night", request.ToJson());
        var catalog = RecoveryJson.Read<PlanCatalog>((await scene.Target.CallAsync("recovery.get_plans", false)).GetString()!);
        var saved = catalog.Plans.Single().Request;
        saved = saved with { Policy = saved.Policy with { IsSourceDead = true } };
        var planned = await scene.PlanAsync(saved);
        var run = (await scene.Target.CallAsync("recovery.start", saved.ToJson(), planned.Digest)).GetString()!;
        Assert.Equal(RunPhase.Succeeded, (await scene.EndedAsync(run)).Phase);
        var standing = Of(await StatusAsync(scene.Target), "Plan night");
        Assert.Equal((TargetVerdict.Exceeded, TargetVerdict.Exceeded), (standing.Rpo!.Verdict, standing.Rto!.Verdict));
        await Patience.UntilAsync(() => Told(scene.Target, "DR_TARGET_EXCEEDED").Count == 2, "both are told");

        // The recovered VM is measured by the run that it came with.
        var vm = await VmAsync(scene.Target, "web");
        await scene.Target.CallAsync("VM.add_to_other_config", vm, "dr-rto-target", $"{own.Rto!.Value.TotalSeconds}");
        Assert.Equal(TargetVerdict.Met, Of(await StatusAsync(scene.Target), "VM web").Rto!.Verdict);
    }

    private static RecoveryRequest Plan(RecoveryTargets targets) =>
        new() { Policy = new() { Kind = RecoveryKind.Failover, Targets = targets } };

    private static async Task ProtectAsync(TestPool pool, string storage, string vm)
    {
        var host = (await pool.CallAsync("host.get_all"))[0].GetString();
        var none = new Dictionary<string, string>();
        var sr = (await pool.CallAsync(
            "SR.create", host, new Dictionary<string, string> { ["location"] = storage }, 0, "copies", "", "file", "user", true, none))
            .GetString();
        var self = (await pool.CallAsync("VM.create", RecoveryScene.Vm(vm))).GetString();
        var vdi = (await pool.CallAsync("VDI.create", new Dictionary<string, object>
        {
            ["name_label"] = "disk",
            ["SR"] = sr!,
            ["virtual_size"] = 1 << 20,
            ["type"] = "user",
            ["sharable"] = false,
            ["read_only"] = false,
            ["other_config"] = none,
        })).GetString();
        await pool.CallAsync("VBD.create", new Dictionary<string, object>
        {
            ["VM"] = self!,
            ["VDI"] = vdi!,
            ["userdevice"] = "0",
            ["bootable"] = true,
            ["mode"] = "RW",
            ["type"] = "Disk",
            ["empty"] = false,
            ["other_config"] = none,
            ["qos_algorithm_type"] = "",
            ["qos_algorithm_params"] = none,
        });
        await pool.CallAsync("SR.enable_database_replication", sr);
    }

    private static async Task PlugAsync(TestPool pool)
    {
        var services = pool.Server.Daemon.Services;
        foreach (var (pbd, _) in services.State.All<PbdRecord>().Where(p => !p.Record.CurrentlyAttached))
        {
            await pool.CallAsync("PBD.plug", pbd.Opaque);
        }
    }

    private static async Task<string> VmAsync(TestPool pool, string name) =>
        (await pool.CallAsync("VM.get_by_name_label", name))[0].GetString()!;

    private static async Task<DrStatus> StatusAsync(TestPool pool) =>
        RecoveryJson.Read<DrStatus>((await pool.CallAsync("recovery.get_status")).GetString()!);

    private static TargetStanding Of(DrStatus status, string what) => status.Targets.Single(t => t.Describe() == what);

    private static List<MessageRecord> Told(TestPool pool, string name) =>
        [.. pool.Server.Daemon.Services.State.All<MessageRecord>().Select(m => m.Record).Where(m => m.Name == name)];

    private static async Task<string> MetricsAsync(TestPool pool)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(pool.Url, "metrics"));
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"root:{TestPool.Password}")));
        using var answer = await pool.Http.SendAsync(request, Cancel);
        return await answer.Content.ReadAsStringAsync(Cancel);
    }

    private static double Value(string text, string name, string kind)
    {
        var line = text.Split('\n').Single(l => l.StartsWith($"{name}{{kind=\"{kind}\"", StringComparison.Ordinal));
        var value = line[(line.LastIndexOf(' ') + 1)..];
        return value == "+Inf" ? double.PositiveInfinity : double.Parse(value, CultureInfo.InvariantCulture);
    }
}
