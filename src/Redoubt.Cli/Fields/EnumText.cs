namespace Redoubt.Cli.Fields;

/// <summary>Spells enums as xe does, which capitalises some of them and writes others with blanks or dots.</summary>
internal static class EnumText
{
    public static string Show(string type, string value) => (type, value) switch
    {
        ("vm_power_state", _) => char.ToLowerInvariant(value[0]) + value[1..],
        ("vdi_type", "rrd") => value,
        ("vdi_type", "ha_statefile") => "HA statefile",
        ("vdi_type", "pvs_cache") => "PVS cache",
        ("vdi_type", "cbt_metadata") => "CBT metadata",
        ("vdi_type" or "on_normal_exit" or "on_softreboot_behavior", _) => Sentence(value),
        ("on_crash_behaviour", "coredump_and_destroy") => "Core dump and destroy",
        ("on_crash_behaviour", "coredump_and_restart") => "Core dump and restart",
        ("on_crash_behaviour", _) => Sentence(value),
        ("storage_operations", ['v', 'd', 'i', '_', .. var operation]) => "VDI." + operation,
        ("storage_operations", ['p', 'b', 'd', '_', .. var operation]) => "PBD." + operation,
        ("host_allowed_operations", ['v', 'm', '_', .. var operation]) => "VM." + operation,
        ("console_protocol", _) => value.ToUpperInvariant(),
        ("task_allowed_operations", _) => Sentence(value),
        ("domain_type" or "bond_mode" or "allocation_algorithm" or "pvs_proxy_status", _) => value.Replace('_', '-'),
        ("tristate_type", "yes") => "true",
        ("tristate_type", "no") => "false",
        _ => value,
    };

    private static string Sentence(string value) => char.ToUpperInvariant(value[0]) + value[1..].Replace('_', ' ');
}
