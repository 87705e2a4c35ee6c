using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// What in a database's rows can't be: it was damaged, forged, or written by a newer version. None of it may keep the rest from being
/// recovered, so each becomes a fact of the VM that it belongs to. Pure.
/// </summary>
internal sealed class OddRows(DatabaseTables tables)
{
    // No machine has more; a VM that says so is recovered all the same, and can be given less.
    private const long MostMemory = 1L << 50;
    private const long MostProcessors = 4096;
    private const long LongestDelay = 30 * 24 * 3600;

    private readonly Dictionary<string, int> _vms = Count(tables.Vms.Values.Select(v => v.Uuid));
    private readonly Dictionary<string, int> _disks = Count(tables.Vdis.Values.Select(v => v.Uuid));
    private readonly Dictionary<string, int> _appliances = Count(tables.Appliances.Values.Select(a => a.Uuid));

    /// <summary>Whether a vApp can't be recovered as one.</summary>
    public bool IsUnusable(VmApplianceRecord appliance) => UnusableRows.Is(appliance, _appliances[appliance.Uuid]);

    /// <summary>Why nothing can be recovered from a VM's rows; null if it can.</summary>
    public string? WhyUnusable(VmRecord vm, IEnumerable<VbdRecord> vbds)
    {
        var disks = vbds.Where(b => b.Type != VbdType.Cd).Select(b => tables.Vdis.GetValueOrDefault(b.Vdi)).OfType<VdiRecord>();
        var image = vm.PowerState == VmPowerState.Suspended ? tables.Vdis.GetValueOrDefault(vm.SuspendVdi) : null;
        return UnusableRows.Why(vm, _vms[vm.Uuid])
            ?? (vm.PowerState == VmPowerState.Suspended && image is null
                ? "it was suspended, and the database does not know where its suspended state is"
                : null)
            ?? disks.Concat(image is null ? [] : [image]).Select(Why).FirstOrDefault(why => why is not null);
    }

    /// <summary>What else its rows say that can't be so, in sentences.</summary>
    public IEnumerable<string> Of(VmRecord vm, IEnumerable<VbdRecord> vbds, IEnumerable<VifRecord> vifs)
    {
        foreach (var (field, says) in NewerNames.Of(vm).Concat(vbds.SelectMany(NewerNames.Of)).Concat(vifs.SelectMany(NewerNames.Of)))
        {
            yield return $"{field} says {BriefText.Of(says, 80)}, for which this version has no word";
        }

        if (vm.NameLabel.Length > BriefText.NameLength)
        {
            yield return Text($"its name has {vm.NameLabel.Length} characters");
        }

        if (vm.MemoryStaticMax is <= 0 or > MostMemory)
        {
            yield return Text($"its memory is {vm.MemoryStaticMax} bytes");
        }

        if (vm.VcpusAtStartup is < 1 or > MostProcessors)
        {
            yield return Text($"it has {vm.VcpusAtStartup} processors");
        }

        if (vm.StartDelay is < 0 or > LongestDelay)
        {
            yield return Text($"its start delay is {vm.StartDelay} seconds");
        }

        if (vm.Order < 0)
        {
            yield return Text($"its order is {vm.Order}");
        }

        if (!vm.Appliance.IsNull && (tables.Appliances.GetValueOrDefault(vm.Appliance) is not { } appliance || IsUnusable(appliance)))
        {
            yield return "its vApp is not known, or known twice; it is recovered by itself";
        }

        if (!vm.SnapshotOf.IsNull)
        {
            yield return "it is the snapshot of something, and yet no snapshot";
        }
    }

    private string? Why(VdiRecord disk) => tables.Srs.GetValueOrDefault(disk.Sr) is { ContentType: "iso" } ? null
        : UnusableRows.Why(disk, tables.Srs.GetValueOrDefault(disk.Sr), _disks[disk.Uuid]);

    private static Dictionary<string, int> Count(IEnumerable<string> uuids)
    {
        var counts = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var uuid in uuids)
        {
            counts[uuid] = counts.GetValueOrDefault(uuid) + 1;
        }

        return counts;
    }

    private static string Text(FormattableString sentence) => sentence.ToString(CultureInfo.InvariantCulture);
}
