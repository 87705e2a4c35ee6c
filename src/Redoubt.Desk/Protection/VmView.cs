using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>A VM, and what a disaster would do to it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="Power">Whether it runs.</param>
/// <param name="Appliance">Its vApp, if it is in one.</param>
/// <param name="Disks">Its disks.</param>
/// <param name="Exposure">What would keep it from coming back.</param>
public sealed record VmView(
    Ref<VmRecord> Ref, string Uuid, string Name, VmPowerState Power, Ref<VmApplianceRecord> Appliance, IReadOnlyList<DiskView> Disks,
    Exposure Exposure)
{
    /// <summary>Its tier: lower ones start first.</summary>
    public long Order { get; init; }

    /// <summary>How long the next tier waits after it.</summary>
    public TimeSpan StartDelay { get; init; }

    /// <summary>How it is known to be well; empty for waiting out its delay.</summary>
    public string Health { get; init; } = "";

    /// <summary>Whether it belongs to a test failover, and is meant to go.</summary>
    public bool IsOfTest { get; init; }

    /// <summary>Where a suspended one's memory lies; null if it is not suspended, or its SR is gone.</summary>
    public DiskView? Memory { get; init; }

    /// <summary>
    /// When it was started, if it boots through UEFI or has a TPM, and what either keeps is not in the metadata; null if it is or need not
    /// be.
    /// </summary>
    public DateTimeOffset? FirmwareUnkeptSince { get; init; }

    /// <summary>The names of the SRs that are to blame for its exposure.</summary>
    public string CulpritNames() => string.Join(", ", Disks.Append(Memory).OfType<DiskView>().Select(d => d.Sr).OfType<SrView>()
        .Where(sr => Exposure == Exposure.LocalDisk ? !sr.IsShared : !sr.IsProtected).Select(sr => sr.Name)
            .Distinct(StringComparer.Ordinal));
}
