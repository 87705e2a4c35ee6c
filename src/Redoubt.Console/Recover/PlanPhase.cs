using System.Collections.Immutable;
using Redoubt.Console.Runs;
using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>A stretch of a plan whose steps do the same kind of thing.</summary>
/// <param name="Title">What it does.</param>
/// <param name="About">On what, in short.</param>
/// <param name="Steps">How many steps it has.</param>
/// <param name="Begins">When it begins, counted from the start, as far as that can be forecast.</param>
/// <param name="Takes">How long it should take; at least, if it is not known of every step.</param>
/// <param name="IsKnown">Whether it is known of every step.</param>
/// <param name="WaitsForPeople">Whether it waits for a person, for as long as they take.</param>
public sealed record PlanPhase(string Title, string About, int Steps, TimeSpan Begins, TimeSpan Takes, bool IsKnown, bool WaitsForPeople)
{
    /// <summary>A plan's phases, in their order. Pure.</summary>
    public static ImmutableArray<PlanPhase> Of(RecoveryPlan plan, PlanForecast? forecast)
    {
        var phases = ImmutableArray.CreateBuilder<PlanPhase>();
        var begins = TimeSpan.Zero;
        for (var from = 0; from < plan.Steps.Length;)
        {
            var title = StretchText.Of(plan.Steps[from]);
            var to = from;
            while (to < plan.Steps.Length && StretchText.Of(plan.Steps[to]) == title)
            {
                to++;
            }

            var steps = Enumerable.Range(from, to - from)
                .Select(i => (Step: plan.Steps[i], Takes: forecast?.Steps.ElementAtOrDefault(i))).ToList();
            var takes = steps.Aggregate(TimeSpan.Zero, (sum, s) => sum + (s.Takes ?? Least(s.Step)));
            var waits = steps.Exists(s => s.Step is WaitForOperator);
            phases.Add(
                new(title, ObjectsOf(plan.Steps[from..to]), to - from, begins, takes, steps.TrueForAll(s => s.Takes is not null), waits));
            begins += takes;
            from = to;
        }

        return phases.ToImmutable();
    }

    // The delays that the VMs have are waited for, whatever earlier runs say.
    private static TimeSpan Least(RecoveryStep step) => step is WaitHealthy wait ? wait.LeastWait : TimeSpan.Zero;

    private static string ObjectsOf(ImmutableArray<RecoveryStep> steps)
    {
        var objects = steps.SelectMany(s => s switch
        {
            RecoverAppliance vapp => [vapp.Appliance],
            RecoverVm vm => [vm.Vm],
            WaitHealthy or RunHookStep => [],
            _ => s.Objects,
        }).Select(o => o.Name.Length > 0 ? o.Name : o.Uuid).Distinct().Take(Named + 1).ToList();
        return objects.Count > Named ? RecoverText.AndMore(string.Join(", ", objects.Take(Named))) : string.Join(", ", objects);
    }

    private const int Named = 6;
}
