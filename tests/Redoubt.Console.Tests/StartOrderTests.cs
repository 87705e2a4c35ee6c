using System.Collections.Immutable;
using Redoubt.Console.Apps;
using Redoubt.Desk;
using Redoubt.XenApi;

namespace Redoubt.Console.Tests;

public sealed class StartOrderTests
{
    [Fact]
    public void Tiers_follow_the_order_and_begin_when_the_longest_delay_before_them_is_over()
    {
        var tiers = StartOrder.TiersOf([Vm("web", 7), Vm("db", 0, 30), Vm("cache", 0, 5)]);
        Assert.Equal([0L, 7L], tiers.Select(t => t.Order));
        Assert.Equal(["cache", "db"], tiers[0].Vms.Select(v => v.Name));
        Assert.Equal(TimeSpan.FromSeconds(30), tiers[1].Begins);
    }

    [Fact]
    public void A_VM_that_leaves_its_tier_gets_one_of_its_own_and_pushes_the_later_ones_back()
    {
        var tiers = StartOrder.TiersOf([Vm("a", 0), Vm("b", 0), Vm("c", 1)]);
        Assert.Equal(Orders(("b", 1), ("c", 2)), StartOrder.Step(tiers, "b", earlier: false));
        Assert.Equal(Orders(("a", 1), ("c", 2)), StartOrder.Step(tiers, "b", earlier: true));
    }

    [Fact]
    public void A_VM_alone_in_its_tier_joins_the_next_one()
    {
        var tiers = StartOrder.TiersOf([Vm("a", 0), Vm("b", 3)]);
        Assert.Equal(Orders(("a", 3)), StartOrder.Step(tiers, "a", earlier: false));
        Assert.Equal(Orders(("b", 0)), StartOrder.Step(tiers, "b", earlier: true));
    }

    [Fact]
    public void What_changes_nothing_asks_for_nothing()
    {
        var tiers = StartOrder.TiersOf([Vm("a", 0), Vm("b", 1)]);
        Assert.Empty(StartOrder.Step(tiers, "a", earlier: true));
        Assert.Empty(StartOrder.Step(tiers, "b", earlier: false));
        Assert.Empty(StartOrder.Join(tiers, "a", 0));
        Assert.Empty(StartOrder.Part(tiers, "a", 0));
        Assert.Empty(StartOrder.Part(tiers, "a", 1));
        Assert.Empty(StartOrder.Step(tiers, "stranger", earlier: true));
    }

    private static ImmutableDictionary<string, long> Orders(params (string Name, long Order)[] orders) =>
        orders.ToImmutableDictionary(o => o.Name, o => o.Order);

    private static VmView Vm(string name, long order, int delay = 0) =>
        new(
            default, name, name, VmPowerState.Halted, default, [],
            Exposure.None)
        { Order = order, StartDelay = TimeSpan.FromSeconds(delay) };
}
