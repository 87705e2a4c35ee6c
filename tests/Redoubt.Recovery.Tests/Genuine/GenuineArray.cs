using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Genuine;

/// <summary>Storage that pools see by one device configuration, and what must never happen on it.</summary>
internal sealed class GenuineArray
{
    public Dictionary<string, Lun> Luns { get; } = [];

    public List<GenuineXapi> Pools { get; } = [];

    /// <summary>What must never happen, and did.</summary>
    public List<string> Violations { get; } = [];

    public static ImmutableSortedDictionary<string, string> DeviceConfig(string sr) =>
        ImmutableSortedDictionary<string, string>.Empty.Add("SCSIid", "3600" + sr[^1]).Add("target", "10.0.0.1");

    /// <summary>The SR as a pool has it that attaches it.</summary>
    public Ref<SrRecord> Attach(GenuineXapi pool, string uuid, Ref<DrTaskRecord> task)
    {
        var lun = Luns[uuid];
        var rows = pool.Database;
        var sr = rows.Add(new SrRecord { NameLabel = lun.Name, Type = lun.Type, Shared = true, IntroducedBy = task }, uuid);
        rows.Add(
            new PbdRecord { Sr = sr, Host = pool.Host, CurrentlyAttached = true, DeviceConfig = DeviceConfig(uuid) }, pool.NewUuid("bd"));
        foreach (var vdi in lun.Disks)
        {
            rows.Add(
                new VdiRecord { NameLabel = vdi, Sr = sr, Location = vdi, VirtualSize = 1 << 20, Type = VdiType.User, Managed = true },
                vdi);
        }

        foreach (var (volume, _) in lun.Metadata)
        {
            rows.Add(
                new VdiRecord
                {
                    NameLabel = "Metadata for DR",
                    Sr = sr,
                    Location = volume,
                    VirtualSize = 3_988_783_104,
                    Type = VdiType.Metadata,
                    MetadataOfPool = new("OpaqueRef:theirs"),
                    MetadataLatest = true,
                },
                volume);
        }

        return sr;
    }

    /// <summary>Called with each VM that begins to run anywhere.</summary>
    public void Started(GenuineXapi pool, VmRecord vm)
    {
        foreach (var other in Pools.Where(p => p != pool && p.Database.All<VmRecord>().Any(v => v.Record.Uuid == vm.Uuid && v.Record.PowerState == VmPowerState.Running)))
        {
            Violations.Add($"{vm.NameLabel} runs in {pool.Name} and in {other.Name}");
        }

        foreach (var network in vm.Vifs.Select(pool.Database.Get).Select(v => pool.Database.Get(v.Network))
            .Where(n => n.OtherConfig.ContainsKey("import_task") || n.OtherConfig.ContainsKey("dr-run")))
        {
            Violations.Add($"{vm.NameLabel} is on network {network.NameLabel}, which leads nowhere");
        }
    }

    /// <summary>A LUN with an SR on it.</summary>
    /// <param name="Name">The SR's name.</param>
    /// <param name="Type">The SR's type.</param>
    /// <param name="Disks">Its disks.</param>
    /// <param name="Metadata">What each metadata volume on it holds.</param>
    internal sealed record Lun(string Name, string Type, List<string> Disks, Dictionary<string, Func<FakeDatabase>> Metadata);
}
