using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Something that people are told without having asked, in the table of messages. A closed set, so that every name has one priority, one
/// subject and one wording; the manual has a line for each (<c>docs/operating/daemon.md</c>), which a test holds.
/// </summary>
/// <param name="Name">The message's name, by which programs know what it is.</param>
/// <param name="Priority">How urgent it is: from 1, what can't wait, to 5, what is only worth knowing.</param>
/// <param name="About">The class of the object that it is about.</param>
/// <param name="Uuid">That object's UUID.</param>
/// <param name="Text">What is so and what to do about it, in sentences.</param>
public abstract record Announcement(string Name, int Priority, Cls About, string Uuid, string Text)
{
    /// <summary>The copy of the metadata on an SR can't be written. The name, and the first words of the text, are xapi's.</summary>
    public sealed record CopyBroken(string Pool, string Copy, string Why) : Announcement(
        "METADATA_LUN_BROKEN", 3, Cls.Pool, Pool, $"{Copy}: {Why}");

    /// <summary>It is up to date again. The name and the text are xapi's.</summary>
    public sealed record CopyHealthy(string Pool, string Copy) : Announcement("METADATA_LUN_HEALTHY", 4, Cls.Pool, Pool, Copy);

    /// <summary>Another daemon of the pool has taken it over.</summary>
    public sealed record CopySuperseded(string Pool, string Copy, string Why) : Announcement(
        "METADATA_LUN_SUPERSEDED", 2, Cls.Pool, Pool,
        $"{Copy}: {Why}. Two daemons run this pool, perhaps because one's data directory was restored from a copy. What changes "
        + "here is no longer written there. Stop one of the two; if this one is to go on, enable the replication on the SR again.");

    /// <summary>The pool's own journal could not be written.</summary>
    public sealed record JournalBroken(string Pool, string Why) : Announcement(
        "POOL_JOURNAL_BROKEN", 2, Cls.Pool, Pool, $"The pool's own journal could not be written, and no change was made meanwhile: {Why}");

    /// <summary>It is written again.</summary>
    public sealed record JournalHealthy(string Pool) : Announcement(
        "POOL_JOURNAL_HEALTHY", 4, Cls.Pool, Pool, "The pool's own journal has been written anew, whole.");

    /// <summary>Its end was damaged when the daemon started.</summary>
    public sealed record JournalCut(string Pool, string Damage) : Announcement(
        "DATABASE_RECOVERED", 2, Cls.Pool, Pool, $"The end of the pool's own journal was damaged: {Damage}");

    /// <summary>The database was made anew from a copy.</summary>
    public sealed record DatabaseRestored(string Pool, string How) : Announcement("DATABASE_RESTORED", 2, Cls.Pool, Pool, How);

    /// <summary>What is sealed has changed, and not every copy could be written anew.</summary>
    public sealed record SecretsNotRewritten(string Pool, string Why) : Announcement(
        "METADATA_SECRETS_NOT_REWRITTEN", 3, Cls.Pool, Pool,
        $"What is sealed in the pool's metadata has changed ({SealingPolicy.ClearForXapi}, {SealingPolicy.SealTpms}, or an older "
        + $"version wrote it in clear). {Why}. When the storage answers again: pool-sync-database, twice.");

    /// <summary>Another pool's metadata were met for the first time.</summary>
    public sealed record KeyMet(string Pool, string Source, string Key, string Setting) : Announcement(
        "METADATA_KEY_MET", 4, Cls.Pool, Pool,
        $"Metadata of pool {Source} were seen here for the first time. From now on only what is signed with their key is believed "
        + $"to be that pool's: {Key}. Compare it with the pool's own (pool-param-get param-name=other-config param-key={Setting} "
        + "there).");

    /// <summary>A volume says what nothing proves.</summary>
    public sealed record VolumeUnproven(string Vdi, string What) : Announcement("METADATA_UNPROVEN", 2, Cls.Vdi, Vdi, What);

    /// <summary>Not all of a metadata volume can be read.</summary>
    public sealed record VolumeDamaged(string Vdi, long Generation, string Damage) : Announcement(
        "METADATA_DAMAGED", 2, Cls.Vdi, Vdi,
        $"Not all of the pool metadata on this volume can be read; what is shown is the state of generation {Generation}: {Damage}");

