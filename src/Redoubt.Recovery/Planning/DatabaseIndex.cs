using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Finds things in one database by what recoveries look for.</summary>
internal sealed class DatabaseIndex(DatabaseFacts facts)
{
    private readonly Dictionary<string, VmFacts> _vms = First(facts.Vms, v => v.Uuid);
    private readonly Dictionary<string, SrFacts> _srs = First(facts.Srs, s => s.Uuid);
    private readonly Dictionary<string, VdiFacts> _vdis = First(facts.Vdis, v => v.Uuid);
    private readonly Dictionary<string, NetworkFacts> _networks = First(facts.Networks, n => n.Uuid);
    private readonly Dictionary<string, ApplianceFacts> _appliances = First(facts.Appliances, a => a.Uuid);
    private readonly Dictionary<(string Sr, string Location), VdiFacts> _places = First(
        facts.Vdis.Where(v => !v.IsMissing), v => (v.SrUuid, v.Location));
    private readonly Dictionary<string, VdiFacts> _devices = First(
        facts.Vdis.Where(v => !v.IsMissing && v.ScsiId.Length > 0), v => v.ScsiId);
    private readonly ILookup<string, VmFacts> _members = facts.Vms.Where(v => v.ApplianceUuid.Length > 0).ToLookup(v => v.ApplianceUuid);

    private readonly ILookup<string, VmFacts> _names = facts.Vms.ToLookup(v => v.Name);
    private readonly ILookup<string, VdiFacts> _locations = facts.Vdis.Where(v => !v.IsMissing).ToLookup(v => v.Location);

    public DatabaseFacts Facts => facts;

    public VmFacts? Vm(string uuid) => _vms.GetValueOrDefault(uuid);

    public IEnumerable<VmFacts> VmsNamed(string name) => _names[name];

    public SrFacts? Sr(string uuid) => _srs.GetValueOrDefault(uuid);

    public VdiFacts? Vdi(string uuid) => _vdis.GetValueOrDefault(uuid);

    public NetworkFacts? Network(string uuid) => _networks.GetValueOrDefault(uuid);

    public ApplianceFacts? Appliance(string uuid) => _appliances.GetValueOrDefault(uuid);

    public IEnumerable<VmFacts> Members(string applianceUuid) => _members[applianceUuid];

    /// <summary>The disk that a recovery would take for another pool's: the same device, or the same place in the same SR.</summary>
    public VdiFacts? SameDisk(VdiFacts theirs) =>
        (theirs.ScsiId.Length > 0 ? _devices.GetValueOrDefault(theirs.ScsiId) : null)
            ?? _places.GetValueOrDefault((theirs.SrUuid, theirs.Location));

    /// <summary>Installation media of this name on any SR for such.</summary>
    public VdiFacts? SameIso(VdiFacts theirs) => _locations[theirs.Location].FirstOrDefault(v => Sr(v.SrUuid) is { IsIso: true });

    /// <summary>Whether a VM of this UUID does anything here.</summary>
    public bool IsAlive(string uuid) => Vm(uuid) is { PowerState: VmPowerState.Running or VmPowerState.Paused };

    private static Dictionary<TKey, T> First<TKey, T>(IEnumerable<T> items, Func<T, TKey> key)
        where TKey : notnull
    {
        var found = new Dictionary<TKey, T>();
        // What has no UUID is nobody's: "none" is spelled so, too.
        foreach (var item in items.Where(i => key(i) is not ""))
        {
            found.TryAdd(key(item), item);
        }

        return found;
    }
}
