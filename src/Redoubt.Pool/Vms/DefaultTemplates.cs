using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The templates that every pool begins with, from which clients make VMs. They are made once: whoever removes or changes one has it so.
/// Pure but for the transaction.
/// </summary>
internal static class DefaultTemplates
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    // In the pool's other_config.
    private const string Made = "default-templates-made";

    // By these, clients know what they may offer.
    private static readonly string Limits =
        $"<restrictions><restriction field=\"memory-static-max\" max=\"{1L << 50}\"/><restriction field=\"vcpus-max\" max=\"1024\"/>"
        + $"<restriction max=\"{DeviceNumber.Drives}\" property=\"number-of-vbds\"/>"
        + $"<restriction max=\"{DeviceNumber.Interfaces}\" property=\"number-of-vifs\"/></restrictions>";

    private static readonly ImmutableArray<VmRecord> All =
    [
        Template("Other install media", "Any guest that boots through a BIOS.", "bios", 256 * MiB, 1 * GiB, 1, 20 * GiB),
        Template("Linux (BIOS)", "A Linux that boots through a BIOS.", "bios", 256 * MiB, 2 * GiB, 1, 20 * GiB),
        Template("Linux (UEFI)", "A Linux that boots through UEFI.", "uefi", 256 * MiB, 2 * GiB, 1, 20 * GiB),
        Template(
            "Windows (UEFI)", "A Windows that boots through UEFI and wants a TPM.", "uefi", 2 * GiB, 4 * GiB, 2, 64 * GiB) is var windows
            ? windows with { Platform = windows.Platform.Add(VirtualTpms.PlatformKey, "true") }
            : windows,
    ];

    /// <summary>Makes them if that was not done before.</summary>
    public static void Make(Transaction tx, Ref<PoolRecord> pool)
    {
        if (tx.Get(pool).OtherConfig.ContainsKey(Made))
        {
            return;
        }

        foreach (var template in All)
        {
            NewVm.Create(tx, template);
        }

        tx.Update(pool, p => p with { OtherConfig = p.OtherConfig.SetItem(Made, "true") });
    }

    private static VmRecord Template(
        string name, string description, string firmware, long leastMemory, long memory, long vcpus, long disk) => new()
        {
            NameLabel = name,
            NameDescription = description,
            IsATemplate = true,
            IsDefaultTemplate = true,
            PowerState = VmPowerState.Halted,
            UserVersion = 1,
            MemoryStaticMin = leastMemory,
            MemoryDynamicMin = memory,
            MemoryDynamicMax = memory,
            MemoryStaticMax = memory,
            MemoryTarget = memory,
            VcpusMax = vcpus,
            VcpusAtStartup = vcpus,
            ActionsAfterShutdown = OnNormalExit.Destroy,
            ActionsAfterReboot = OnNormalExit.Restart,
            ActionsAfterCrash = OnCrashBehaviour.Destroy,
            HvmBootPolicy = "BIOS order",

            // Disks first: an empty one is passed over for the CD that the guest is installed from, and afterwards it is what is booted.
            HvmBootParams = ImmutableSortedDictionary<string, string>.Empty.Add("order", "cd").Add("firmware", firmware),
            DomainType = DomainType.Hvm,
            Platform = ImmutableSortedDictionary<string, string>.Empty,
            OtherConfig = ImmutableSortedDictionary<string, string>.Empty
            .Add("default_template", "true")
            .Add("install-methods", "cdrom")
            .Add(ProvisionedDisk.Key, ProvisionedDisk.Text(new ProvisionedDisk("0", disk, "", IsBootable: true, VdiType.System))),
            Recommendations = Limits,
        };
}