    /// <summary>A dated backup of the metadata failed.</summary>
    public sealed record BackupFailed(string Sr, string Interval, string Why) : Announcement(
        "METADATA_BACKUP_FAILED", 3, Cls.Sr, Sr,
        $"The {Interval} metadata backup on this SR failed and will be tried again in an hour: {Why}");

    /// <summary>A schedule has taken its snapshots. This name and the next two are xapi's.</summary>
    public sealed record SnapshotsTaken(string Schedule, string What) : Announcement(
        "VMSS_SNAPSHOT_SUCCEEDED", 5, Cls.Vmss, Schedule, What);

    /// <summary>A schedule could not take all of them.</summary>
    public sealed record SnapshotsFailed(string Schedule, string What) : Announcement(
        "VMSS_SNAPSHOT_FAILED", 3, Cls.Vmss, Schedule, What);

    /// <summary>Nothing was taken for moments at which snapshots were due.</summary>
    public sealed record SnapshotsMissed(string Schedule, string What) : Announcement(
        "VMSS_SNAPSHOT_MISSED_EVENT", 3, Cls.Vmss, Schedule, What);

    /// <summary>Storage that was attached before is not there.</summary>
    public sealed record PbdNotPlugged(string Sr, string Why) : Announcement("PBD_PLUG_FAILED_ON_SERVER_START", 3, Cls.Sr, Sr, Why);

    /// <summary>VMs were recovered from an SR that can't be made writable.</summary>
    public sealed record SrStaysReadOnly(string Sr, string Why) : Announcement(
        "SR_STAYS_READ_ONLY", 2, Cls.Sr, Sr,
        $"VMs were recovered from this SR, but it can't be made writable, so they can't start yet: {Why} Mend that, then unplug "
        + "and plug its PBD.");

    /// <summary>A running guest's disk could not be attached anew.</summary>
    public sealed record DiskNotTakenUp(string Vm, string Disk, string Why) : Announcement(
        "VDI_NOT_TAKEN_UP", 3, Cls.Vm, Vm,
        $"The disk {Disk} of the running VM can't be attached anew: {Why} The guest goes on with it as it is.");

    /// <summary>An SR's size is not known.</summary>
    public sealed record SrNotMeasured(string Sr, string Why) : Announcement("SR_CANNOT_BE_MEASURED", 5, Cls.Sr, Sr, Why);

    /// <summary>A disk that was being made when a daemon died is still there.</summary>
    public sealed record DiskLeftOver(string Sr, string Vdi, string Why) : Announcement(
        "VDI_LEFT_OVER", 4, Cls.Sr, Sr,
        $"The disk {Vdi} was being made when the daemon died, and can't be removed now: {Why}. The next start tries again.");

    /// <summary>A call failed, and could not take back what it had done.</summary>
    public sealed record LeftBehind(Cls Kind, string Of, string What) : Announcement("LEFT_BEHIND", 3, Kind, Of, What);

    /// <summary>The disks of a test build on files that a replication brings.</summary>
    public sealed record TestReadsReplica(string Sr, string Source) : Announcement(
        "SR_TEST_READS_REPLICA", 4, Cls.Sr, Sr,
        $"The disks of this test build on the files of the SR {Source} as they are. While the test lives, a replication into that "
        + "SR may add files and put new ones in the place of old ones, but must not rewrite one in place: the guests of the test "
        + "would see their disks change. Where the storage and the daemon's directory share one file system with reflinks (XFS, "
        + "btrfs), this limit falls away.");

    /// <summary>Disks that can't be read are not part of a test.</summary>
    public sealed record TestLacksDisks(string Sr, string Which) : Announcement(
        "SR_TEST_LACKS_DISKS", 3, Cls.Sr, Sr,
        $"These disks can't be read and are not part of the test: {Which}. A VM that needs one is refused.");

    /// <summary>What a test has left in the daemon's directory is still there.</summary>
    public sealed record TestLeftovers(string Host, string Directory, string Why) : Announcement(
        "TEST_LEFTOVERS", 4, Cls.Host, Host, $"What a test has left in {Directory} could not be removed: {Why}");

    /// <summary>The daemon's own directory could not be used for a while.</summary>
    public sealed record DirectoryTroubleOver(string Pool, string Trouble) : Announcement(
        "DATA_DIRECTORY_TROUBLE", 2, Cls.Pool, Pool, $"It is over. {Trouble}");

