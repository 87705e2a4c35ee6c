using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>The sentences about what is wrong, for the status: each says what to do about it on the command line.</summary>
internal static class ProblemSentences
{
    private const int MostNamed = 5;

    public static string Of(Problem problem) => problem switch
    {
        Problem.DirectoryFails { Why: var why } => why,
        Problem.RunsTwice { Vm: var vm, Site: var site } =>
            $"VM {vm.NameLabel} ({vm.Uuid}) runs here and at site {site.Name} (pool {site.PoolName}) as well: each writes to its own "
                + "disks, and their data part. "
            + "Decide which of them is right, and shut the other down now.",
        Problem.SiteUnkept { Site: var site, Why: var why } => $"Site {site.Name}: {why}",
        Problem.SiteClock { Site: var site, Ahead: var ahead } =>
            $"The clock of site {site.Name} is {Span(ahead.Duration())} {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} the one here: "
                + "one of them is wrong, and ages of what the other has written can't be true. Set it.",
        Problem.MetadataFromFuture { Found: var found, Ahead: var ahead } =>
            $"The metadata of pool {found.PoolName ?? "?"} on SR {found.SrName} say that they were written {Span(ahead)} after now: one of "
                + "the two clocks is wrong, and how old they are is not known.",
        Problem.RunStands { Run: var run } => OfRun(run),
        Problem.HypervisorLost { Why: var why } => why,
        Problem.HostSilent { Host: var host, Vms: var vms } =>
            $"The host {host.NameLabel} ({host.Uuid}) does not answer. "
            + (vms.Count > 0
                ? $"What its VMs do is not known, whatever their power state says: {Names(vms.Select(Name))}. Nothing of theirs is started "
                    + "elsewhere. "
                : "")
            + $"See that its daemon runs and reaches the others; if it is off for good, say so: host-declare-dead uuid={host.Uuid}"
            + (vms.Count > 0 ? ", with start-vms=true to have them started elsewhere" : ""),
        Problem.GuestsSilent silent => OfSilent(silent),
        Problem.KeyNowhereElse =>
            "The secrets in the metadata are sealed with a key that only this daemon has: if it is lost, no other site can open them. "
            + "pool-key-export file-name=FILE recipient=WHO, and pool-key-import file-name=FILE at the recovery site.",
        Problem.CopyNotCurrent { Sr: var sr, Copy: { Health: "superseded" } copy } =>
            $"SR {sr.Name}: {copy.Reason.TrimEnd('.')}. What changes here is not written there. Two daemons run this pool: stop one of "
                + "them; if this one is to go on, "
            + $"sr-enable-database-replication uuid={sr.Uuid}",
        Problem.CopyNotCurrent { Sr: var sr, Copy: var copy } =>
            $"SR {sr.Name}: the copy of the metadata there is {copy.Health}{(copy.Reason.Length > 0 ? $" ({copy.Reason})" : "")}.",
        Problem.SrDetached { Sr: var sr } =>
            $"SR {sr.Name} is not attached: "
                + $"{(sr.Vms > 0 ? $"{Vms(sr.Vms)} there can't start" : "the copy of the metadata there grows old")}. "
                + "pbd-plug attaches it.",
        Problem.SrUnprotected { Sr: var sr } =>
            $"SR {sr.Name} is not protected, and {Have(sr.Vms)} disks there: sr-enable-database-replication uuid={sr.Uuid}",
        Problem.SrUnable { Sr: var sr } =>
            $"SR {sr.Name} can't hold the metadata{(sr.IsForRecovery ? ", for it is attached for recovery only" : "")}, and "
                + $"{Have(sr.Vms)} disks there.",
        Problem.VmsExposed { Vms: [var vm] } => $"VM {vm.Name} is not protected: {Why(vm)}.",
        Problem.VmsExposed { Exposure: var exposure, Vms: var vms } =>
            $"{vms.Count} VMs are not protected: {WhyAll(exposure)} ({Names(vms)}).",
        Problem.FirmwareUnkept { Vms: var vms } =>
            $"What the UEFI firmware or the TPM of {Vms(vms.Count)} ({Names(vms)}) keeps is not in the metadata: elsewhere it would "
                + "start with an empty store.",
        Problem.SiteSilent { Site: var site } => $"Site {site.Site.Name} does not answer: {site.Failure}",
        Problem.PlanUnreadable { Why: var why } => why,
        Problem.PlanUnproven { Plan: var plan, Test: null } => $"Plan {plan.Name} has never been tested here.",
        Problem.PlanUnproven { Plan: var plan, Test: { Phase: not RunPhase.Succeeded } test } =>
            $"The last test of plan {plan.Name} did not succeed: dr-report uuid={test.Uuid}",
        Problem.PlanUnproven { Plan: var plan, Test: { } test, Age: var age } when age < TimeSpan.Zero =>
            $"The last test of plan {plan.Name} says that it was started {Span(-age)} after now (dr-report uuid={test.Uuid}): the "
                + "clock here was or is wrong.",
        Problem.PlanUnproven { Plan: var plan, Age: var age } => $"The last test of plan {plan.Name} was {age.TotalDays:0} days ago.",
        Problem.TestNotStarted { Schedule: { Last.Failure: { } failure } schedule } =>
            $"Schedule {schedule.Name} could not start its test: {failure}",
        Problem.TestNotStarted { Schedule: var schedule } =>
            $"Schedule {schedule.Name} was missed {(schedule.Missed == 1 ? "once" : $"{schedule.Missed} times")}: the daemon did not run "
                + "then, or was busy with it.",
        Problem.TargetMissed { Standing: var standing } => OfTarget(standing),
        Problem.ApprovalWaits { Request: var request } =>
            $"{request.By} wants to {request.What}, and needs a second person: dr-approve id={request.Id}, or dr-refuse id={request.Id}",
        _ => throw new InvalidOperationException($"There are no words for {problem.GetType().Name}."),
    };

