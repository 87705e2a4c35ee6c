using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>How long steps should take, by how long they took. Pure.</summary>
internal static class StepForecast
{
    // The latest runs say more about today's storage and guests than those of last year.
    private const int Samples = 10;

    /// <summary>A forecast for each step of a plan; null where no earlier run did such a step.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="earlier">Earlier runs, the newest first.</param>
    public static ImmutableArray<TimeSpan?> Of(RecoveryPlan plan, IEnumerable<RunState> earlier)
    {
        var done = earlier.Take(100).SelectMany(r => r.Steps.Select((s, i) => (Step: r.Plan.Steps[i], State: s)))
            .Where(
                s => s.State is { Phase: StepPhase.Done, StartedAt: not null, EndedAt: not null, Attempt: 1 }
                    && s.Step is not WaitForOperator)
            .Select(s => (s.Step, Time: s.State.EndedAt!.Value - s.State.StartedAt!.Value - s.State.Waited)).ToList();
        var (byKey, byKind) = (done.ToLookup(d => d.Step.Key, StringComparer.Ordinal), done.ToLookup(d => d.Step.GetType()));
        return [.. plan.Steps.Select(step => Of(step, byKey[step.Key], byKind[step.GetType()]))];
    }

    /// <summary>The sum, which waits for nobody; null if the time of too little is known.</summary>
    public static TimeSpan? Total(IReadOnlyList<RecoveryStep> steps, IReadOnlyList<TimeSpan?> forecasts) =>
        steps.Zip(forecasts).Where(s => s.First is not WaitForOperator).Select(s => s.Second).ToList() is { Count: > 0 } all
            && all.TrueForAll(f => f is not null)
            ? all.Aggregate(TimeSpan.Zero, (sum, f) => sum + f!.Value)
            : null;

    // The very same step of an earlier run says most; another of its kind says how long a VM takes.
    private static TimeSpan? Of(
        RecoveryStep step, IEnumerable<(RecoveryStep Step, TimeSpan Time)> ofKey, IEnumerable<(RecoveryStep Step, TimeSpan Time)> ofKind)
    {
        if (step is WaitForOperator)
        {
            return null;
        }

        var same = ofKey.Where(d => d.Step.Objects.SequenceEqual(step.Objects)).Select(d => d.Time).Take(Samples).ToList();
        if (same.Count > 0)
        {
            return Median(same);
        }

        var vms = Math.Max(1, VmCount(step));
        var kind = ofKind.Select(d => d.Time / Math.Max(1, VmCount(d.Step))).Take(Samples).ToList();
        return kind.Count == 0 ? null : AtLeast(step, Median(kind) * vms);
    }

    private static int VmCount(RecoveryStep step) => step is WaitHealthy ? 1 : step.Objects.Count(o => o.Kind == ObjectKind.Vm);

    private static TimeSpan AtLeast(RecoveryStep step, TimeSpan time) =>
        step is WaitHealthy wait && wait.LeastWait > time ? wait.LeastWait : time;

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
}