    /// <summary>The hypervisor can't be used.</summary>
    public sealed record HypervisorLost(string Host, string Why) : Announcement("HOST_HYPERVISOR_LOST", 1, Cls.Host, Host, Why);

    /// <summary>It can be used again.</summary>
    public sealed record HypervisorBack(string Host, string Uri) : Announcement(
        "HOST_HYPERVISOR_BACK", 4, Cls.Host, Host, $"The hypervisor {Uri} can be used.");

    /// <summary>A libvirt that VMs were adopted from is lost.</summary>
    public sealed record OriginLost(string Host, string Uri, string Why) : Announcement(
        "HOST_LIBVIRT_LOST", 2, Cls.Host, Host,
        $"{Uri} can't be reached: {Why} What its guests, which were adopted, do meanwhile is not known: their records stay as they were "
        + "last seen.");

    /// <summary>It can be reached again.</summary>
    public sealed record OriginBack(string Host, string Uri) : Announcement(
        "HOST_LIBVIRT_BACK", 4, Cls.Host, Host, $"{Uri} can be reached again.");

    /// <summary>A domain that was adopted is defined otherwise than before, or no more.</summary>
    public sealed record AdoptedChanged(string Vm, string What) : Announcement("VM_DEFINITION_CHANGED", 3, Cls.Vm, Vm, What);

    /// <summary>Another host of the pool is lost.</summary>
    public sealed record MemberLost(string Host, string HostName) : Announcement(
        "HOST_LOST", 2, Cls.Host, Host,
        $"The daemon of {HostName} does not run, or is cut off from the others. What its VMs do is not known: they may run on, and none of "
        + "them is started elsewhere. If the host is off for good or cut off from all storage, say so (host-declare-dead).");

    /// <summary>It is there.</summary>
    public sealed record MemberBack(string Host, string HostName) : Announcement(
        "HOST_BACK", 4, Cls.Host, Host, $"The daemon of {HostName} is up, and reaches the others.");

    /// <summary>A witness of the pool is lost.</summary>
    public sealed record WitnessLost(string Pool, string Witness, string Address) : Announcement(
        "WITNESS_LOST", 2, Cls.Pool, Pool,
        $"The witness {Witness} at {Address} does not run, or is cut off from the hosts. Its vote is missing: a pool of two hosts stops if "
        + "one of them is lost too. Start it again, or remove it (witness-eject).");

    /// <summary>It is there.</summary>
    public sealed record WitnessBack(string Pool, string Witness) : Announcement(
        "WITNESS_BACK", 4, Cls.Pool, Pool, $"The witness {Witness} is up, and reaches the hosts.");

    /// <summary>Somebody has answered for a host that it is off.</summary>
    public sealed record HostDeclaredDead(string Host, string HostName, string User, string Vms) : Announcement(
        "HOST_DECLARED_DEAD", 2, Cls.Host, Host,
        $"{User} has stated that {HostName} is off for good or cut off from all storage. "
        + (Vms.Length == 0 ? "No VM ran there." : $"What ran there counts as switched off, and can be started elsewhere: {Vms}."));

    /// <summary>A VM that was to be started again after its guest had ended was not.</summary>
    public sealed record NotRestarted(string Vm, string Why) : Announcement(
        "VM_NOT_RESTARTED", 2, Cls.Vm, Vm,
        "The guest has ended by itself, and the VM was to be started again (actions_after_shutdown, actions_after_crash), but was not: "
        + Why);

    /// <summary>A guest does not answer the hypervisor.</summary>
    public sealed record GuestSilent(string Vm) : Announcement(
        "VM_NOT_ANSWERING", 2, Cls.Vm, Vm,
        "The guest does not answer the hypervisor: its QEMU process hangs, or is stopped. What it does is not known; its record "
        + "says what it did last. Mend what it waits for, or switch the VM off (vm-shutdown --force).");

    /// <summary>It answers again.</summary>
    public sealed record GuestAnswers(string Vm) : Announcement(
        "VM_ANSWERING_AGAIN", 4, Cls.Vm, Vm, "The guest answers the hypervisor again.");

    /// <summary>A guest runs without libvirt knowing of it.</summary>
    public sealed record GuestStray(string Vm, int Process) : Announcement(
        "VM_RECORD_LOST", 2, Cls.Vm, Vm,
        $"The guest runs (process {Process}), but libvirt's own record of it is lost, so it can't be controlled. Shut it down "
        + "from within, or switch the VM off (vm-shutdown --force), and start it again.");

