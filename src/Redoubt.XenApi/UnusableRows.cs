using System.Globalization;

namespace Redoubt.XenApi;

/// <summary>
/// Rows of another pool's database that are so damaged that nothing can be recovered from them. They cost the VM that they belong to, and
/// no other. Whoever plans and whoever recovers must agree on them, so both ask here. Pure.
/// </summary>
public static class UnusableRows
{
    // A VM is recovered a few times in its life. Far more is damage, or meant to win over every other copy.
    private const long MostVersions = 1_000_000_000;

    /// <summary>Why a VM can't be recovered from its row; null if it can.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="sameUuid">How many rows of VMs, templates and snapshots have its UUID, its own included.</param>
    public static string? Why(VmRecord vm, int sameUuid)
    {
        ArgumentNullException.ThrowIfNull(vm);
        return !HasUuid(vm.Uuid) ? $"\"{BriefText.Of(vm.Uuid, 40)}\" is no UUID"
            : sameUuid > 1 ? string.Create(
                CultureInfo.InvariantCulture, $"{sameUuid} rows have its UUID {vm.Uuid}, and nothing says which of them is the VM")
            : vm.Version is < 0 or > MostVersions ? string.Create(
                CultureInfo.InvariantCulture, $"its version, which counts recoveries, is {vm.Version}")
            : null;
    }

    /// <summary>Why a VM's disk can't be found by its row; null if it can.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="sr">Its SR; null if the database lacks it.</param>
    /// <param name="sameUuid">How many rows of disks have its UUID, its own included.</param>
    public static string? Why(VdiRecord disk, SrRecord? sr, int sameUuid)
    {
        ArgumentNullException.ThrowIfNull(disk);
        var name = $"its disk \"{BriefText.Of(disk.NameLabel, 80)}\" ({BriefText.Of(disk.Uuid, 40)})";
        return !HasUuid(disk.Uuid) ? $"{name} has no UUID"
            : sameUuid > 1 ? string.Create(CultureInfo.InvariantCulture, $"{name}: {sameUuid} rows of disks have that UUID")
            : sr is null || !HasUuid(sr.Uuid) ? $"{name} is on an SR that the database does not know"
            : disk.Location.Length == 0 ? $"{name} has no location on its SR"
            : null;
    }

    /// <summary>Whether a vApp can't be recovered as one, so that its VMs are recovered each by itself.</summary>
    /// <param name="appliance">The vApp.</param>
    /// <param name="sameUuid">How many rows of vApps have its UUID, its own included.</param>
    public static bool Is(VmApplianceRecord appliance, int sameUuid)
    {
        ArgumentNullException.ThrowIfNull(appliance);
        return !HasUuid(appliance.Uuid) || sameUuid > 1;
    }

    private static bool HasUuid(string text) => Guid.TryParseExact(text, "D", out var uuid) && uuid != Guid.Empty;
}
