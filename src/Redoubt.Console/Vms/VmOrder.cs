using Redoubt.Database;
using Redoubt.Desk;

namespace Redoubt.Console.Vms;

/// <summary>By which column VMs are sorted.</summary>
internal enum VmColumn
{
    /// <summary>Their names.</summary>
    Name,

    /// <summary>Whether they run.</summary>
    State,

    /// <summary>The hosts that they run on.</summary>
    Host,

    /// <summary>Their memory.</summary>
    Memory,

    /// <summary>Their vApps.</summary>
    VApp,

    /// <summary>What a disaster would do to them.</summary>
    Protection,
}

/// <summary>The VMs that are looked for, in the order that is wanted. Pure.</summary>
/// <param name="Column">By what they are sorted; among equals by name.</param>
/// <param name="IsDown">Whether the other way round.</param>
/// <param name="Text">What stands in the name, a tag, the UUID or a MAC address; empty for anything.</param>
/// <param name="Shown">Which of them.</param>
internal sealed record VmOrder(VmColumn Column, bool IsDown, string Text, VmFilter Shown)
{
    /// <summary>Those that are wanted.</summary>
    public List<VmView> Of(DatabaseState state, IEnumerable<VmView> vms)
    {
        var wanted = vms.Where(v => IsShown(v) && IsMeant(state, v));
        var sorted = Column switch
        {
            VmColumn.Name => By(wanted, v => v.Name.ToUpperInvariant()),
            VmColumn.State => By(wanted, v => (int)v.Power),
            VmColumn.Host => By(wanted, v => HostOf(state, v)),
            VmColumn.Memory => By(wanted, v => state.Get(v.Ref).MemoryStaticMax),
            VmColumn.VApp => By(wanted, v => state.Find(v.Appliance)?.NameLabel ?? ""),
            VmColumn.Protection => By(wanted, v => (int)v.Exposure),
        };
        return [.. sorted.ThenBy(v => v.Name, StringComparer.OrdinalIgnoreCase).ThenBy(v => v.Uuid, StringComparer.Ordinal)];
    }

    /// <summary>Sorted by a column; by the same once more, the other way round.</summary>
    public VmOrder By(VmColumn column) => this with { Column = column, IsDown = Column == column && !IsDown };

    /// <summary>The name of the host that a VM runs on; empty for none.</summary>
    public static string HostOf(DatabaseState state, VmView vm) => state.Find(state.Get(vm.Ref).ResidentOn)?.NameLabel ?? "";

    private IOrderedEnumerable<VmView> By<T>(IEnumerable<VmView> vms, Func<VmView, T> key) =>
        IsDown ? vms.OrderByDescending(key) : vms.OrderBy(key);

    private bool IsShown(VmView vm) => Shown switch
    {
        VmFilter.All => true,
        VmFilter.Running => vm.Power is XenApi.VmPowerState.Running or XenApi.VmPowerState.Paused,
        VmFilter.Off => vm.Power is not (XenApi.VmPowerState.Running or XenApi.VmPowerState.Paused),
        VmFilter.Exposed => vm.Exposure != Exposure.None && !vm.IsOfTest,
        VmFilter.Alone => vm.Appliance.IsNull,
    };

    private bool IsMeant(DatabaseState state, VmView vm)
    {
        if (Text.Length == 0 || Has(vm.Name) || vm.Uuid.StartsWith(Text, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var record = state.Get(vm.Ref);
        return record.Tags.Any(Has) || record.Vifs.Any(v => Has(state.Find(v)?.Mac ?? ""));
    }

    private bool Has(string text) => text.Contains(Text, StringComparison.OrdinalIgnoreCase);
}
