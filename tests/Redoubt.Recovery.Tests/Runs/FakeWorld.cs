using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>
/// Two fake pools and the storage between them. "primary" runs db (tier 0) and web (tier 1) in vApp shop, and loose (tier 1); their disks
/// are on SR A, which carries the metadata, and on SR B. At "recovery" a DR task holds SR A, and nobody knows SR B.
/// </summary>
internal sealed class FakeWorld
{
    public const string SrA = "5a000000-0000-4000-8000-00000000000a";
    public const string SrB = "5a000000-0000-4000-8000-00000000000b";
    public const string Own = "5a000000-0000-4000-8000-0000000000aa";
    public const string Volume = "0d000000-0000-4000-8000-000000000001";

    private bool _hasVhds;

    private FakeWorld()
    {
        Source = new FakePool("primary", this);
        Target = new FakePool("recovery", this);
    }

    public FakePool Source { get; }

    public FakePool Target { get; }

    /// <summary>The clock that servers sleep by.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>What must never happen, and did.</summary>
    public List<string> Violations { get; } = [];

    public Dictionary<string, IReadOnlyList<string>> Storage { get; } = [];

    public static ImmutableSortedDictionary<string, string> DeviceConfig(string sr) =>
        ImmutableSortedDictionary<string, string>.Empty.Add("location", "/" + sr[^1]);

    /// <param name="sourceRuns">Whether the VMs run at the source.</param>
    /// <param name="olderHere">Whether the target has older copies of them.</param>
    public static FakeWorld Make(bool sourceRuns, bool olderHere)
    {
        var world = new FakeWorld();
        var source = world.Source.Database;
        var front = source.Add(new NetworkRecord { NameLabel = "front", Bridge = "xenbr0" }, "0e000000-0000-4000-8000-000000000001");
        var shop = source.Add(new VmApplianceRecord { NameLabel = "shop" }, "a9000000-0000-4000-8000-000000000001");
        var (a, b) = (AddSr(world.Source, SrA, "A"), AddSr(world.Source, SrB, "B"));
        AddVm(source, "db", 1, 0, a, front, shop, sourceRuns, olderHere ? 1 : 0);
        AddVm(source, "web", 2, 1, a, front, shop, sourceRuns, olderHere ? 1 : 0);
        AddVm(source, "loose", 3, 1, b, front, default, sourceRuns, olderHere ? 1 : 0);
        world.Storage[SrA] = [Disk(1), Disk(2)];
        world.Storage[SrB] = [Disk(3)];
        source.Add(
            new VdiRecord
            {
                Sr = a,
                Type = VdiType.Metadata,
                MetadataOfPool = world.Source.Pool,
                MetadataLatest = true,
                Location = Volume,
                VirtualSize = 1 << 28,
            },
            Volume);

        world.Target.Database.Add(new NetworkRecord { NameLabel = "front", Bridge = "xenbr0" }, "0e000000-0000-4000-8000-000000000002");
        if (olderHere)
        {
            foreach (var (name, n) in new[] { ("db", 1), ("web", 2), ("loose", 3) })
            {
                world.Target.Database.Add(
                    new VmRecord { NameLabel = name, PowerState = VmPowerState.Halted, MemoryStaticMax = 1 << 26, VcpusAtStartup = 1 },
                    Vm(n));
            }
        }

        var task = world.Target.Database.Add(new DrTaskRecord());
        world.Attach(world.Target, SrA, task);
        return world;
    }

    public static string Vm(int n) => $"11000000-0000-4000-8000-{n:x12}";

    /// <summary>The SR as a pool sees it that attaches it.</summary>
    public void Attach(FakePool pool, string uuid, Ref<DrTaskRecord> task)
    {
        var sr = AddSr(pool, uuid, uuid == SrA ? "A" : "B");
        pool.Database.Set(sr, s => s with { IntroducedBy = task });
        foreach (var vdi in Storage[uuid])
        {
            var config = new VdiRecord().SmConfig;
            pool.Database.Add(
                new VdiRecord
                {
                    Sr = sr,
                    Location = vdi,
                    VirtualSize = 1 << 20,
                    Type = VdiType.User,
                    Managed = true,
                    SmConfig = _hasVhds ? config.SetItem(Marks.Format, Marks.Vhd) : config,
                },
                vdi);
        }

        if (uuid == SrA)
        {
            pool.Database.Add(
                new VdiRecord
                {
                    Sr = sr,
                    Type = VdiType.Metadata,
                    MetadataOfPool = new("OpaqueRef:theirs"),
                    MetadataLatest = true,
                    Location = Volume,
                    VirtualSize = 1 << 28,
                },
                Volume);
        }
    }

