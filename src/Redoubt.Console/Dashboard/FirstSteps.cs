using System.Collections.Immutable;
using Redoubt.Desk;

namespace Redoubt.Console.Dashboard;

/// <summary>What leads to a first test that has passed, in five steps. Pure.</summary>
public static class FirstSteps
{
    /// <summary>The steps, and which of them are done.</summary>
    /// <param name="facts">What is protected.</param>
    /// <param name="sites">How many sites are known.</param>
    /// <param name="plans">How many plans are saved.</param>
    /// <param name="hasPassed">Whether a test has succeeded.</param>
    public static ImmutableArray<Step> Of(ProtectionFacts facts, int sites, int plans, bool hasPassed)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return
        [
            new(FirstStep.Storage, facts.Srs.Any(s => s.IsShared && s.IsAttached), "protection"),

            // At the site that recovers, it is the other pool's.
            new(FirstStep.Protect, facts.Srs.Any(s => s.IsProtected || s.ForeignVolumes.Count > 0), "protection"),
            new(FirstStep.Site, sites > 0, "sites"),
            new(FirstStep.Plan, plans > 0, "plans/new"),
            new(FirstStep.Test, hasPassed, "recover?kind=test"),
        ];
    }

    /// <summary>One of them.</summary>
    /// <param name="Name">Which.</param>
    /// <param name="IsDone">Whether it is done.</param>
    /// <param name="Page">Where it is done.</param>
    public sealed record Step(FirstStep Name, bool IsDone, string Page);
}
