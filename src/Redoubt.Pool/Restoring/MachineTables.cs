using System.Collections.Frozen;

namespace Redoubt.Pool.Restoring;

/// <summary>
/// The tables that describe the machine a pool runs on and the software on it. A backup can't change what is true of them, so they stay
/// as they are when it is restored.
/// </summary>
internal static class MachineTables
{
    private static readonly FrozenSet<string> Names =
        new[]
        {
            "host_metrics", "host_cpu", "host_patch", "host_crashdump", "PCI", "PGPU", "PUSB", "PIF", "PIF_metrics", "Bond", "VLAN",
            "tunnel",
            "network_sriov", "Feature", "Certificate", "Cluster_host", "SM", "console", "pool_update", "pool_patch",
        }.ToFrozenSet();

    public static bool Contains(string table) => Names.Contains(table);
}
