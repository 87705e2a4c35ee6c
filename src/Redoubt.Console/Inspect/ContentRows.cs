using Redoubt.Inspection;
using T = Redoubt.Console.Inspect.InspectText;

namespace Redoubt.Console.Inspect;

/// <summary>
/// Lays out what is in a database as the lines of a tree, of which a page shows those that are in sight. Pure.
/// <code>
/// vApp, or VMs in none     open at first
///   VM                     closed at first
///     disk, NIC, snapshot
/// Storage                  open at first
///   SR                     closed at first
///     how a host reaches it
/// Networks, Hosts          open at first
/// </code>
/// </summary>
/// <param name="content">What is in it.</param>
/// <param name="toggled">The keys of the branches that are not as they were at first.</param>
/// <param name="wanted">A part of the name or UUID of what is looked for; empty for everything.</param>
internal sealed class ContentRows(PoolContent content, IReadOnlySet<string> toggled, string wanted)
{
    private readonly List<ContentRow> _rows = [];

    public static List<ContentRow> Of(PoolContent content, IReadOnlySet<string> toggled, string wanted)
    {
        var rows = new ContentRows(content, toggled, wanted.Trim());
        rows.AddAll();
        return rows._rows;
    }

    private void AddAll()
    {
        var vms = content.Vms.Select((vm, i) => (Vm: vm, Key: $"vm:{i}")).ToLookup(v => v.Vm.ApplianceUuid ?? "");
        foreach (var (app, i) in content.Appliances.Select((a, i) => (a, i)))
        {
            AddVms(
                $"app:{i}", "apps", Named(app.NameLabel), [.. vms[app.Uuid].OrderBy(v => v.Vm.Order)],
                isWhole: Matches(app.NameLabel, app.Uuid));
        }

        // Also those of a vApp that is not there, which a damaged database may have.
        var known = content.Appliances.Select(a => a.Uuid).ToHashSet();
        AddVms("loose", "vm", T.Loose, [.. vms.Where(g => !known.Contains(g.Key)).SelectMany(g => g)], isWhole: wanted.Length == 0);
        AddBranch("srs", "disk", T.Storage, content.Srs, s => Matches(s.NameLabel, s.Uuid), AddSr);
        AddBranch("networks", "move", T.Networks, content.Networks, n => Matches(n.NameLabel, n.Uuid),
            (n, key) => _rows.Add(new(key, 1, "move", Named(n.NameLabel), T.Network(n.Bridge, n.Interfaces))));
        AddBranch("hosts", "sites", T.Hosts, content.Hosts, h => Matches(h.NameLabel, h.Uuid),
            (h, key) => _rows.Add(new(key, 1, "sites", Named(h.NameLabel), T.Host(h.Address, h.Software))));
        if (content.Templates > 0 && wanted.Length == 0)
        {
            _rows.Add(new("templates", 0, "file", T.Templates(content.Templates), ""));
        }
    }

    private void AddVms(string key, string icon, string name, List<(VmSummary Vm, string Key)> vms, bool isWhole)
    {
        var shown = isWhole ? vms : [.. vms.Where(v => Matches(v.Vm.NameLabel, v.Vm.Uuid))];
        if (shown.Count == 0 && (key == "loose" || !isWhole))
        {
            return;
        }

        var isOpen = IsOpen(key, atFirst: true);
        _rows.Add(new(key, 0, icon, name, PartsText.Vms(vms.Count), isOpen));
        foreach (var (vm, of) in isOpen ? shown : [])
        {
            AddVm(vm, of);
        }
    }

    private void AddVm(VmSummary vm, string key)
    {
        var facts = T.Vm(vm.PowerState, vm.Vcpus, Spans.Bytes(vm.MemoryBytes), vm.Order, vm.Version);
        facts = vm.ResidentOn is { } host ? T.VmOn(facts, Named(host)) : facts;
        facts = vm.StartDelaySeconds > 0 ? T.WaitAfterStart(facts, vm.StartDelaySeconds) : facts;
        var isLeaf = vm.Disks.Count + vm.Interfaces.Count + vm.Snapshots.Count == 0;
        var isOpen = IsOpen(key, atFirst: false);
        _rows.Add(new(key, 1, "vm", Named(vm.NameLabel), facts, isLeaf ? null : isOpen));
        if (isLeaf || !isOpen)
        {
            return;
        }

        _rows.AddRange(vm.Disks.Select((d, i) => new ContentRow($"{key}:disk:{i}", 2, "disk", T.Disk(d.Type, d.Position), DiskFacts(d))));
        _rows.AddRange(vm.Interfaces.Select((n, i) => new ContentRow(
            $"{key}:nic:{i}", 2, "move", T.Interface(n.Device),
            n.NetworkUuid is null ? T.Also(n.Mac, T.NoNetwork) : T.InterfaceFacts(n.Mac, Named(n.NetworkNameLabel)))));
        _rows.AddRange(vm.Snapshots.Select((s, i) => new ContentRow($"{key}:snapshot:{i}", 2, "history", T.Snapshot, Named(s))));
    }

    private void AddSr(SrSummary sr, string key)
    {
        var facts = T.Sr(sr.Type, sr.Disks);
        facts = sr.Shared ? T.Also(facts, T.Shared) : facts;
        facts = sr.HoldsMetadata ? T.Also(facts, T.HoldsMetadata) : facts;
        var isOpen = IsOpen(key, atFirst: false);
        _rows.Add(new(key, 1, "disk", Named(sr.NameLabel), facts, sr.Connections.Count == 0 ? null : isOpen));
        if (isOpen)
        {
            _rows.AddRange(sr.Connections.Select((c, i) => new ContentRow(
                $"{key}:way:{i}", 2, "sites", c.Host is { } host ? Named(host) : T.HostGone,
                T.Also(c.Attached ? T.Attached : T.NotAttached, string.Join(' ', c.DeviceConfig.Select(p => $"{p.Key}={p.Value}"))))));
        }
    }

    private void AddBranch<TItem>(
        string key, string icon, string name, IReadOnlyList<TItem> items, Func<TItem, bool> matches, Action<TItem, string> add)
    {
        var shown = items.Select((item, i) => (Item: item, Key: $"{key}:{i}")).Where(i => wanted.Length == 0 || matches(i.Item)).ToList();
        if (shown.Count == 0)
        {
            return;
        }

        var isOpen = IsOpen(key, atFirst: true);
        _rows.Add(new(key, 0, icon, name, T.Items(items.Count), isOpen));
        foreach (var (item, of) in isOpen ? shown : [])
        {
            add(item, of);
        }
    }

    private static string DiskFacts(DiskSummary disk)
    {
        var facts = disk.VdiUuid is null
            ? T.EmptyDrive
            : T.DiskFacts(Named(disk.NameLabel), Spans.Bytes(disk.SizeBytes), Named(disk.SrNameLabel), disk.Location ?? "");
        return disk.Bootable ? T.Also(facts, T.Boots) : facts;
    }

    private bool IsOpen(string key, bool atFirst) => toggled.Contains(key) ? !atFirst : atFirst;

    private bool Matches(string name, string uuid) =>
        name.Contains(wanted, StringComparison.OrdinalIgnoreCase) || uuid.Contains(wanted, StringComparison.OrdinalIgnoreCase);

    private static string Named(string? name) => string.IsNullOrWhiteSpace(name) ? T.NoName : name;
}
