using Redoubt.XenApi;

namespace Redoubt.Server.Console.Protection;

/// <summary>A VM as the console shows it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="Power">Whether it runs.</param>
/// <param name="Appliance">Its vApp, if it is in one.</param>
/// <param name="Disks">Its disks.</param>
/// <param name="Exposure">What would keep it from coming back.</param>
public sealed record VmView(
    Ref<VmRecord> Ref, string Uuid, string Name, VmPowerState Power, Ref<VmApplianceRecord> Appliance, IReadOnlyList<DiskView> Disks, Exposure Exposure)
{
    /// <summary>Its tier: lower ones start first.</summary>
    public long Order { get; init; }

    /// <summary>How long the next tier waits after it.</summary>
    public TimeSpan StartDelay { get; init; }

    /// <summary>How it is known to be well; empty for waiting out its delay.</summary>
    public string Health { get; init; } = "";

    /// <summary>The UUID of the VM of which it is a test's copy; empty if it is none.</summary>
    public string TestOf { get; init; } = "";
}

/// <summary>A disk of a VM.</summary>
/// <param name="Device">Its place in the VM.</param>
/// <param name="Name">Its name.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="Sr">Where it lies; null if its record or its SR is gone.</param>
public sealed record DiskView(string Device, string Name, long SizeBytes, SrView? Sr);

/// <summary>What would keep a VM from coming back after a disaster.</summary>
public enum Exposure
{
    /// <summary>Nothing: all its disks and its metadata are on protected storage.</summary>
    None,

    /// <summary>A disk lies on an SR without the pool's metadata.</summary>
    UnprotectedSr,

    /// <summary>A disk lies on storage of one host, which is lost with it.</summary>
    LocalDisk,

    /// <summary>A disk's record is gone.</summary>
    LostDisk,

    /// <summary>It has no disk, so its metadata lie nowhere but with other VMs'.</summary>
    NoDisk,
}
