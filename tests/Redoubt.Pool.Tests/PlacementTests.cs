using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Where a VM can be started, and why not elsewhere.</summary>
public sealed class PlacementTests
{
    private const long Memory = 64 << 20;

    public static TheoryData<string> Obstacles => [.. Obstacle.All.Keys];

    [Theory]
    [MemberData(nameof(Obstacles))]
    public async Task A_host_that_lacks_something_says_what_and_the_other_takes_the_VM(string name)
    {
        await using var scene = await Scene.OpenAsync();
        var obstacle = Obstacle.All[name];
        await scene.WriteAsync(tx => obstacle.Make(scene, tx));

        var hosts = Scene.Now([(scene.First, Memory, true)]);
        if (obstacle.Now(scene.Second) is { } now)
        {
            hosts[scene.Second] = now;
        }

        var placement = scene.Place(hosts);

        Assert.Equal([scene.First], placement.Possible);
        var refusal = Assert.Single(placement.Refusals);
        Assert.Equal((scene.Second, obstacle.Code), (refusal.Key, refusal.Value.Code));
        Assert.Equal(refusal.Value, Assert.Throws<XenApiException>(() => placement.Require(scene.Second)));
        placement.Require(scene.First);
    }

    [Fact]
    public async Task Hosts_that_can_all_take_it_are_ordered_by_affinity_then_bridges_then_memory()
    {
        await using var scene = await Scene.OpenAsync();
        var third = await scene.AddHostAsync();
        ImmutableArray<Ref<HostRecord>> all = [scene.First, scene.Second, third];
        var hosts = Scene.Now([(all[0], Memory * 2, true), (all[1], Memory * 4, true), (all[2], Memory * 9, false)]);

        Assert.Equal([all[1], all[0], all[2]], scene.Place(hosts).Possible);

        await scene.Site.Client.CallAsync("VM.set_affinity", scene.Vm, third);
        Assert.Equal([all[2], all[1], all[0]], scene.Place(hosts).Possible);
    }

    [Fact]
    public async Task What_keeps_every_host_from_it_is_the_reason_if_it_is_one_and_else_each_is_named()
    {
        await using var scene = await Scene.OpenAsync();
        var little = Scene.Now([(scene.First, Memory - 1, true), (scene.Second, 0, true)]);
        var same = Assert.Throws<XenApiException>(() => scene.Place(little).Best());
        Assert.Equal(("HOST_NOT_ENOUGH_FREE_MEMORY", $"{Memory}"), (same.Code, same.Parameters[0]));

        await scene.WriteAsync(tx => tx.Update(scene.First, h => h with { Enabled = false }));
        var several = Assert.Throws<XenApiException>(() => scene.Place(little).Best());
        Assert.Equal("NO_HOSTS_AVAILABLE", several.Code);
        Assert.Equal(
            new[] { (scene.First, "HOST_DISABLED"), (scene.Second, "HOST_NOT_ENOUGH_FREE_MEMORY") }.OrderBy(r => r.Item1),
            several.Parameters.Chunk(2).Select(p => (new Ref<HostRecord>(p[0]), p[1])));
    }

