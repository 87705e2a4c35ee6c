using System.Globalization;
using System.Text;

namespace Redoubt.Recovery;

/// <summary>A plan as text: the verdict first, then what stands in the way, then what would be done.</summary>
internal static class PlanText
{
    public static string Write(RecoveryPlan plan)
    {
        var text = new StringBuilder();
        Line(
            text,
            $"Plan: {plan.Kind.ToString().ToLowerInvariant()} to pool {plan.Target.Name} ({plan.Target.Uuid}), from facts of "
                + $"{Moments.Write(plan.InventoryTakenAt)}");
        Line(text, Verdict(plan));
        Findings(text, plan);
        Section(text, "VMs, and where each is taken from", plan.Choices, c => [c.Vm.Name, c.Vm.Uuid, Place(c), c.Reason]);
        Section(text, "Start order", plan.Tiers, t => [$"tier {t.Order}", string.Join(", ", t.Vms.Select(v => v.Name)), t.LeastWait > TimeSpan.Zero ? $"then {Moments.Write(t.LeastWait)}" : ""]);
        Section(
            text, "Steps", plan.Steps.Select((s, i) => (Number: i + 1, Step: s)).ToList(),
            s => [Number(s.Number), s.Step.What, (s.Step.Undo.IsPossible ? "undo: " : "no undo: ") + s.Step.Undo.Text]);
        return text.ToString();
    }

    /// <summary>Rows with their columns aligned; the last column is as wide as it is.</summary>
    public static void Table(StringBuilder text, IReadOnlyList<string[]> rows)
    {
        // A column wider than this would push the next one off the screen; such a cell may stick out instead.
        const int Widest = 60;
        var widths = Enumerable.Range(0, rows[0].Length).Select(i => Math.Min(Widest, rows.Max(r => r[i].Length))).ToList();
        foreach (var row in rows)
        {
            Line(
                text, ("  " + string.Join("  ", row.Select((cell, i) => i == row.Length - 1 ? cell : cell.PadRight(widths[i])))).TrimEnd());
        }
    }

    private static string Verdict(RecoveryPlan plan)
    {
        var blocks = plan.Findings.Count(f => f.Severity == Severity.Block);
        var warnings = plan.Findings.Count(f => f.Severity == Severity.Warning);
        return blocks > 0 ? $"BLOCKED: {Count(blocks, "finding")} must be dealt with first; {Count(warnings, "warning")}."
            : plan.Steps.IsEmpty ? "Nothing to do."
            : $"Ready: nothing blocks; {Count(warnings, "warning")}.";
    }

    private static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    private static void Findings(StringBuilder text, RecoveryPlan plan)
    {
        if (plan.Findings.IsEmpty)
        {
            return;
        }

        Heading(text, "Findings");
        foreach (var finding in plan.Findings)
        {
            var severity = finding.Severity switch
            {
                Severity.Block => "BLOCK",
                Severity.Warning => "warning",
                Severity.Info => "info",
            };
            Line(text, $"  {severity,-7}  {finding.Object.Describe()}  [{finding.Code}]");
            Line(text, $"           {finding.Sentence}");
            Line(text, $"           do:  {finding.Advice}");
            if (finding.Fix is { } fix)
            {
                Line(text, $"           fix: {fix.Text}");
            }

            if (finding.Affects is { IsEmpty: false } affects && !(affects.Length == 1 && affects[0] == finding.Object))
            {
                Line(text, $"           for: {string.Join(", ", affects.Select(a => a.Name))}");
            }
        }
    }

    private static string Place(VmChoice choice) =>
        choice.Chosen is { } chosen ? $"{chosen.Describe()}, version {chosen.Version}" : "UNDECIDED";

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture).PadLeft(3);

    private static void Section<T>(StringBuilder text, string heading, IReadOnlyList<T> items, Func<T, string[]> row)
    {
        if (items.Count > 0)
        {
            Heading(text, heading);
            Table(text, [.. items.Select(row)]);
        }
    }

    private static void Heading(StringBuilder text, string heading) => Line(text, "\n" + heading);

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
