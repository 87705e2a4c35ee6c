using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>
/// Builds inventories. As it begins, pool "primary" is lost, its SR is attached at pool "recovery" with the newest metadata on it, and
/// everything that a recovery needs is there: a failover with the source stated dead has no finding. Tests then break one thing.
/// </summary>
internal sealed class Scene
{
    public const string Own = "5a000000-0000-4000-8000-0000000000aa";
    public const string Sr = "5a000000-0000-4000-8000-000000000001";
    public const string Volume = "0d000000-0000-4000-8000-000000000001";
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 3, 0, 0, TimeSpan.Zero);

    private static readonly NetworkFacts TheirFront = new("0e000000-0000-4000-8000-000000000001", "front", "xenbr0");
    private int _last;

    public Scene()
    {
        var host = new HostFacts("40000000-0000-4000-8000-000000000001", "host", true, true, 8, 64L << 30, 32L << 30);
        var sr = new SrFacts
        {
            Uuid = Sr,
            Name = "replicated",
            Type = "file",
            IsShared = true,
            Pbds = [new(host.Uuid, true, Map(("location", "/mirror")))],
        };
        Source = new()
        {
            Pool = new("9a000000-0000-4000-8000-000000000001", "primary", false, false, "Redoubt", "0.1.0"),
            NewestMoment = Now.AddMinutes(-5),
            Srs = [sr],
            Networks = [TheirFront],
        };
        Target = new()
        {
            Pool = new("9a000000-0000-4000-8000-000000000002", "recovery", false, false, "Redoubt", "0.1.0"),
            NewestMoment = Now,
            Hosts = [host],
            Srs = [sr],
            Networks = [new("0e000000-0000-4000-8000-000000000002", "front", "xenbr0")],
        };
        VolumeFacts = new() { VdiUuid = Volume, SrUuid = Sr, Origin = new("test", Now), IsLatest = true };
        Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true };
    }

    public DatabaseFacts Source { get; set; }

    public DatabaseFacts Target { get; set; }

    public VolumeFacts VolumeFacts { get; set; }

    public RecoveryPolicy Policy { get; set; }

    public bool? MayRecover { get; set; } = true;

    /// <summary>The kinds of storage that the target can protect and attach for a recovery; null if it does not tell.</summary>
    public ImmutableSortedSet<string>? MetadataTypes { get; set; }

    public ImmutableSortedDictionary<string, string> BootFileTroubles { get; set; } = Map();

    public List<VolumeFacts> MoreVolumes { get; } = [];

    public List<OtherPoolFacts> OtherPools { get; } = [];

    public List<StorageFacts> Storage { get; } = [];

    public Inventory Inventory => new()
    {
        TakenAt = Now,
        Target = new(new("recovery", Now), Target, MayRecover) { MetadataTypes = MetadataTypes, BootFileTroubles = BootFileTroubles },
        Storage = [.. Storage],
        Volumes = [VolumeFacts with { Database = VolumeFacts.Unreadable is null ? Source : null }, .. MoreVolumes],
        OtherPools = [.. OtherPools],
    };

    public RecoveryPlan Plan() => Planner.Plan(Policy, Inventory);

    /// <summary>Adds a VM with a disk and an interface to the lost pool, and its disk to the mirrored SR.</summary>
    public VmFacts AddVm(string name, long order = 0, string appliance = "", Func<VmFacts, VmFacts>? with = null)
    {
        var n = ++_last;
        string Uuid(string kind) => $"{kind}-0000-4000-8000-{n:x12}";
        var vdi = new VdiFacts(Uuid("d1000000"), name + " disk", Sr, Uuid("d1000000"), 1 << 20, false, "");
        var vm = new VmFacts
        {
            Uuid = Uuid("11000000"),
            Name = name,
            PowerState = VmPowerState.Running,
            Order = order,
            ApplianceUuid = appliance,
            MemoryBytes = 1L << 30,
            CpuCount = 1,
            Vbds = [new(Uuid("bd000000"), "0", VbdType.Disk, vdi.Uuid)],
            Vifs = [new(Uuid("1f000000"), "0", TheirFront.Uuid, $"02:00:00:00:{n >> 8:x2}:{n & 255:x2}")],
        };
        vm = with?.Invoke(vm) ?? vm;
        Source = Source with { Vms = Source.Vms.Add(vm), Vdis = Source.Vdis.Add(vdi) };
        Target = Target with { Vdis = Target.Vdis.Add(vdi) };
        return vm;
    }

    /// <summary>Has the disks be XenServer's, and the pool have a default SR that they can be copied to.</summary>
    public void HaveToCopy() => Target = Target with
    {
        Vdis = [.. Target.Vdis.Select(v => v with { IsToBeCopied = true })],
        Srs = Target.Srs.Add(Target.Srs[0] with { Uuid = Own, Name = "own" }),
        Pool = Target.Pool with { DefaultSrUuid = Own },
    };

    public ApplianceFacts AddAppliance(string name)
    {
        var appliance = new ApplianceFacts($"a9000000-0000-4000-8000-{++_last:x12}", name);
        Source = Source with { Appliances = Source.Appliances.Add(appliance) };
        return appliance;
    }

    /// <summary>A second volume with a copy of what the lost pool has, as another pool or the same wrote it.</summary>
    public VolumeFacts AddVolume(Func<DatabaseFacts, DatabaseFacts> with, bool isLatest = true)
    {
        var volume = VolumeFacts with
        {
            VdiUuid = $"0d000000-0000-4000-8000-{MoreVolumes.Count + 2:x12}",
            IsLatest = isLatest,
            Database = with(Source),
        };
        MoreVolumes.Add(volume);
        return volume;
    }

    /// <summary>Adds the lost pool as it answers now.</summary>
    public void AddLiveSource(VmPowerState state) => OtherPools.Add(new(
        new("primary", Now), "primary", OtherPoolState.Live, null,
        Source with { Vms = [.. Source.Vms.Select(v => v with { PowerState = state })], Srs = [] }));

    /// <summary>Puts a copy of a VM into the target pool.</summary>
    public void AddHere(VmFacts vm, VmPowerState state, long version) =>
        Target = Target with { Vms = Target.Vms.Add(vm with { PowerState = state, Version = version, ApplianceUuid = vm.ApplianceUuid }) };

    public static PoolFacts OtherPool => new("9a000000-0000-4000-8000-000000000003", "third", false, false, "Redoubt", "0.1.0");

    public static ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
}