    [Fact]
    public async Task A_host_that_did_not_tell_its_memory_is_no_obstacle_and_comes_last()
    {
        await using var scene = await Scene.OpenAsync();
        var hosts = Scene.Now([(scene.First, null, true), (scene.Second, Memory, true)]);
        Assert.Equal([scene.Second, scene.First], scene.Place(hosts).Possible);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_VMs_of_a_tier_are_spread_though_their_guests_take_their_memory_bit_by_bit(bool isStarted)
    {
        await using var scene = await Scene.OpenAsync();
        var hosts = Scene.Now([(scene.First, (Memory * 8) + 1, true), (scene.Second, Memory * 8, true)])
            .ToDictionary(h => h.Key, h => h.Value with { TotalBytes = Memory * 10 });
        Assert.Equal(scene.First, scene.Place(hosts).Best());

        // Another VM is there by now, or on its way there, and what the host says of its memory is as before.
        await scene.WriteAsync(tx => tx.Create(new VmRecord
        {
            NameLabel = "the other",
            MemoryStaticMax = Memory * 3,
            ResidentOn = isStarted ? scene.First : default,
            ScheduledToBeResidentOn = isStarted ? default : scene.First,
        }));
        Assert.Equal([scene.Second, scene.First], scene.Place(hosts).Possible);
    }

    /// <summary>Something that keeps the second host from taking the VM.</summary>
    private sealed record Obstacle(string Code, Action<Scene, Transaction> Make, Func<Ref<HostRecord>, HostNow?> Now)
    {
        private static readonly HostNow Well = new(null, Memory, _ => true);

        public static Dictionary<string, Obstacle> All { get; } = new()
        {
            ["disabled"] = new("HOST_DISABLED", (s, tx) => tx.Update(s.Second, h => h with { Enabled = false }), _ => Well),
            ["nothing can be asked of it"] = new("HOST_OFFLINE", (_, _) => { }, _ => null),
            ["no hypervisor"] = new("HOST_HYPERVISOR_LOST", (_, _) => { }, h => Well with { Trouble = GuestFailure.NoHypervisor(null, h) }),
            ["memory"] = new("HOST_NOT_ENOUGH_FREE_MEMORY", (_, _) => { }, _ => Well with { FreeBytes = Memory - 1 }),
            ["the SR is not plugged"] = new(
                "VM_REQUIRES_SR", (s, tx) => tx.Update(s.PbdAt(s.Second), p => p with { CurrentlyAttached = false }), _ => Well),
            ["it has no PBD"] = new("VM_REQUIRES_SR", (s, tx) => tx.Delete(s.PbdAt(s.Second)), _ => Well),
            ["a network with uplinks elsewhere"] = new(
                "VM_REQUIRES_NETWORK",
                (s, tx) => tx.Create(new PifRecord { Host = s.First, Network = s.Network, Device = "eth1" }),
                _ => Well),
        };
    }

    /// <summary>A pool of two hosts with a VM whose disk and network both have; only the first is there.</summary>
    private sealed record Scene : IAsyncDisposable
    {
        public required TestSite Site { get; init; }

        public required Ref<HostRecord> Second { get; init; }

        public required Ref<SrRecord> Sr { get; init; }

        public required Ref<VmRecord> Vm { get; init; }

        public required Ref<NetworkRecord> Network { get; init; }

        public Ref<HostRecord> First => Site.Host;

        public static async Task<Scene> OpenAsync()
        {
            var site = await TestSite.OpenAsync();
            var (sr, vm) = (await site.CreateSrAsync("sr"), await site.CreateVmAsync("vm"));
            await site.CreateVbdAsync(vm, await site.CreateVdiAsync(sr));
            var network = await site.CreateNetworkAsync("net", "xenbr9");
            await site.Client.CallAsync<Ref<VifRecord>>("VIF.create", new VifRecord { Vm = vm, Network = network, Device = "0" });
            var scene = new Scene { Site = site, Second = default, Sr = sr, Vm = vm, Network = network };
            return scene with { Second = await scene.AddHostAsync() };
        }

        public static Dictionary<Ref<HostRecord>, HostNow> Now((Ref<HostRecord> Host, long? FreeBytes, bool HasBridge)[] hosts) =>
            hosts.ToDictionary(h => h.Host, h => new HostNow(null, h.FreeBytes, _ => h.HasBridge));

        public async Task<Ref<HostRecord>> AddHostAsync()
        {
            var host = await Site.AddHostAsync("second");
            await WriteAsync(tx => tx.Create(new PbdRecord { Host = host, Sr = Sr, CurrentlyAttached = true }));
            return host;
        }

        public Ref<PbdRecord> PbdAt(Ref<HostRecord> host) => Site.Get(Sr).Pbds.Single(p => Site.Get(p).Host == host);

        public Placement Place(IReadOnlyDictionary<Ref<HostRecord>, HostNow> hosts) => Placement.Of(Site.Daemon.Services.State, Vm, hosts);

        public Task WriteAsync(Action<Transaction> write) => Site.Daemon.Services.Database.WriteAsync(write, TestSite.Cancel);

        public ValueTask DisposeAsync() => Site.DisposeAsync();
    }
}
