using System.Collections.Immutable;
using Redoubt.Console.Protection;
using Redoubt.Console.Runs;
using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Console.Dashboard;

/// <summary>The words about what is wrong (<see cref="Problems"/>), and what mends it.</summary>
internal static class Issues
{
    /// <summary>What is wrong, in the order of the judgement, and then what may be worth knowing.</summary>
    public static ImmutableArray<Issue> Of(DatabaseState state, ProtectionFacts facts, IEnumerable<Problem> problems) =>
        [.. problems.Select(p => Of(state, p) with { Kind = KindOf(p.Weight) }).Concat(Foreign(facts))];

    private static Issue Of(DatabaseState state, Problem problem) => problem switch
    {
        Problem.DirectoryFails { Why: var why } => Look(DashboardText.DirectoryTitle, why, "protection"),
        Problem.RunsTwice { Vm: var vm, Site: var site } =>
            Look(
                DashboardText.TwiceTitle(vm.NameLabel.Length > 0 ? vm.NameLabel : vm.Uuid, site.Name),
                DashboardText.TwiceText(site.PoolName), "sites"),
        Problem.SiteUnkept { Site: var site, Why: var why } => Look(DashboardText.UnkeptTitle(site.Name), why, "sites"),
        Problem.SiteClock { Site: var site, Ahead: var ahead } =>
            Look(
                DashboardText.ClockTitle(site.Name, Spans.Words(ahead.Duration()), ahead > TimeSpan.Zero), DashboardText.ClockText,
                "sites"),
        Problem.MetadataFromFuture { Found: { SrName: var sr }, Ahead: var ahead } =>
            Look(DashboardText.FutureTitle(sr, Spans.Words(ahead)), DashboardText.ClockText, "sites"),
        Problem.RunStands { Run: var run } => OfRun(run),
        Problem.HypervisorLost { Why: var why } => Look(DashboardText.HypervisorLost, why, "apps"),
        Problem.KeyNowhereElse => Look(DashboardText.KeyTitle, DashboardText.KeyText, "protection"),
        Problem.HostSilent { Host: var host } =>
            Look(DashboardText.HostSilentTitle(host.NameLabel), DashboardText.HostSilentText, "apps"),
        Problem.GuestsSilent { Vms: [var vm] } =>
            Look(DashboardText.GuestSilentTitle(vm.NameLabel.Length > 0 ? vm.NameLabel : vm.Uuid), DashboardText.GuestSilentText, "apps"),
        Problem.GuestsSilent { Vms.Count: var count } => Look(
            DashboardText.GuestsSilentTitle(count), DashboardText.GuestSilentText, "apps"),
        Problem.CopyNotCurrent { Sr: var sr, Copy: { Health: "broken" } copy } =>
            Look(DashboardText.BrokenTitle(sr.Name), DashboardText.BrokenText(copy.Behind, copy.Reason), "protection"),
        Problem.CopyNotCurrent { Sr: var sr, Copy: { Health: "superseded" } copy } =>
            Look(DashboardText.SupersededTitle(sr.Name), DashboardText.SupersededText(copy.Reason, sr.Uuid), "protection"),
        Problem.CopyNotCurrent { Sr: var sr, Copy: var copy } =>
            Look(
                DashboardText.BehindTitle(sr.Name, ProtectionText.Word(copy.Health)), DashboardText.BehindText(copy.Behind, copy.Reason),
                "protection"),
        Problem.SrDetached { Sr: var sr } => OfDetached(state, sr),
        Problem.SrUnprotected { Sr: var sr } => new(
            "", DashboardText.UnprotectedTitle(sr.Name), DashboardText.UnprotectedText(sr.Vms),
            new(
                DashboardText.Protect, null, "SR.enable_database_replication", sr.Ref.Opaque,
                $"redoubt sr-enable-database-replication uuid={sr.Uuid}")),
        Problem.SrUnable { Sr: var sr } => Look(
            DashboardText.UnableTitle(sr.Name), sr.IsForRecovery ? DashboardText.ForRecoveryText(sr.Vms) : DashboardText.UnableText(sr.Vms),
            "protection"),
        Problem.VmsExposed { Exposure: var exposure, Vms.Count: var count } => OfExposed(exposure, count),
        Problem.FirmwareUnkept { Vms.Count: var count } =>
            Look(DashboardText.FirmwareTitle(count), DashboardText.FirmwareText, "protection"),
        Problem.SiteSilent { Site: var site } => Look(DashboardText.SilentTitle(site.Site.Name), site.Failure ?? "", "sites"),
        Problem.PlanUnreadable { Why: var why } => Look(DashboardText.PlanUnreadable, why, "plans"),
        Problem.PlanUnproven { Plan: var plan, Test: null } =>
            Look(DashboardText.UntestedTitle(plan.Name), DashboardText.UntestedText, "plans"),
        Problem.PlanUnproven { Plan: var plan, Test: { Phase: not RunPhase.Succeeded } test } =>
            new(
                "", DashboardText.TestFailedTitle(plan.Name), DashboardText.TestFailedText,
                new(DashboardText.OpenRun, $"runs/{test.Uuid}")),
        Problem.PlanUnproven { Plan: var plan, Age: var age } when age < TimeSpan.Zero =>
            Look(DashboardText.TestAheadTitle(plan.Name, Spans.Words(-age)), DashboardText.ClockText, "plans"),
        Problem.PlanUnproven { Plan: var plan, Age: var age } =>
            Look(DashboardText.TestOldTitle(plan.Name, (int)age.TotalDays), DashboardText.UntestedText, "plans"),
        Problem.TestNotStarted { Schedule: var schedule } => Look(
            DashboardText.ScheduleTitle(schedule.Name), schedule.Last?.Failure ?? DashboardText.MissedText(schedule.Missed), "plans"),
        Problem.TargetMissed { Standing: var standing } => OfTarget(standing),
        Problem.ApprovalWaits { Request: var request } => new(
            "", DashboardText.ApprovalTitle(request.By, request.What), DashboardText.ApprovalText,
            new(DashboardText.Approve, null, "recovery.approve", request.Id, $"redoubt dr-approve id={request.Id}") { More = [""] }),
        _ => throw new InvalidOperationException($"There are no words for {problem.GetType().Name}."),
    };

