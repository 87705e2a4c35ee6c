using System.Collections.Immutable;
using System.Globalization;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Judges targets: how old the copies are that a disaster now would leave behind, and how long the last tests and runs took. The one
/// judgement, for the status, the report of the month, the console, the metrics and the messages. Pure.
/// </summary>
public static class TargetJudge
{
    // As far back as a trend goes.
    private const int Earlier = 4;

    /// <summary>Everything that has a target: plans, vApps, VMs, each by name.</summary>
    public static ImmutableArray<TargetStanding> Judge(TargetEvidence facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var vms = facts.Protection.Vms.Where(v => !v.IsOfTest)
            .Select(v => (View: v, Row: facts.FindVm(v.Ref))).Where(v => v.Row is not null).Select(v => (v.View, Row: v.Row!)).ToList();
        var members = vms.ToLookup(v => v.View.Appliance, v => v.View);
        var names = facts.Appliances.ToDictionary(a => a.Key, a => a.Value);
        var targeted = vms.Select(v => (v.View, Read: RecoveryTargets.Read(v.Row.OtherConfig)))
            .Where(v => HasAny(v.Read)).ToList();
        var targetedApps = facts.Appliances
            .Select(a => (a.Key, a.Value, Read: RecoveryTargets.Read(facts.Pool.OtherConfig, $":{a.Value.Uuid}")))
            .Where(a => HasAny(a.Read)).OrderBy(a => a.Value.NameLabel, StringComparer.OrdinalIgnoreCase).ToList();
        var timed = targeted.Where(t => t.Read.Targets.Rto is not null).Select(t => t.View.Uuid)
            .Concat(targetedApps.Where(t => t.Read.Targets.Rto is not null).SelectMany(t => members[t.Key].Select(m => m.Uuid)))
            .ToHashSet(StringComparer.Ordinal);
        var rtos = (timed.Count == 0 ? [] : facts.RtosOf(timed)).ToLookup(r => r.Vm, StringComparer.Ordinal);
        return
        [
            .. facts.Plans.Where(p => p.Origin is null && !p.Request.Policy.Targets.IsNone())
                .OrderBy(p => p.Name, StringComparer.OrdinalIgnoreCase)
                .Select(p => OfPlan(
                    facts, p, [.. vms.Where(v => IsMeant(p.Request.Policy.Chosen, v.View, v.Row, names)).Select(v => v.View)])),
            .. targetedApps.Select(a => new TargetStanding(TargetSubject.Appliance, a.Value.Uuid, NameOf(a.Value.NameLabel, a.Value.Uuid))
            {
                Rpo = a.Read.Targets.Rpo is { } rpo ? Rpo(facts, rpo, [.. members[a.Key]]) : null,
                Rto = a.Read.Targets.Rto is { } rto ? Rto(facts, rto, [.. members[a.Key].Select(m => m.Uuid)], rtos) : null,
                Garbled = a.Read.Garbled,
            }),
            .. targeted.Select(v => new TargetStanding(TargetSubject.Vm, v.View.Uuid, v.View.Name)
            {
                Rpo = v.Read.Targets.Rpo is { } rpo ? Rpo(facts, rpo, [v.View]) : null,
                Rto = v.Read.Targets.Rto is { } rto ? Rto(facts, rto, [v.View.Uuid], rtos) : null,
                Garbled = v.Read.Garbled,
            }),
        ];
    }

    private static bool HasAny((RecoveryTargets Targets, ImmutableArray<string> Garbled) read) =>
        !read.Targets.IsNone() || !read.Garbled.IsEmpty;

    private static TargetStanding OfPlan(TargetEvidence facts, SavedPlan plan, IReadOnlyList<VmView> vms)
    {
        var runs = facts.Runs.Where(r => PlanTests.IsRunOf(r, plan) && Counts(r)).ToList();
        var (targets, pool) = (plan.Request.Policy.Targets, facts.Pool.Uuid);
        return new(TargetSubject.Plan, pool, plan.Name)
        {
            Rto = targets.Rto is { } rto ? Rto(rto, [.. runs.Select(r => (r.Uuid, r.StartedAt, r.Rto))]) : null,
            Rpo = targets.Rpo is not { } rpo ? null
                // What was recovered here already, or comes from elsewhere, is no copy of this pool's to measure.
                : vms.Count > 0 && (runs.Count == 0 || !plan.Request.Policy.Chosen.IsEverything()) ? Rpo(facts, rpo, vms)
                : runs.Find(r => r.Rpo is not null) is { } last
                    ? TargetMeasure.Of(rpo, last.Rpo!.Value, $"what the run of {Moment(last.StartedAt)} took")
                : TargetMeasure.Unknown(rpo, "none of its VMs is in this pool, and no run of it has measured any"),
        };
    }