    /// <summary>Why a VM would not come back, in a clause.</summary>
    public static string Why(VmView vm) => vm.Exposure switch
    {
        Exposure.None => "nothing keeps it from coming back",
        Exposure.UnprotectedSr => $"it has a disk on {vm.CulpritNames()}, which is not protected",
        Exposure.LocalDisk => $"it has a disk on {vm.CulpritNames()}, which only one host can reach",
        Exposure.LostDisk => "a disk of it is lost",
        Exposure.NoDisk => "it has no disk",
    };

    private static string WhyAll(Exposure exposure) => exposure switch
    {
        Exposure.None => "nothing keeps them from coming back",
        Exposure.UnprotectedSr => "they have disks on storage that is not protected",
        Exposure.LocalDisk => "they have disks on storage that only one host can reach",
        Exposure.LostDisk => "disks of theirs are lost",
        Exposure.NoDisk => "they have no disk",
    };

    private static string OfSilent(Problem.GuestsSilent silent) =>
        (silent.Vms is [var vm]
            ? $"The guest of VM {Name(vm)} ({vm.Uuid}) does not answer: its QEMU process hangs or is stopped. "
                + "What it does is not known, whatever its power state says."
            : $"The guests of {silent.Vms.Count} VMs ({Names(silent.Vms.Select(Name))}) do not answer: "
                + "their QEMU processes hang or are stopped. "
                + "What they do is not known, whatever their power state says.")
        + " Mend what they wait for, for example storage, or switch them off: vm-shutdown --force"
        + (silent.Unasked > 0 ? $". As long as they hang, {Vms(silent.Unasked)} can't be asked." : "");

    private static string OfTarget(TargetStanding standing)
    {
        var missed = new[] { ("RPO", standing.Rpo), ("RTO", standing.Rto) }.Where(m => m.Item2?.Verdict == TargetVerdict.Exceeded)
            .Select(m => $"{m.Item1} {TargetText.Of(m.Item2!)} ({m.Item2!.How})")
            .Concat(standing.Garbled.Select(g => $"{g} is no number of seconds, and is no target"));
        return $"{standing.Describe()}: {string.Join("; ", missed)}.";
    }

    private static string Name(VmRecord vm) => vm.NameLabel.Length > 0 ? vm.NameLabel : vm.Uuid;

    private static string OfRun(RunSummary run) => run.Phase switch
    {
        RunPhase.Interrupted => $"The {Word(run.Kind)} {run.Uuid} was interrupted: dr-run-resume or dr-run-undo uuid={run.Uuid}",
        RunPhase.Paused => $"The {Word(run.Kind)} {run.Uuid} is paused: dr-run-resume, dr-run-cancel or dr-run-undo uuid={run.Uuid}",
        _ => $"The {Word(run.Kind)} {run.Uuid} waits for an answer: dr-run-show uuid={run.Uuid}",
    };

    private static string Word(RecoveryKind kind) => kind.ToString().ToLowerInvariant();

    private static string Span(TimeSpan span) => span switch
    {
        { TotalDays: >= 2 } => $"{span.TotalDays:0} days",
        { TotalHours: >= 2 } => $"{span.TotalHours:0} hours",
        _ => $"{span.TotalMinutes:0} minutes",
    };

    private static string Vms(int count) => count == 1 ? "1 VM" : $"{count} VMs";

    private static string Have(int vms) => vms == 1 ? "1 VM has" : $"{vms} VMs have";

    private static string Names(IReadOnlyList<VmView> vms) => Names(vms.Select(v => v.Name));

    private static string Names(IEnumerable<string> names) =>
        string.Join(", ", names.Take(MostNamed)) + (names.Skip(MostNamed).Count() is > 0 and var more ? $" and {more} more" : "");
}