    /// <summary>A VM has a guest at a host while it is known to be at another.</summary>
    public sealed record GuestTwice(string Vm, string Host, string Other) : Announcement(
        "VM_ON_TWO_HOSTS", 1, Cls.Vm, Vm,
        $"The VM is at the host {Host}, and the host {Other} has a guest of it too, as one has that was taken for dead and was not. Both "
        + "write to its disks. Switch off the host on which it is not to run, or end its guest there, and check the VM's disks.");

    /// <summary>A guest ended, or was paused, by itself.</summary>
    public sealed record GuestFailed(string Vm, string What) : Announcement("VM_CRASHED", 2, Cls.Vm, Vm, What);

    /// <summary>A guest was started without a network connection.</summary>
    public sealed record VifNotPlugged(string Vm, string What) : Announcement("VIF_NOT_PLUGGED", 3, Cls.Vm, Vm, What);

    /// <summary>A guest was started without what its firmware had kept.</summary>
    public sealed record EmptyFirmware(string Vm, string What) : Announcement("VM_STARTED_WITH_EMPTY_FIRMWARE", 3, Cls.Vm, Vm, What);

    /// <summary>A guest was started without what its TPM had kept.</summary>
    public sealed record EmptyTpm(string Vm, string What) : Announcement("VM_STARTED_WITH_EMPTY_TPM", 3, Cls.Vm, Vm, What);

    /// <summary>A guest's processors could not be divided into sockets.</summary>
    public sealed record OneSocket(string Vm, string What) : Announcement("VM_STARTED_WITH_ONE_SOCKET", 3, Cls.Vm, Vm, What);

    /// <summary>A guest was started without a screen or a channel for its agent.</summary>
    public sealed record NoConsole(string Vm, string What) : Announcement("VM_STARTED_WITHOUT_CONSOLE", 3, Cls.Vm, Vm, What);

    /// <summary>A VM that is to start with its host could not.</summary>
    public sealed record NotStartedWithHost(Cls Kind, string Of, string What) : Announcement("AUTO_POWERON_FAILED", 2, Kind, Of, What);

    /// <summary>A VM whose host was lost did not start on another.</summary>
    public sealed record NotStartedElsewhere(string Vm, string What) : Announcement("VM_NOT_STARTED_ELSEWHERE", 2, Cls.Vm, Vm, What);

    /// <summary>A member of a vApp did not do what the vApp was told.</summary>
    public sealed record MemberFailed(string Vm, string What) : Announcement("VM_APPLIANCE_MEMBER_FAILED", 2, Cls.Vm, Vm, What);

    /// <summary>Whether a VM is suspended is not known.</summary>
    public sealed record SuspensionUnclear(string Vm, string Of, string Why) : Announcement(
        "VM_SUSPENSION_UNCLEAR", 2, Cls.Vm, Vm, $"Whether {Of} is suspended could not be found out: {Why}");

    /// <summary>A VM was being moved to another host, and it is not known yet where it stands still.</summary>
    public sealed record MoveUnclear(string Vm, string Of, string Why) : Announcement(
        "VM_MOVE_UNCLEAR", 2, Cls.Vm, Vm,
        $"{Of} was being moved to another host, and could not be brought to either end: {Why} That is tried again when a host of the two "
            + "is found anew (its daemon started again, for example).");

    /// <summary>The image of a suspended VM that is not needed any more is still there.</summary>
    public sealed record SuspendImageLeft(string Vdi, string Of, string Why) : Announcement(
        "SUSPEND_IMAGE_LEFT", 4, Cls.Vdi, Vdi, $"{Of} is not needed any more and could not be removed: {Why}");

    /// <summary>A VM was recovered, and something of it is other than it was; of a test's clone that is only worth knowing.</summary>
    public sealed record RecoveredWithChanges(string Vm, string What, bool IsOfTest = false) : Announcement(
        "VM_RECOVERED_WITH_CHANGES", IsOfTest ? 4 : 3, Cls.Vm, Vm, What);

    /// <summary>A vApp came back without one of its VMs.</summary>
    public sealed record NotRecovered(string Pool, string Appliance, string Vm, string Why) : Announcement(
        "VM_NOT_RECOVERED", 2, Cls.Pool, Pool, $"The vApp {Appliance} came back without its VM {Vm}: {Why}.");

