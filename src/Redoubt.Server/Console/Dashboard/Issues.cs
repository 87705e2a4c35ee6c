using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Recovery;
using Redoubt.Server.Console.Protection;
using Redoubt.Server.Console.Recover;

namespace Redoubt.Server.Console.Dashboard;

/// <summary>Finds what is wrong with a pool's protection. One line for each cause, however many VMs it hits; the worst first.</summary>
internal static class Issues
{
    public static ImmutableArray<Issue> Of(DatabaseState state, ProtectionFacts facts, ImmutableDictionary<string, Replication> replication) =>
        [.. Broken(facts, replication).Concat(Detached(state, facts)).Concat(Unprotected(facts)).Concat(OutOfReach(facts)).Concat(Foreign(facts))
            .OrderBy(i => i.Rank)];

    /// <summary>Runs that wait for a person.</summary>
    public static IEnumerable<Issue> OfRuns(IReadOnlyList<RunSummary> runs) =>
        from run in runs
        where run.Phase is RunPhase.Waiting or RunPhase.Interrupted
        select new Issue(
            "bad", DashboardText.RunTitle(RecoverText.Kind(run.Kind), run.Phase == RunPhase.Waiting), DashboardText.RunText(run.Phase == RunPhase.Waiting),
            new(DashboardText.OpenRun, $"runs/{run.Uuid}"));

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

    private static IEnumerable<Issue> Foreign(ProtectionFacts facts) =>
        from sr in facts.Srs
        where sr.ForeignVolumes.Count > 0 && !sr.IsProtected && sr.Vms == 0
        select new Issue("info", DashboardText.ForeignTitle(sr.Name), DashboardText.ForeignText, new(DashboardText.OpenWizard, "recover"));
}
