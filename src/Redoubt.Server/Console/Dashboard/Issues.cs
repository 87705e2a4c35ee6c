using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Recovery;
using Redoubt.Server.Console.Protection;
using Redoubt.Server.Console.Recover;
using Redoubt.Server.Recovering;

namespace Redoubt.Server.Console.Dashboard;

/// <summary>Finds what is wrong with a pool's protection. One line for each cause, however many VMs it hits; the worst first.</summary>
internal static class Issues
{
    public static ImmutableArray<Issue> Of(DatabaseState state, ProtectionFacts facts, ImmutableDictionary<string, Replication> replication) =>
        [.. Broken(facts, replication).Concat(Behind(facts, replication)).Concat(Unable(facts)).Concat(Diskless(facts)).Concat(Detached(state, facts)).Concat(Unprotected(facts)).Concat(OutOfReach(facts)).Concat(Foreign(facts))
            .OrderBy(i => i.Rank)];

    /// <summary>Runs that wait for a person.</summary>
    public static IEnumerable<Issue> OfRuns(IReadOnlyList<RunSummary> runs) =>
        from run in runs
        where run.Phase is RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused
        select run.Phase == RunPhase.Paused ? new Issue("warn", DashboardText.PausedTitle(RecoverText.Kind(run.Kind)), DashboardText.PausedText, new(DashboardText.OpenRun, $"runs/{run.Uuid}")) : new Issue(
            "bad", DashboardText.RunTitle(RecoverText.Kind(run.Kind), run.Phase == RunPhase.Waiting), DashboardText.RunText(run.Phase == RunPhase.Waiting),
            new(DashboardText.OpenRun, $"runs/{run.Uuid}"));

    /// <summary>Plans of which nobody knows whether they would work.</summary>
    public static IEnumerable<Issue> OfTests(PlanCatalog catalog, IEnumerable<Schedule> schedules, IReadOnlyList<RunSummary> runs, DateTimeOffset now)
    {
        var plans = new Mend(DashboardText.Look, "plans");
        foreach (var problem in catalog.Problems)
        {
            yield return new("warn", DashboardText.PlanUnreadable, problem, plans);
        }

        foreach (var plan in catalog.Plans)
        {
            var test = runs.FirstOrDefault(r => r.Phase.IsFinal() && PlanTests.IsOf(r, plan));
            if (test is null)
            {
                yield return new("warn", DashboardText.UntestedTitle(plan.Name), DashboardText.UntestedText, plans);
            }
            else if (test.Phase != RunPhase.Succeeded)
            {
                yield return new("warn", DashboardText.TestFailedTitle(plan.Name), DashboardText.TestFailedText, new(DashboardText.OpenRun, $"runs/{test.Uuid}"));
            }
            else if (now - test.StartedAt > PlanTests.AtLeastEvery)
            {
                yield return new("warn", DashboardText.TestOldTitle(plan.Name, (int)(now - test.StartedAt).TotalDays), DashboardText.UntestedText, plans);
            }
        }

        foreach (var schedule in schedules)
        {
            if (schedule.Last is { Failure: { } failure })
            {
                yield return new("warn", DashboardText.ScheduleTitle(schedule.Name), failure, plans);
            }
            else if (schedule.Missed > 0)
            {
                yield return new("warn", DashboardText.ScheduleTitle(schedule.Name), DashboardText.MissedText(schedule.Missed), plans);
            }
        }
    }

    private static IEnumerable<Issue> Behind(ProtectionFacts facts, ImmutableDictionary<string, Replication> replication) =>
        from sr in facts.Srs
        where sr.IsAttached && replication.TryGetValue(sr.Uuid, out var r) && r.Health is not ("healthy" or "broken")
        let state = replication[sr.Uuid]
        select new Issue(
            state.Health == "catching-up" ? "info" : "warn", DashboardText.BehindTitle(sr.Name, ProtectionText.Word(state.Health)),
            DashboardText.BehindText(state.Behind, state.Reason), new(DashboardText.Look, "protection"));

    private static IEnumerable<Issue> Unable(ProtectionFacts facts) =>
        from sr in facts.Srs
        where sr is { Vms: > 0, IsShared: true, IsProtected: false } && (!sr.IsAble || sr.IsForRecovery)
        select new Issue(
            "warn", DashboardText.UnableTitle(sr.Name), sr.IsForRecovery ? DashboardText.ForRecoveryText(sr.Vms) : DashboardText.UnableText(sr.Vms),
            new(DashboardText.Look, "protection"));

    private static IEnumerable<Issue> Broken(ProtectionFacts facts, ImmutableDictionary<string, Replication> replication) =>
        from sr in facts.Srs
        where sr.IsAttached && replication.TryGetValue(sr.Uuid, out var r) && r.Health == "broken"
        select new Issue(
            "bad", DashboardText.BrokenTitle(sr.Name), DashboardText.BrokenText(replication[sr.Uuid].Behind, replication[sr.Uuid].Reason),
            new(DashboardText.Look, "protection"));

    private static IEnumerable<Issue> Detached(DatabaseState state, ProtectionFacts facts) =>
        from sr in facts.Srs
        where !sr.IsAttached && (sr.Vms > 0 || sr.IsProtected)
        let pbd = state.Get(sr.Ref).Pbds.FirstOrDefault()
        where !pbd.IsNull
        select new Issue(
            "bad", DashboardText.DetachedTitle(sr.Name), DashboardText.DetachedText(sr.Vms),
            new(DashboardText.Attach, null, "PBD.plug", pbd.Opaque, $"redoubt pbd-plug uuid={state.Get(pbd).Uuid}"));

    private static IEnumerable<Issue> Unprotected(ProtectionFacts facts) =>
        from sr in facts.Srs
        where sr is { Vms: > 0, IsShared: true, IsProtected: false, IsAble: true, IsAttached: true, IsForRecovery: false }
        select new Issue(
            "warn", DashboardText.UnprotectedTitle(sr.Name), DashboardText.UnprotectedText(sr.Vms),
            new(DashboardText.Protect, null, "SR.enable_database_replication", sr.Ref.Opaque, $"redoubt sr-enable-database-replication uuid={sr.Uuid}"));

    private static IEnumerable<Issue> OutOfReach(ProtectionFacts facts)
    {
        var local = facts.Exposed.Count(v => v.Exposure == Exposure.LocalDisk);
        if (local > 0)
        {
            yield return new("warn", DashboardText.LocalTitle(local), DashboardText.LocalText, new(DashboardText.Which, "protection"));
        }

        var lost = facts.Exposed.Count(v => v.Exposure == Exposure.LostDisk);
        if (lost > 0)
        {
            yield return new("bad", DashboardText.LostTitle(lost), DashboardText.LostText, new(DashboardText.Which, "protection"));
        }
    }

    private static IEnumerable<Issue> Diskless(ProtectionFacts facts) =>
        facts.Exposed.Count(v => v.Exposure == Exposure.NoDisk) is > 0 and var count
            ? [new("info", DashboardText.DisklessTitle(count), DashboardText.DisklessText, new(DashboardText.Which, "protection"))]
            : [];

    private static IEnumerable<Issue> Foreign(ProtectionFacts facts) =>
        from sr in facts.Srs
        where sr.ForeignVolumes.Count > 0 && !sr.IsProtected && sr.Vms == 0
        select new Issue("info", DashboardText.ForeignTitle(sr.Name), DashboardText.ForeignText, new(DashboardText.OpenWizard, "recover"));
}
