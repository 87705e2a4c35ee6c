using System.Collections.Immutable;
using Redoubt.Console.Plans;
using Redoubt.Console.Vms;
using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.XenApi;
using T = Redoubt.Console.Search.SearchText;

namespace Redoubt.Console.Search;

/// <summary>What in the pool is called like what somebody types. Pure.</summary>
internal static class Hits
{
    /// <summary>As many as are shown: whoever sees more types more.</summary>
    public const int Most = 12;

    /// <summary>The best ones: what begins with the text before what only has it in it, and pages and plans before single VMs.</summary>
    /// <param name="state">The pool's database.</param>
    /// <param name="facts">Its VMs and SRs.</param>
    /// <param name="plans">The plans that the visitor may see.</param>
    /// <param name="pages">The console's pages.</param>
    /// <param name="text">What is typed; nothing finds the pages.</param>
    public static ImmutableArray<Hit> Of(
        DatabaseState state, ProtectionFacts facts, IEnumerable<SavedPlan> plans, IReadOnlyList<Hit> pages, string text)
    {
        ArgumentNullException.ThrowIfNull(facts);
        text = text.Trim();
        if (text.Length == 0)
        {
            return [.. pages];
        }

        var named = pages
            .Concat(plans.Select(p => new Hit(T.Plan, p.Name, PlanAddress.Of(p), "plan")))
            .Concat(state.All<VmApplianceRecord>().Select(a => new Hit(T.VApp, a.Record.NameLabel, $"apps/{a.Record.Uuid}", "apps")))
            .Concat(facts.Srs.Select(s => new Hit(T.Sr, s.Name, $"storage/{s.Uuid}", "disk")))
            .Where(h => h.Name.Contains(text, StringComparison.OrdinalIgnoreCase));
        var vms = new VmOrder(VmColumn.Name, false, text, VmFilter.All).Of(state, facts.Vms)
            .Select(v => new Hit(T.Vm, v.Name, $"vms/{v.Uuid}", "vm"));
        return [.. named.Concat(vms).OrderBy(h => !h.Name.StartsWith(text, StringComparison.OrdinalIgnoreCase)).Take(Most)];
    }
}
