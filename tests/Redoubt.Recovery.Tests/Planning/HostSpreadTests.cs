using System.Collections.Immutable;
using System.Globalization;

namespace Redoubt.Recovery.Tests.Planning;

/// <summary>Whether VMs have room, counted over all hosts that can take any.</summary>
public sealed class HostSpreadTests
{
    private const long GiB = 1L << 30;

    [Fact]
    public void The_VMs_of_a_tier_go_where_most_is_free_and_the_largest_go_first()
    {
        Assert.Equal("0,1,0 -,1", Shown([[2, 5, 3], [4, 1]], [6, 7]));
    }

    [Fact]
    public void What_fits_on_one_host_is_spread_on_it() => Assert.Equal("0,0 0", Shown([[1, 2], [3]], [6]));

    [Fact]
    public void Memory_is_counted_over_all_hosts_that_are_enabled_and_live()
    {
        var scene = WithHosts((8, true, true), (8, true, true), (64, false, true), (64, true, false));
        Add(scene, 7, 7);
        Assert.DoesNotContain(scene.Plan().Findings, f => f.Code == "memory-short");

        Add(scene, 7);
        var found = Assert.Single(scene.Plan().Findings, f => f.Code == "memory-short");
        Assert.Contains("the hosts have 16", found.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_VM_for_which_there_is_room_in_all_hosts_together_and_in_none_is_found()
    {
        var scene = WithHosts((8, true, true), (8, true, true), (8, true, true));
        Add(scene, 5, 5, 5, 5);
        var found = Assert.Single(scene.Plan().Findings, f => f.Code == "memory-short");
        Assert.Contains("no single one", found.Sentence, StringComparison.Ordinal);
        Assert.Single(found.Affects);
    }

    [Fact]
    public void A_VM_that_no_host_could_take_is_named_and_once()
    {
        var scene = WithHosts((8, true, true), (8, true, true));
        Add(scene, 9);
        var found = Assert.Single(scene.Plan().Findings, f => f.Code == "memory-short");
        Assert.Contains("no host has more than", found.Sentence, StringComparison.Ordinal);
    }

    private static string Shown(decimal[][] tiers, decimal[] free) =>
        string.Join(' ', HostSpread.Of(tiers, free).Select(tier => string.Join(',', tier.Select(Name))));

    private static string Name(int? host) => host?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static void Add(Scene scene, params ReadOnlySpan<int> gibibytes)
    {
        foreach (var size in gibibytes)
        {
            scene.AddVm($"vm{scene.Source.Vms.Length}", with: v => v with { MemoryBytes = size * GiB });
        }
    }

    private static Scene WithHosts(params ReadOnlySpan<(int FreeGiB, bool IsEnabled, bool IsLive)> hosts)
    {
        var scene = new Scene();
        var first = scene.Target.Hosts[0];
        var made = ImmutableArray.CreateBuilder<HostFacts>();
        foreach (var (free, enabled, live) in hosts)
        {
            var uuid = $"4{made.Count}{first.Uuid[2..]}";
            made.Add(first with { Uuid = uuid, Name = uuid[..2], IsEnabled = enabled, IsLive = live, MemoryFreeBytes = free * GiB });
        }

        scene.Target = scene.Target with
        {
            Hosts = made.ToImmutable(),
            Srs = [.. scene.Target.Srs.Select(s => s with { Pbds = [.. made.Select(h => s.Pbds[0] with { HostUuid = h.Uuid })] })],
        };
        return scene;
    }
}
