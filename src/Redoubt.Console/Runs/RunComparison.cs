using Redoubt.Recovery;

namespace Redoubt.Console.Runs;

/// <summary>Two runs side by side: what both did and how long each took for it. Pure.</summary>
/// <param name="Steps">The steps of either, those of the first run first.</param>
/// <param name="Vms">The VMs of either.</param>
internal sealed record RunComparison(List<RunComparison.Row<StepRecord>> Steps, List<RunComparison.Row<VmProgress>> Vms)
{
    public static RunComparison Of(RunRecord first, RunRecord second) => new(
        Join(
            first.Steps, second.Steps, s => s.Step.Key, s => s.Step.What,
            s => s is { StartedAt: { } from, EndedAt: { } to } ? to - from : null),
        [.. Join(first.Vms, second.Vms, v => v.Vm.Uuid, v => v.Vm.Name, _ => null)
            .Select(r => r with { Difference = After(second, r.Second) - After(first, r.First) })]);

    /// <summary>From the decision until a VM was where it was wanted; null if it was not.</summary>
    public static TimeSpan? After(RunRecord run, VmProgress? vm) => vm?.ReachedAt(run.Request.Policy) - run.StartedAt;

    private static List<Row<T>> Join<T>(
        IEnumerable<T> first, IEnumerable<T> second, Func<T, string> key, Func<T, string> name, Func<T, TimeSpan?> took)
        where T : class
    {
        var rows = new Dictionary<string, Row<T>>(StringComparer.Ordinal);
        foreach (var item in first)
        {
            rows.TryAdd(key(item), new(key(item), name(item), item, null, null));
        }

        foreach (var item in second)
        {
            var row = rows.GetValueOrDefault(key(item)) ?? new(key(item), name(item), null, null, null);
            rows[key(item)] = row with { Second = item, Difference = row.First is { } other ? took(item) - took(other) : null };
        }

        return [.. rows.Values];
    }

    /// <summary>What the two runs made of one thing.</summary>
    /// <param name="Key">What it is known by.</param>
    /// <param name="Name">What people call it.</param>
    /// <param name="First">In the first run; null if it was not there.</param>
    /// <param name="Second">In the second.</param>
    /// <param name="Difference">How much longer the second took; null where one of them has no end.</param>
    internal sealed record Row<T>(string Key, string Name, T? First, T? Second, TimeSpan? Difference);
}