    /// <summary>Another pool has recovered a VM of this one; if that runs here, both may write.</summary>
    public sealed record RecoveredElsewhere(string Vm, bool IsUp, string What) : Announcement(
        "VM_RECOVERED_ELSEWHERE", IsUp ? 1 : 2, Cls.Vm, Vm, What);

    /// <summary>A VM is started on somebody's word, though a site could not be asked.</summary>
    public sealed record StartedOnStatement(string Vm, string Label, string Site, string By, string Words) : Announcement(
        "VM_STARTED_ON_STATEMENT", 2, Cls.Vm, Vm,
        $"{Label} is started though site {Site} could not be asked whether it runs it. {By} stated: {Words}");

    /// <summary>A VM was taken back from the pool that had recovered it, on somebody's word.</summary>
    public sealed record TakenBack(string Vm, string What) : Announcement("VM_TAKEN_BACK", 3, Cls.Vm, Vm, What);

    /// <summary>A site answers that has an older copy of a VM, which does not start there any more.</summary>
    public sealed record HandedOver(string Vm, string What) : Announcement("VM_HANDED_OVER", 4, Cls.Vm, Vm, What);

    /// <summary>A VM runs here and at a site.</summary>
    public sealed record RunsTwice(string Vm, string What) : Announcement("VM_RUNS_TWICE", 1, Cls.Vm, Vm, What);

    /// <summary>A scheduled test was not started, or did not succeed.</summary>
    public sealed record TestFailed(string Pool, string What) : Announcement("DR_TEST_FAILED", 2, Cls.Pool, Pool, What);

    /// <summary>A scheduled test was not started when it was due.</summary>
    public sealed record TestMissed(string Pool, string What) : Announcement("DR_TEST_MISSED", 2, Cls.Pool, Pool, What);

    /// <summary>A scheduled test is started again.</summary>
    public sealed record TestRestarted(string Pool, string What) : Announcement("DR_TEST_RESTARTED", 2, Cls.Pool, Pool, What);

    /// <summary>A target of a plan, a vApp or a VM is not kept.</summary>
    public sealed record TargetExceeded(Cls Kind, string Of, string What) : Announcement(Called, 2, Kind, Of, What)
    {
        /// <summary>Its name.</summary>
        public const string Called = "DR_TARGET_EXCEEDED";
    }

    /// <summary>It is kept again.</summary>
    public sealed record TargetMet(Cls Kind, string Of, string What) : Announcement(Called, 4, Kind, Of, What)
    {
        /// <summary>Its name.</summary>
        public const string Called = "DR_TARGET_MET";
    }

    /// <summary>Somebody wants to do what needs two persons.</summary>
    public sealed record ApprovalAsked(string Pool, string Id, string By, string What) : Announcement(
        "DR_APPROVAL_ASKED", 2, Cls.Pool, Pool,
        $"{By} wants to {What}. That needs a second person: dr-approve id={Id}, or dr-refuse id={Id}.");

    /// <summary>Another person has approved of it.</summary>
    public sealed record ApprovalGiven(string Pool, string Id, string By, string What, string Approver) : Announcement(
        "DR_APPROVAL_GIVEN", 3, Cls.Pool, Pool, $"{Approver} has approved that {By} may {What} ({Id}).");

    /// <summary>Another person has refused it.</summary>
    public sealed record ApprovalRefused(string Pool, string Id, string By, string What, string Approver, string Why) : Announcement(
        "DR_APPROVAL_REFUSED", 3, Cls.Pool, Pool, $"{Approver} has refused that {By} may {What} ({Id}): {Why}");

    /// <summary>Whoever asked took it on themselves.</summary>
    public sealed record ApprovalOverridden(string Pool, string Id, string By, string What, string Why) : Announcement(
        "DR_APPROVAL_OVERRIDDEN", 1, Cls.Pool, Pool,
        $"{By} takes it on themselves to {What}, WITHOUT the second person whom this pool asks for ({Id}). Stated: {Why}");

    /// <summary>Something else needs two persons than before.</summary>
    public sealed record TwoPersonsChanged(string Pool, string By, string What) : Announcement(
        "DR_TWO_PERSONS_CHANGED", 2, Cls.Pool, Pool, $"{By} has said what needs two persons from now on: {What}.");
}
