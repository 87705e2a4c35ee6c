using Redoubt.Console.Dashboard;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console.Tests;

/// <summary>What the dashboard's pictures are drawn from.</summary>
public sealed class MeasuredTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_last_ten_recovery_times_stand_in_their_order_under_a_round_number()
    {
        var runs = Enumerable.Range(0, 12).Select(i => Run(i, RunPhase.Succeeded, TimeSpan.FromSeconds(40 + i))).Reverse();
        var rtos = Measured.Rtos(runs);
        Assert.Equal(Enumerable.Range(2, 10).Select(i => $"{i}"), rtos.Points.Select(p => p.Run.Uuid));
        Assert.Equal(TimeSpan.FromMinutes(1), rtos.Top);
        Assert.Equal(70, rtos.Points[0].Height, 0.01);
    }

    [Fact]
    public void What_goes_on_or_was_not_measured_is_not_drawn()
    {
        var rtos = Measured.Rtos([Run(0, RunPhase.Running, TimeSpan.FromSeconds(9)), Run(1, RunPhase.Failed, null)]);
        Assert.Empty(rtos.Points);
        Assert.Equal(("", ""), (rtos.Area, rtos.Path));
    }

    [Fact]
    public void An_area_begins_and_ends_on_the_ground()
    {
        var rpos = Measured.Rpos(
            [Run(1, RunPhase.Succeeded, null, TimeSpan.FromMinutes(5)), Run(0, RunPhase.Succeeded, null, TimeSpan.Zero)]);
        Assert.Equal("M0 100 L0 100 L100 0 L100 100 Z", rpos.Area);
        Assert.Equal("M0 100 L100 0", rpos.Path);
    }

    [Fact]
    public void The_first_steps_are_done_at_the_site_that_recovers_by_what_is_attached_there()
    {
        var sr = new SrView(default, "sr", "replicated", "", "file") { IsShared = true, IsAttached = true, ForeignVolumes = [default] };
        var facts = new ProtectionFacts { Srs = [sr], Vms = [], Exposed = [] };
        Assert.Equal(
            [FirstStep.Storage, FirstStep.Protect],
            FirstSteps.Of(facts, sites: 0, plans: 0, hasPassed: false).Where(s => s.IsDone).Select(s => s.Name));
        Assert.All(FirstSteps.Of(facts, sites: 1, plans: 1, hasPassed: true), s => Assert.True(s.IsDone));
    }

    [Fact]
    public void A_pool_is_drawn_with_each_VM_where_it_is_and_no_more_of_them_than_can_be_seen()
    {
        Ref<HostRecord> host = new("OpaqueRef:h"), gone = new("OpaqueRef:g");
        var sight = PoolSight.Of(
            [KeyValuePair.Create(host, new HostRecord { NameLabel = "alpha", Enabled = true })],
            [
                .. Enumerable.Range(0, 200).Select(i => Vm($"vm-{i:000}", host, VmPowerState.Running)),
                Vm("rest", default, VmPowerState.Halted), Vm("lost", gone, VmPowerState.Halted),
                Vm("template", default, VmPowerState.Halted) with { IsATemplate = true },
            ],
            [new SrRecord { NameLabel = "replicated" }, new SrRecord { NameLabel = "cds", ContentType = "iso" }]);
        Assert.Equal((200, 202), (sight.Running, sight.Total));
        var place = Assert.Single(sight.Hosts);
        Assert.Equal(("alpha", 200, PoolSight.Most), (place.Name, place.Count, place.Vms.Length));
        Assert.Equal(["lost", "rest"], sight.Resting.Vms.Select(v => v.Name));
        Assert.Equal(["replicated"], sight.Srs.Select(s => s.Name));
    }

    private static VmRecord Vm(string name, Ref<HostRecord> host, VmPowerState power) =>
        new() { NameLabel = name, Uuid = name, ResidentOn = host, PowerState = power };

    private static RunSummary Run(int number, RunPhase phase, TimeSpan? rto, TimeSpan? rpo = null) =>
        new($"{number}", RecoveryKind.Test, null, phase, "ann", Noon.AddDays(number), Noon.AddDays(number).AddMinutes(5), 1, 1)
        {
            Rto = rto,
            Rpo = rpo,
        };
}