    // The oldest copy counts, and what has none counts for more.
    private static TargetMeasure Rpo(TargetEvidence facts, TimeSpan target, IReadOnlyList<VmView> vms)
    {
        if (vms.Count == 0)
        {
            return TargetMeasure.Unknown(target, "there is no VM in it");
        }

        if (vms.FirstOrDefault(v => v.Exposure != Exposure.None) is { } exposed)
        {
            return TargetMeasure.Endless(target, $"VM {exposed.Name} would not come back: {ProblemSentences.Why(exposed)}");
        }

        var srs = vms.SelectMany(v => v.Disks.Append(v.Memory)).OfType<DiskView>().Select(d => d.Sr!).DistinctBy(s => s.Uuid)
            .Select(s => (s.Name, Age: facts.CopyAges.GetValueOrDefault(s.Uuid))).ToList();
        if (srs.Find(s => s.Age is null) is { Name: { } unknown })
        {
            return TargetMeasure.Unknown(target, $"how old the copy of the metadata on SR {unknown} is, is not known");
        }

        var oldest = srs.MaxBy(s => s.Age);
        return TargetMeasure.Of(
            target, oldest.Age!.Value,
            oldest.Age == TimeSpan.Zero
                ? "the metadata are written at every change; the disks are as new as their replication"
                : $"the copy of the metadata on SR {oldest.Name} has not been written since");
    }

    // Of several VMs the last one counts, in the runs that had all of them.
    private static TargetMeasure Rto(
        TargetEvidence facts, TimeSpan target, IReadOnlyList<string> vms, ILookup<string, VmRto> rtos)
    {
        var ofRun = vms.SelectMany(v => rtos[v]).GroupBy(r => r.Run, StringComparer.Ordinal)
            .Where(g => g.Select(r => r.Vm).Distinct(StringComparer.Ordinal).Count() == vms.Count)
            .ToDictionary(g => g.Key, g => g.Any(r => r.Rto is null) ? null : g.Max(r => r.Rto), StringComparer.Ordinal);
        return Rto(
            target, [.. facts.Runs.Where(r => Counts(r) && ofRun.ContainsKey(r.Uuid)).Select(r => (r.Uuid, r.StartedAt, ofRun[r.Uuid]))]);
    }

    private static TargetMeasure Rto(TimeSpan target, ImmutableArray<(string Run, DateTimeOffset At, TimeSpan? Rto)> newestFirst) =>
        newestFirst switch
        {
            [] => TargetMeasure.Unknown(target, "no test and no run has measured it"),
            [{ Rto: null } last, ..] => TargetMeasure.Endless(
                target, $"in the run of {Moment(last.At)} not everything came to where it was wanted: dr-report uuid={last.Run}"),
            [{ Rto: { } rto } last, .. { } before] => TargetMeasure.Of(target, rto, $"measured by the run of {Moment(last.At)}") with
            {
                Earlier = [.. before.Select(b => b.Rto).OfType<TimeSpan>().Take(Earlier)],
            },
        };

    // What an operator stopped, or took back before it came to anything, has measured nothing.
    private static bool Counts(RunSummary run) =>
        run.Phase is RunPhase.Succeeded or RunPhase.Partial or RunPhase.Failed || (run.Phase == RunPhase.Undone && run.Rto is not null);

    private static bool IsMeant(
        Selection chosen, VmView vm, VmRecord row, Dictionary<Ref<VmApplianceRecord>, VmApplianceRecord> appliances) =>
        chosen.IsEverything() || chosen.Vms.Contains(vm.Uuid) || chosen.Vms.Contains(row.NameLabel) || row.Tags.Any(chosen.Tags.Contains)
        || (appliances.TryGetValue(vm.Appliance, out var appliance)
            && (chosen.Appliances.Contains(appliance.Uuid) || chosen.Appliances.Contains(appliance.NameLabel)));

    private static string NameOf(string label, string uuid) => label.Length > 0 ? label : uuid;

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
