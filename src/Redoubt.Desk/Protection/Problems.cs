using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// What is wrong with a pool's protection: the one judgement, for <c>recovery.get_status</c>, the command line and the console. Pure.
/// </summary>
public static class Problems
{
    private static readonly TimeSpan FirmwareGrace = TimeSpan.FromSeconds(30);

    /// <summary>What is wrong, one for each cause, however many VMs it hits; the worst first.</summary>
    /// <param name="facts">What would come back after a disaster.</param>
    /// <param name="copies">How the copies of the metadata stand, by the SR's UUID.</param>
    /// <param name="runs">All runs, the newest first.</param>
    /// <param name="catalog">The saved plans.</param>
    /// <param name="schedules">The schedules of tests.</param>
    /// <param name="sites">Those sites that were asked whether they answer.</param>
    /// <param name="found">Those metadata volumes of other pools that were looked at.</param>
    /// <param name="targets">How everything with a target stands to it.</param>
    /// <param name="watched">What the daemon has noticed by itself.</param>
    /// <param name="now">The time.</param>
    public static ImmutableArray<Problem> Of(
        ProtectionFacts facts, ImmutableDictionary<string, Replication> copies, IReadOnlyList<RunSummary> runs, PlanCatalog catalog,
        IEnumerable<Schedule> schedules, IEnumerable<SiteTest> sites, IEnumerable<FoundMetadata> found,
        IEnumerable<TargetStanding> targets, IEnumerable<Problem> watched, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(copies);
        ArgumentNullException.ThrowIfNull(catalog);
        var all = watched.Concat(
            runs.Where(r => r.Phase is RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused)
                .Select(r => (Problem)new Problem.RunStands(r)))
            .Concat(facts.Srs.SelectMany(sr => OfSr(sr, copies.GetValueOrDefault(sr.Uuid))))
            .Concat(facts.Exposed.Where(v => v.Exposure != Exposure.UnprotectedSr).GroupBy(v => v.Exposure).OrderBy(g => g.Key)
                .Select(g => new Problem.VmsExposed(g.Key, [.. g])))
            .Concat(OfFirmware(facts, now))
            .Concat(sites.Where(s => s.IsReachable == false).Select(s => new Problem.SiteSilent(s)))
            .Concat(
                found.Where(f => f.WrittenAt is { } at && Clocks.IsAhead(at, now))
                    .Select(f => new Problem.MetadataFromFuture(f, f.WrittenAt!.Value - now)))
            .Concat(catalog.Problems.Select(p => new Problem.PlanUnreadable(p)))
            .Concat(catalog.Plans.Select(p => OfPlan(p, runs, now)).OfType<Problem>())
            .Concat(targets.Where(t => t.IsExceeded || !t.Garbled.IsEmpty).Select(t => new Problem.TargetMissed(t)))
            .Concat(schedules.Where(s => s.Missed > 0 || s.Last is { Failure: not null }).Select(s => new Problem.TestNotStarted(s)));
        return [.. all.OrderBy(p => p.Weight)];
    }

    /// <summary>What is wrong with hosts of the pool that do not answer: a problem each, with the VMs that were last seen there.</summary>
    /// <param name="state">The database.</param>
    /// <param name="silent">Those hosts.</param>
    public static ImmutableArray<Problem> OfHosts(DatabaseState state, IReadOnlyCollection<Ref<HostRecord>> silent)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(silent);
        return
        [
            .. from host in silent
               let record = state.Find(host)
               where record is not null
               let vms = VmsAt(state, host)
               where record.Enabled || vms.Count > 0
               select new Problem.HostSilent(record, vms),
        ];
    }

    private static List<VmRecord> VmsAt(DatabaseState state, Ref<HostRecord> host) =>
        [.. state.All<VmRecord>().Select(v => v.Record)
            .Where(v => v is { IsControlDomain: false, IsASnapshot: false } && (v.ResidentOn == host || v.ScheduledToBeResidentOn == host))
            .OrderBy(v => v.NameLabel, StringComparer.OrdinalIgnoreCase)];

    /// <summary>What is wrong with guests that do not answer: nothing, or one problem with all of them.</summary>
    /// <param name="state">The database.</param>
    /// <param name="silence">Those that do not answer.</param>
    public static ImmutableArray<Problem> OfGuests(DatabaseState state, GuestSilence silence)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(silence);
        var vms = silence.Vms.Select(uuid => state.Find(state.FindByUuid<VmRecord>(uuid))).OfType<VmRecord>()
            .OrderBy(v => v.NameLabel, StringComparer.OrdinalIgnoreCase).ToList();
        return vms.Count > 0 ? [new Problem.GuestsSilent(vms, silence.Unasked)] : [];
    }

    // One that has just been started is written down within seconds. When it was started by a clock that is wrong says nothing.
    private static IEnumerable<Problem> OfFirmware(ProtectionFacts facts, DateTimeOffset now)
    {
        var vms = facts.Vms
            .Where(
                v => !v.IsOfTest && v.FirmwareUnkeptSince is { } since
                    && (now - since > FirmwareGrace || Clocks.IsAhead(since, now))).ToList();
        return vms.Count > 0 ? [new Problem.FirmwareUnkept(vms)] : [];
    }

    // Every VM whose disk lies on an SR without the metadata is covered by one of these.
    private static IEnumerable<Problem> OfSr(SrView sr, Replication? copy)
    {
        if (!sr.IsAttached && (sr.Vms > 0 || sr.IsProtected))
        {
            yield return new Problem.SrDetached(sr);
        }
        else if (sr.IsProtected && copy is not { Health: "healthy" })
        {
            yield return new Problem.CopyNotCurrent(sr, copy ?? Replication.Unknown);
        }
        else if (sr is { Vms: > 0, IsShared: true, IsProtected: false })
        {
            yield return sr.IsAble && !sr.IsForRecovery ? new Problem.SrUnprotected(sr) : new Problem.SrUnable(sr);
        }
    }

    private static Problem.PlanUnproven? OfPlan(SavedPlan plan, IReadOnlyList<RunSummary> runs, DateTimeOffset now)
    {
        var test = PlanTests.LastOf(runs, plan);
        var age = test is null ? TimeSpan.Zero : now - test.StartedAt;
        return test is { Phase: RunPhase.Succeeded } && PlanTests.IsFresh(test, now) ? null : new(plan, test, age);
    }
}
