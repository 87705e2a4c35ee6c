using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>How long a plan should take, by what earlier runs at this place took. Waiting for people is not in it.</summary>
/// <param name="Steps">For each step of the plan; null where nothing is there to go by, and where the step waits for a person.</param>
/// <param name="Known">The time of those steps that there is something to go by.</param>
/// <param name="Unknown">How many steps there is nothing to go by.</param>
public sealed record PlanForecast(ImmutableArray<TimeSpan?> Steps, TimeSpan Known, int Unknown)
{
    /// <summary>The forecast for people, in a line.</summary>
    public string ToText() =>
        Steps.IsEmpty ? "Forecast: nothing is to be done.\n"
        : Unknown == 0 ? $"Forecast: {Moments.Write(Known)} of work, by what earlier runs took; waiting for people is not counted.\n"
        : Known == TimeSpan.Zero ? "Forecast: none, since no earlier run at this place did such steps.\n"
        : $"Forecast: at least {Moments.Write(Known)} of work, by what earlier runs took; of {Unknown} of the {Steps.Length} "
            + "steps nothing is known.\n";

    internal static PlanForecast Of(RecoveryPlan plan, IEnumerable<RunState> earlier)
    {
        var steps = StepForecast.Of(plan, earlier);
        return new(
            steps, steps.Aggregate(TimeSpan.Zero, (sum, step) => sum + (step ?? TimeSpan.Zero)),
            plan.Steps.Zip(steps).Count(s => s is { Second: null, First: not WaitForOperator }));
    }
}
