using Redoubt.Console.Recover;
using Redoubt.Recovery;

namespace Redoubt.Console.Tests.Checks;

public sealed class PlanPhaseTests
{
    private static readonly PlanObject Sr = new(ObjectKind.Sr, "sr", "replicated");

    [Fact]
    public void Steps_of_one_kind_are_one_phase_and_each_begins_when_what_is_before_it_has_ended()
    {
        var plan = Plan(
            new WaitForOperator([Sr]), new RecoverVm(Vm("a"), Sr, [], false), new RecoverVm(Vm("b"), Sr, [], false),
            new StartTier(0, [Vm("a"), Vm("b")], false, 8),
            new WaitHealthy(0, [Vm("a"), Vm("b")], TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10), TierFailure.Continue),
            new Protect(Sr));
        var phases = PlanPhase.Of(plan, new([null, Seconds(2), Seconds(3), Seconds(1), null, Seconds(4)], TimeSpan.FromSeconds(10), 1));

        Assert.Equal(["Wait for the array", "Recover", "Start tier 0", "Protect"], phases.Select(p => p.Title));
        Assert.Equal([true, false, false, false], phases.Select(p => p.WaitsForPeople));
        Assert.Equal("a, b", phases[1].About);

        // A tier whose health nothing is known of takes as long as its delays, at least.
        Assert.Equal([0, 5, 31, 4], phases.Select(p => p.Takes.TotalSeconds));
        Assert.Equal([0, 0, 5, 36], phases.Select(p => p.Begins.TotalSeconds));
        Assert.Equal([false, true, false, true], phases.Select(p => p.IsKnown));
    }

    [Fact]
    public void A_phase_names_a_few_of_many()
    {
        var phase = Assert.Single(
            PlanPhase.Of(Plan([.. Enumerable.Range(0, 1000).Select(n => new RecoverVm(Vm($"vm-{n}"), Sr, [], false))]), null));
        Assert.Equal("vm-0, vm-1, vm-2, vm-3, vm-4, vm-5 and more", phase.About);
        Assert.Equal((1000, false), (phase.Steps, phase.IsKnown));
    }

    private static TimeSpan? Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static PlanObject Vm(string name) => new(ObjectKind.Vm, name, name);

    private static RecoveryPlan Plan(params RecoveryStep[] steps) => new()
    {
        Kind = RecoveryKind.Failover,
        Target = new(ObjectKind.Pool, "pool", "paris"),
        InventoryTakenAt = DateTimeOffset.UnixEpoch,
        Steps = [.. steps],
    };
}
