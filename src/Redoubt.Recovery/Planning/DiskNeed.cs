namespace Redoubt.Recovery;

/// <summary>A disk that a chosen VM needs, and what was found of it in the target pool.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Role">Where the VM has it: <c>position 0</c>, or <c>suspended state</c>.</param>
/// <param name="Recorded">The disk as its pool recorded it.</param>
/// <param name="RecordedSr">Its SR as its pool recorded it; null if that is not known.</param>
/// <param name="SrHere">The SR in the target pool, or null.</param>
/// <param name="Here">The disk in the target pool, or null.</param>
/// <param name="IsSuspendImage">Whether it holds the VM's suspended state.</param>
internal sealed record DiskNeed(
    ChosenVm Vm, string Role, VdiFacts Recorded, SrFacts? RecordedSr, SrFacts? SrHere, VdiFacts? Here, bool IsSuspendImage)
{
    /// <summary>
    /// Whether no VM of the target can use it where it lies: what is attached says so itself, and of what is not, a XenServer's disks are
    /// VHDs.
    /// </summary>
    public required bool IsForeign { get; init; }

    /// <summary>Whether it is copied before its VM is recovered. What a VM's memory was is of no use to another hypervisor.</summary>
    public bool IsToBeCopied => IsForeign && !IsSuspendImage;
}
