using System.Collections.Frozen;
using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What XenAPI lets be set and nothing here goes by. Such a field keeps what a VM brings along when it is recovered, imported or created
/// from a record, since it belongs to the VM and counts again on a server that goes by it; but whoever sets it anew is told that nothing
/// would come of it.
/// </summary>
public static class FieldEffects
{
    // The field, or after a colon one key of a map and with a star all that are not named; what may be set all the same, in the database's
    // text and with bars between, because it asks for nothing, or a dash for nothing at all; why.
    private const string Table = """
        VM.VCPUs_params () guests share the processors alike: weights, caps and masks are not handed to the hypervisor
        VM.xenstore_data:vm-data  a guest reads what lies below it
        VM.xenstore_data:* - guests have no XenStore; they are given what lies under vm-data/
        VM.actions_after_softreboot soft_reboot there is no soft reboot
        VM.actions_after_crash destroy|restart a VM that crashes stays off or is started again; no core is dumped, no guest is preserved
        VM.PV_bootloader_args  a guest boots through its firmware or the kernel that it names
        VM.PV_legacy_args  a guest boots through its firmware or the kernel that it names
        VM.PCI_bus  no PCI devices are handed to guests
        VM.ha_restart_priority  there is no high availability
        VM.ha_always_run false there is no high availability
        VM.HVM_boot_params:* - a VM boots by order and firmware
        VM.platform:acpi 1|true every guest has it
        VM.platform:apic 1|true every guest has it
        VM.platform:pae 1|true every guest has it
        VM.platform:nx 1|true every guest has it
        VM.platform:usb 1|true every guest with a screen has it
        VM.platform:usb_tablet 1|true every guest with a screen has it
        VM.platform:viridian 0|false guests are not shown what Hyper-V has for Windows
        VM.platform:nested-virt 0|false guests run no guests of their own
        VM.platform:exp-nested-hvm 0|false guests run no guests of their own
        VM.platform:secureboot 0|false|auto the firmware starts what is not signed too
        VM.platform:vga std guests have a standard VGA card
        VM.platform:timeoffset 0 the clock of a guest begins with the host's, in UTC
        VM.platform:device-model qemu-upstream|qemu-upstream-compat|qemu-upstream-uefi guests run in the host's QEMU
        VM.platform:* - no other key of it means anything to the hypervisor here; cores-per-socket and vtpm do
        VM.hardware_platform_version 0 guests have the hardware of the host's hypervisor
        VM.has_vendor_device false guests have no vendor device
        VDI.xenstore_data () guests have no XenStore
        VDI.on_boot persist a disk keeps what is written to it
        VDI.allow_caching false disks are not cached on the host
        VBD.bootable - a guest boots from the first of its disks or its CDs, as HVM_boot_params:order says
        VBD.qos_algorithm_type  no drive is throttled
        VBD.qos_algorithm_params () no drive is throttled
        VIF.locking_mode network_default|unlocked what a guest sends is not filtered
        VIF.qos_algorithm_type  no interface is throttled
        VIF.qos_algorithm_params () no interface is throttled
        network.default_locking_mode unlocked what a guest sends is not filtered
        host.hostname - it is the name that the host itself has
        host.address - it is the address that the daemon listens at
        host.display enabled the host's own screen is not the daemon's
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
        pool.migration_compression false the memory of a guest that moves is not compressed
        pool.coordinator_bias false a VM is placed on the host that coordinates as on any other
        pool.health_check_config () nothing is uploaded to anybody's health check
        blob.public - blobs are not there
        GPU_group.allocation_algorithm - no devices of the host are handed to guests
        VGPU.extra_args - no devices of the host are handed to guests
        tunnel.status - the host's network is set up by its own means
        tunnel.protocol - the host's network is set up by its own means
        VMPP.is_policy_enabled false xapi itself removed them
        VMPP.backup_type - xapi itself removed them
        """;