    private static string KindOf(ProblemWeight weight) => weight switch
    {
        ProblemWeight.Bad => "bad",
        ProblemWeight.Warning => "warn",
        ProblemWeight.Notice => "info",
    };

    private static Issue Look(string title, string text, string page) => new("", title, text, new(DashboardText.Look, page));

    private static Issue OfTarget(TargetStanding standing)
    {
        var kind = DashboardText.Subject(standing.Subject);
        var page = standing.Subject == TargetSubject.Plan ? "plans" : "apps";
        var missed = new[] { standing.Rpo, standing.Rto }.OfType<TargetMeasure>().Where(m => m.Verdict == TargetVerdict.Exceeded).ToList();
        return missed.Count == 0
            ? Look(DashboardText.TargetGarbled(kind, standing.Name), string.Join(", ", standing.Garbled), page)
            : Look(
                DashboardText.TargetTitle(kind, standing.Name),
                string.Join(' ', missed.Select(m => $"{DashboardText.Measured(m)} ({m.How}).")), page);
    }

    private static Issue OfRun(RunSummary run) => run.Phase == RunPhase.Paused
        ? new(
            "", DashboardText.PausedTitle(RunsText.Kind(run.Kind)), DashboardText.PausedText,
            new(DashboardText.OpenRun, $"runs/{run.Uuid}"))
        : new(
            "", DashboardText.RunTitle(RunsText.Kind(run.Kind), run.Phase == RunPhase.Waiting),
            DashboardText.RunText(run.Phase == RunPhase.Waiting),
            new(DashboardText.OpenRun, $"runs/{run.Uuid}"));

    // One that no host has a connection for can't be attached by a click.
    private static Issue OfDetached(DatabaseState state, SrView sr) => state.Find(sr.Ref)?.Pbds.FirstOrDefault() is { IsNull: false } pbd
        ? new(
            "", DashboardText.DetachedTitle(sr.Name), DashboardText.DetachedText(sr.Vms),
            new(DashboardText.Attach, null, "PBD.plug", pbd.Opaque, $"redoubt pbd-plug uuid={state.Get(pbd).Uuid}"))
        : Look(DashboardText.DetachedTitle(sr.Name), DashboardText.DetachedText(sr.Vms), "protection");

    private static Issue OfExposed(Exposure exposure, int count)
    {
        var (title, text) = exposure switch
        {
            Exposure.LocalDisk => (DashboardText.LocalTitle(count), DashboardText.LocalText),
            Exposure.LostDisk => (DashboardText.LostTitle(count), DashboardText.LostText),
            Exposure.NoDisk => (DashboardText.DisklessTitle(count), DashboardText.DisklessText),
            Exposure.UnprotectedSr or Exposure.None => (DashboardText.ExposedTitle(count), ""),
        };
        return new("", title, text, new(DashboardText.Which, "protection"));
    }

    private static IEnumerable<Issue> Foreign(ProtectionFacts facts) =>
        from sr in facts.Srs
        where sr.ForeignVolumes.Count > 0 && !sr.IsProtected && sr.Vms == 0
        select new Issue("info", DashboardText.ForeignTitle(sr.Name), DashboardText.ForeignText, new(DashboardText.OpenWizard, "recover"));
}
