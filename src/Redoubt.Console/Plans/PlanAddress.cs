using Redoubt.Desk;

namespace Redoubt.Console.Plans;

/// <summary>Where plans are shown.</summary>
internal static class PlanAddress
{
    /// <summary>The page that shows a plan, below the console's base; one of another pool by the volume that it lies in.</summary>
    public static string Of(SavedPlan plan) =>
        $"plans/edit?plan={Uri.EscapeDataString(plan.Name)}{(plan.Origin is { } origin ? $"&from={origin.Volume}" : "")}";
}
