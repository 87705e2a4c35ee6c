using System.Collections.Frozen;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What XenAPI lets be set and nothing here goes by. Such a field keeps what a VM brings along when it is recovered, imported or created from a
/// record, since it belongs to the VM and counts again on a server that goes by it; but whoever sets it anew is told that nothing would come of it.
/// </summary>
public static class FieldEffects
{
    // The field; what may be set all the same, in the database's text and with bars between, because it asks for nothing; why.
    private const string Table = """
        VM.VCPUs_params () guests share the processors alike: weights, caps and masks are not handed to the hypervisor
        VM.xenstore_data () guests have no XenStore; what a guest shall read goes into a disk or is asked of its agent
        VM.actions_after_shutdown destroy a VM that shuts itself down stays off
        VM.actions_after_reboot restart a VM that reboots comes up again
        VM.actions_after_softreboot soft_reboot there is no soft reboot
        VM.actions_after_crash destroy a VM that crashes stays off, and a message tells of it
        VM.PV_bootloader_args  a guest boots through its firmware or the kernel that it names
        VM.PV_legacy_args  a guest boots through its firmware or the kernel that it names
        VM.PCI_bus  no PCI devices are handed to guests
        VM.hardware_platform_version 0 guests have the hardware of the host's hypervisor
        VDI.xenstore_data () guests have no XenStore
        VBD.qos_algorithm_type  no drive is throttled
        VBD.qos_algorithm_params () no drive is throttled
        VIF.qos_algorithm_type  no interface is throttled
        VIF.qos_algorithm_params () no interface is throttled
        host.logging () the daemon logs to its standard output, and the system's journal sends it on
        host.crash_dump_sr OpaqueRef:NULL no crash dumps are kept
        host.license_server () there is nothing to license
        host.guest_VCPUs_params () guests share the processors alike
        pool.crash_dump_SR OpaqueRef:NULL no crash dumps are kept
        pool.ha_allow_overcommit false there is no high availability
        pool.wlb_enabled false there is no workload balancing
        pool.wlb_verify_cert false there is no workload balancing
        pool.live_patching_disabled false there is no live patching
        pool.policy_no_vendor_device false guests have no vendor device
        pool.is_psr_pending false the pool has no secret of its hosts to rotate
        pool.migration_compression false there is no live migration
        """;

    private static readonly FrozenDictionary<string, FieldEffect> Effects = Table.Split('\n').Select(Parse).ToFrozenDictionary(e => e.Field);

    /// <summary>All of them, in order.</summary>
    public static IEnumerable<FieldEffect> All => Effects.Values.OrderBy(e => e.Field, StringComparer.Ordinal);

    /// <summary>Refuses a change after which a field would ask for something that is not done. One that leaves a field as it was is none.</summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>.</exception>
    public static void Require(ClassModel model, FieldModel field, Record before, Record after)
    {
        if (!Effects.TryGetValue($"{model.Name}.{field.Name}", out var effect))
        {
            return;
        }

        var (old, now) = (field.Type.EncodeObject(field.GetValue(before)), field.Type.EncodeObject(field.GetValue(after)));
        if (now != old && !effect.AsksNothing.Contains(now))
        {
            throw new XenApiException("VALUE_NOT_SUPPORTED", effect.Field, now, $"This is not done here: {effect.Why}.");
        }
    }

    private static FieldEffect Parse(string line)
    {
        var words = line.Split(' ', 3);
        return new(words[0], words[1].Split('|'), words[2]);
    }
}
