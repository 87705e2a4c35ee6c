using Redoubt.Cli.Output;
using Redoubt.Recovery;

namespace Redoubt.Cli.Recovering;

/// <summary>A run on one screen.</summary>
internal static class RunText
{
    public static string Write(RunRecord run)
    {
        using var text = new StringWriter { NewLine = "\n" };
        text.WriteLine(
            $"Run {run.Uuid}: {ShownMoments.Word(run.Plan.Kind)} to pool "
                + $"{run.Plan.Target.Name}{(run.Request.Plan is { } plan ? $", plan {plan}" : "")}");
        text.WriteLine(
            $"{ShownMoments.Word(run.Phase)}; started {ShownMoments.Show(run.StartedAt)} by "
                + $"{run.StartedBy}{(run.EndedAt is { } end ? $", ended {ShownMoments.Show(end)}" : "")}");
        if (run.Failure is { } failure)
        {
            text.WriteLine(failure);
        }

        if (!run.Vms.IsEmpty)
        {
            text.WriteLine($"{run.Tally().ToText()}.");
        }

        foreach (var warning in run.Warnings)
        {
            text.WriteLine($"Warning: {warning}");
        }

        if (run.Question is { } question)
        {
            text.WriteLine($"It asks: {question.Text}\n  dr-run-answer uuid={run.Uuid} answer={string.Join('|', question.Answers)}");
        }

        text.WriteLine();
        TextTable.Write(text, [
            ["step", "phase", "took", "what"],
            .. run.Steps.Select(s => new[]
            {
                $"{s.Index + 1}", ShownMoments.Word(s.Phase),
                s is { StartedAt: { } from, EndedAt: { } to } ? $"{(to - from).TotalSeconds:0.0} s" : "",
                s.Step.What + (s.Error is { } error ? $" ({error})" : ""),
            })]);
        if (!run.Vms.IsEmpty)
        {
            text.WriteLine();
            TextTable.Write(text, [
                ["VM", "phase", "healthy", "uuid here", ""],
                .. run.Vms.Select(v => new[] { v.Vm.Name, v.Phase.Word(), ShownMoments.Show(v.HealthyAt), v.TargetUuid ?? "", v.Error ?? "" })]);
        }

        foreach (var line in run.Log)
        {
            text.WriteLine($"{ShownMoments.Show(line.At)}  {line.Text}");
        }

        return text.ToString();
    }
}