    /// <summary>
    /// Whether the source sees what the target has recovered, as it does when it is the target's storage that comes back to it.
    /// </summary>
    public bool SourceSeesTarget { get; set; }

    /// <summary>How often the other pool has recovered a VM; null if it does not have it.</summary>
    public long? VersionElsewhere(FakePool pool, string vm)
    {
        var other = (pool == Source ? Target : Source).Database;
        return other.Find<VmRecord>(vm) is { IsNull: false } there ? other.Get(there).Version : null;
    }

    /// <summary>Has the source have been a XenServer, and the target an SR of its own.</summary>
    public void HaveVhds()
    {
        _hasVhds = true;
        var source = Source.Database;
        source.Set(
            source.All<HostRecord>().Single().Ref,
            h => h with { SoftwareVersion = h.SoftwareVersion.SetItem("product_brand", "XenServer") });
        var own = AddSr(Target, Own, "own");
        Target.Database.Set(Target.Pool, p => p with { DefaultSr = own });
        foreach (var vdi in Storage[SrA])
        {
            Target.Database.Set(
                Target.Database.Find<VdiRecord>(vdi), v => v with { SmConfig = v.SmConfig.SetItem(Marks.Format, Marks.Vhd) });
        }
    }

    /// <summary>Called with each VM that is started anywhere.</summary>
    public void Started(FakePool pool, VmRecord vm)
    {
        var other = pool == Source ? Target : Source;
        if (other.Database.All<VmRecord>().Any(v => v.Record.Uuid == vm.Uuid && v.Record.PowerState == VmPowerState.Running))
        {
            Violations.Add($"{vm.NameLabel} runs twice");
        }

        var isCopy = vm.OtherConfig.ContainsKey("dr-test");
        foreach (var vif in vm.Vifs.Select(pool.Database.Get))
        {
            if (isCopy != pool.Database.Get(vif.Network).OtherConfig.ContainsKey("dr-test"))
            {
                Violations.Add($"{vm.NameLabel} is on the network {pool.Database.Get(vif.Network).NameLabel}");
            }
        }

        foreach (var vdi in vm.Vbds.Select(b => pool.Database.Get(pool.Database.Get(b).Vdi)))
        {
            if (isCopy && Storage.Values.Any(s => s.Contains(vdi.Uuid)))
            {
                Violations.Add($"{vm.NameLabel} writes to the replica's disk {vdi.Uuid}");
            }
        }
    }

    /// <summary>What the target is when everything of the storage has been let go and nothing else has changed.</summary>
    public string DescribeTargetWithoutStorage() => Target.Database.All<SrRecord>().Any(s => s.Record.Uuid == Own)
        ? $"network front\nSR {Own} own task=False\nPBD True"
        : "network front";

    private static string Disk(int n) => $"d1000000-0000-4000-8000-{n:x12}";

    private static Ref<SrRecord> AddSr(FakePool pool, string uuid, string name)
    {
        var sr = pool.Database.Add(new SrRecord { NameLabel = name, Type = "file", ContentType = "user", Shared = true }, uuid);
        pool.Database.Add(
            new PbdRecord
            {
                Sr = sr,
                Host = pool.Database.All<HostRecord>().Single().Ref,
                CurrentlyAttached = true,
                DeviceConfig = DeviceConfig(uuid),
            });
        return sr;
    }

    private static void AddVm(
        FakeDatabase source, string name, int n, int order, Ref<SrRecord> sr, Ref<NetworkRecord> network, Ref<VmApplianceRecord> appliance,
        bool runs, long version)
    {
        var vdi = source.Add(
            new VdiRecord
            {
                NameLabel = name + " disk",
                Sr = sr,
                Location = Disk(n),
                VirtualSize = 1 << 20,
                Type = VdiType.User,
                Managed = true,
            },
            Disk(n));
        var vm = source.Add(
            new VmRecord
            {
                NameLabel = name,
                PowerState = runs ? VmPowerState.Running : VmPowerState.Halted,
                Order = order,
                Appliance = appliance,
                Version = version,
                MemoryStaticMax = 1 << 26,
                VcpusAtStartup = 1,
            }, Vm(n));
        source.Add(new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Type = VbdType.Disk, Mode = VbdMode.Rw });
        source.Add(new VifRecord { Vm = vm, Network = network, Device = "0", Mac = $"02:00:00:00:00:{n:x2}" });
    }
}
