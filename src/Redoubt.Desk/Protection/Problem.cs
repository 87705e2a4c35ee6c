using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Something that is not as it should be with a pool's protection. A closed set: each of those who show it, the status in sentences
/// (<see cref="ProblemSentences"/>) and the dashboard with what mends it, has words for all of them.
/// </summary>
/// <param name="Weight">How much it matters.</param>
public abstract record Problem(ProblemWeight Weight)
{
    /// <summary>The daemon's own directory hangs, or can't be written.</summary>
    /// <param name="Why">What is wrong, in a sentence.</param>
    public sealed record DirectoryFails(string Why) : Problem(ProblemWeight.Bad);

    /// <summary>A VM that runs here and at a site: its data part.</summary>
    /// <param name="Vm">The VM, as it is here.</param>
    /// <param name="Site">The site.</param>
    public sealed record RunsTwice(VmRecord Vm, Site Site) : Problem(ProblemWeight.Bad);

    /// <summary>A site that answers, and could start what runs here.</summary>
    /// <param name="Site">The site.</param>
    /// <param name="Why">Why nothing keeps it from that, in a clause about it.</param>
    public sealed record SiteUnkept(Site Site, string Why) : Problem(ProblemWeight.Bad);

    /// <summary>
    /// A site whose clock is not this pool's: one of them is wrong, and so is every age that is told of what the other has written.
    /// </summary>
    /// <param name="Site">The site.</param>
    /// <param name="Ahead">How far its clock is ahead; below zero if it is behind.</param>
    public sealed record SiteClock(Site Site, TimeSpan Ahead) : Problem(ProblemWeight.Warning);

    /// <summary>Metadata of another pool that say they were written after now.</summary>
    /// <param name="Found">The volume.</param>
    /// <param name="Ahead">How long after.</param>
    public sealed record MetadataFromFuture(FoundMetadata Found, TimeSpan Ahead) : Problem(ProblemWeight.Warning);

    /// <summary>A run that waits for a person, was interrupted, or is paused.</summary>
    /// <param name="Run">The run.</param>
    public sealed record RunStands(RunSummary Run) : Problem(Run.Phase == RunPhase.Paused ? ProblemWeight.Warning : ProblemWeight.Bad);

    /// <summary>The hypervisor can't be used, so that no VM can be started or stopped here.</summary>
    /// <param name="Why">Why not, in a sentence that names it.</param>
    public sealed record HypervisorLost(string Why) : Problem(ProblemWeight.Bad);

    /// <summary>A host of the pool that does not answer, so that nobody knows what its VMs do.</summary>
    /// <param name="Host">The host.</param>
    /// <param name="Vms">The VMs that were last seen there, by name.</param>
    public sealed record HostSilent(HostRecord Host, IReadOnlyList<VmRecord> Vms) : Problem(ProblemWeight.Bad);

    /// <summary>Guests of which nobody knows what they do, for their QEMU does not answer.</summary>
    /// <param name="Vms">Their VMs, by name.</param>
    /// <param name="Unasked">How many others were not asked because of that.</param>
    public sealed record GuestsSilent(IReadOnlyList<VmRecord> Vms, int Unasked) : Problem(ProblemWeight.Bad);

    /// <summary>The secrets in the metadata are sealed with a key that only this daemon has.</summary>
    public sealed record KeyNowhereElse() : Problem(ProblemWeight.Warning);

    /// <summary>The copy of the metadata on an SR is not the newest state.</summary>
    /// <param name="Sr">The SR.</param>
    /// <param name="Copy">How the copy stands.</param>
    public sealed record CopyNotCurrent(SrView Sr, Replication Copy)
        : Problem(
            Copy.Health switch
            {
                "broken" or "superseded" => ProblemWeight.Bad,
                "catching-up" => ProblemWeight.Notice,
                _ => ProblemWeight.Warning,
            });

    /// <summary>An SR that VMs need, or that is protected, is not attached.</summary>
    /// <param name="Sr">The SR.</param>
    public sealed record SrDetached(SrView Sr) : Problem(ProblemWeight.Bad);

    /// <summary>An SR with disks of VMs could carry the metadata and does not.</summary>
    /// <param name="Sr">The SR.</param>
    public sealed record SrUnprotected(SrView Sr) : Problem(ProblemWeight.Warning);

    /// <summary>An SR with disks of VMs can't carry the metadata.</summary>
    /// <param name="Sr">The SR.</param>
    public sealed record SrUnable(SrView Sr) : Problem(ProblemWeight.Warning);

    /// <summary>VMs that no protection of an SR would save.</summary>
    /// <param name="Exposure">Why not.</param>
    /// <param name="Vms">The VMs, by name.</param>
    public sealed record VmsExposed(Exposure Exposure, IReadOnlyList<VmView> Vms)
        : Problem(
            Exposure switch
            {
                Exposure.LostDisk => ProblemWeight.Bad,
                Exposure.NoDisk => ProblemWeight.Notice,
                _ => ProblemWeight.Warning,
            });

    /// <summary>VMs that would start without what their UEFI firmware keeps, for the metadata has nothing of it.</summary>
    /// <param name="Vms">The VMs, by name.</param>
    public sealed record FirmwareUnkept(IReadOnlyList<VmView> Vms) : Problem(ProblemWeight.Warning);

    /// <summary>A site that does not answer.</summary>
    /// <param name="Site">The site.</param>
    public sealed record SiteSilent(SiteTest Site) : Problem(ProblemWeight.Warning);

    /// <summary>A saved plan that can't be read.</summary>
    /// <param name="Why">What is wrong, in a sentence that names it.</param>
    public sealed record PlanUnreadable(string Why) : Problem(ProblemWeight.Warning);

    /// <summary>A plan of which nobody knows whether it would work.</summary>
    /// <param name="Plan">The plan.</param>
    /// <param name="Test">Its last test that is over; null if there was none.</param>
    /// <param name="Age">How long ago that was.</param>
    public sealed record PlanUnproven(SavedPlan Plan, RunSummary? Test, TimeSpan Age) : Problem(ProblemWeight.Warning);

    /// <summary>A scheduled test that was not started.</summary>
    /// <param name="Schedule">The schedule.</param>
    public sealed record TestNotStarted(Schedule Schedule) : Problem(ProblemWeight.Warning);

    /// <summary>A target of a plan, a vApp or a VM that is not kept, or can't be read.</summary>
    /// <param name="Standing">How it stands to its targets.</param>
    public sealed record TargetMissed(TargetStanding Standing) : Problem(ProblemWeight.Warning);

    /// <summary>Somebody wants to do what needs two persons.</summary>
    /// <param name="Request">The request.</param>
    public sealed record ApprovalWaits(ApprovalRequest Request) : Problem(ProblemWeight.Warning);
}