    // The keys that something goes by, in maps of which the table names others: whether a value means something, and what does. One that
    // ends with a slash stands for all below.
    private static readonly FrozenDictionary<string, (Func<string, bool> IsMeant, string Rule)> HeededKeys =
        new Dictionary<string, (Func<string, bool> IsMeant, string Rule)>
        {
            ["VM.HVM_boot_params:order"] = (
                order => order.All(letter => letter is 'a' or 'c' or 'd' or 'n'),
                "it has the letters c for disks, d for CDs and n for the network"),
            ["VM.HVM_boot_params:firmware"] = (firmware => firmware is "bios" or "uefi", "it is bios or uefi"),
            [$"VM.platform:{DomainPlan.CoresPerSocket}"] = (cores => DomainPlan.Cores(cores) is not null, "it is a number from 1"),
            [$"VM.xenstore_data:{GuestData.Prefix}"] = (GuestData.IsMeant, "a guest is given lines of text"),
            [$"VM.platform:{VirtualTpms.PlatformKey}"] = (tpm => tpm is "true" or "1" or "false" or "0", "it is true or false"),
        }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, FieldEffect> Effects = Table.Split('\n').Select(Parse)
        .ToFrozenDictionary(e => e.Field);

    /// <summary>All of them, in order.</summary>
    public static IEnumerable<FieldEffect> All => Effects.Values.OrderBy(e => e.Field, StringComparer.Ordinal);

    /// <summary>
    /// Refuses a change after which a field would ask for something that is not done. One that leaves a field as it was is none.
    /// </summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>.</exception>
    public static void Require(ClassModel model, FieldModel field, Record before, Record after)
    {
        var name = $"{model.Name}.{field.Name}";
        if (before is VmRecord vm && field.Name is "HVM_boot_params" or "platform" or "PV_args")
        {
            AdoptedVm.RequireOwn(vm, $"a change of its {field.Name}");
        }

        if (Effects.TryGetValue(name, out var effect))
        {
            var (old, now) = (field.Type.EncodeObject(field.GetValue(before)), field.Type.EncodeObject(field.GetValue(after)));
            Require(effect, effect.Field, old, now);
        }
        else if (Effects.TryGetValue(name + ":*", out var others))
        {
            var old = (ImmutableSortedDictionary<string, string>)field.GetValue(before)!;
            var all = (ImmutableSortedDictionary<string, string>)field.GetValue(after)!;
            foreach (var (key, now) in all)
            {
                var (keyed, was) = ($"{name}:{key}", old.GetValueOrDefault(key));
                if (!HeededKeys.TryGetValue(Below(keyed), out var heeded))
                {
                    Require(Effects.GetValueOrDefault(keyed, others), keyed, was, now);
                }
                else if (now != was && !heeded.IsMeant(now))
                {
                    throw NotDone(keyed, now, heeded.Rule);
                }
            }

            if (name == "VM.xenstore_data" && GuestData.Fits(old) && !GuestData.Fits(all))
            {
                throw NotDone(name, $"{all.Count} keys", "a guest is given 255 strings and 32 KiB of them at most");
            }
        }
    }

    /// <summary>
    /// Refuses an object that a client makes and that would ask, with one of these fields, for something that is not done.
    /// </summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>.</exception>
    public static void RequireNew(ClassModel model, Record made, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            var effect = Effects[$"{model.Name}.{field}"];
            Require(effect, effect.Field, null, model.FindField(field)!.Type.EncodeObject(model.FindField(field)!.GetValue(made)));
        }
    }

    private static string Below(string keyed) => keyed.IndexOf('/') is > 0 and var slash ? keyed[..(slash + 1)] : keyed;

    private static void Require(FieldEffect effect, string field, string? old, string now)
    {
        if (now != old && !effect.AsksNothing.Contains(now))
        {
            throw NotDone(field, now, effect.Why);
        }
    }

    private static XenApiException NotDone(string field, string value, string why) =>
        new("VALUE_NOT_SUPPORTED", field, value, $"This is not done here: {why}.");

    private static FieldEffect Parse(string line)
    {
        var words = line.Split(' ', 3);
        return new(words[0], words[1] == "-" ? [] : words[1].Split('|'), words[2]);
    }
}
