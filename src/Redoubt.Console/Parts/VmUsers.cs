using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Console.Parts;

/// <summary>The VMs that something belongs to: that have a disk in a drive, an interface on a network, or run on a host.</summary>
/// <param name="Shown">Those that are VMs to people and have a page each, by name.</param>
/// <param name="Names">Of all of them: snapshots and templates lose what is taken away as VMs do.</param>
internal sealed record VmUsers(IReadOnlyList<(string Uuid, string Name)> Shown, IReadOnlyList<string> Names)
{
    /// <summary>How many of them are named where there are many.</summary>
    public const int Named = 6;

    /// <summary>All of them in words.</summary>
    public string InWords =>
        string.Join(", ", Names.Take(Named)) + (Names.Count > Named ? " " + PartsText.AndMore(Names.Count - Named) : "");

    /// <summary>Those of some VMs that are there.</summary>
    public static VmUsers Of(DatabaseState state, IEnumerable<Ref<VmRecord>> vms)
    {
        var all = vms.Distinct().Select(state.Find).OfType<VmRecord>().Select(vm => (
                vm.Uuid, Name: vm.NameLabel.Length > 0 ? vm.NameLabel : vm.Uuid,
                IsShown: vm is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false }))
            .OrderBy(vm => vm.Name, StringComparer.OrdinalIgnoreCase).ThenBy(vm => vm.Uuid, StringComparer.Ordinal).ToList();
        return new([.. all.Where(vm => vm.IsShown).Select(vm => (vm.Uuid, vm.Name))], [.. all.Select(vm => vm.Name)]);
    }
}
