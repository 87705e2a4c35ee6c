using System.Collections.Immutable;
using System.Globalization;

namespace Redoubt.Recovery;

/// <summary>A report in words, before it has a form. Nothing in it is escaped yet.</summary>
/// <param name="Title">The title.</param>
/// <param name="Verdict">How it ended, in a sentence.</param>
/// <param name="Sections">The parts.</param>
internal sealed record ReportText(string Title, string Verdict, ImmutableArray<ReportSection> Sections)
{
    public static ReportText Of(RunReport report) => new(
        $"{report.Kind} to pool {report.Target.Name}",
        $"{report.Phase}{(report.Failure is null ? "" : ": " + report.Failure)}",
        [
            Pairs("The run", [
                ("Run", report.Uuid),
                ("Decided by", report.StartedBy),
                ("Decided at", Moments.Write(report.StartedAt)),
                ("Ended at", report.EndedAt is { } ended ? Moments.Write(ended) : "not yet"),
                ("Target", $"{report.Target.Name} ({report.Target.Uuid})"),
                ("Source", report.Source ?? "not asked live"),
                ("Plan", report.PlanName ?? "not saved"),
                ("State recovered from", report.PointInTime ?? "the newest"),
                ("Facts gathered at", Moments.Write(report.InventoryTakenAt)),
                ("VMs", report.Tally.ToText()),
                ("Recovery time, decision to last VM", Time(report.RtoWhole) ?? "not every VM is where it was wanted"),
                ("Against the RTO target", report.RtoTarget is { } rto ? TargetText.Of(rto) : "no target"),
                ("Age of the oldest state taken", Time(report.RpoWhole) ?? "not known of every VM"),
                ("Against the RPO target", report.RpoTarget is { } rpo ? TargetText.Of(rpo) : "no target"),
                ("Work forecast", Time(report.Forecast) ?? "nothing to go by"),
                ("Work taken", Time(report.Worked) ?? "-"),
                ("Error of the forecast", Signed(report.ForecastError) ?? "-"),
            ]),
            .. report.Warnings.IsEmpty ? Array.Empty<ReportSection>() : [List("What went otherwise than it should", report.Warnings)],
            List("What needs a person", report.NeedsPerson.IsEmpty ? ["Nothing."] : report.NeedsPerson),
            new(
                "What people stated", ["When", "Who", "What"],
                [.. report.Statements.Select(s => ImmutableArray.Create(Moments.Write(s.At), s.By, s.What))]),
            new("VMs", ["VM", "State", "Recovery time", "Age of the recovered state", "How that is known", "Taken from", "Replaced", "UUID here", "Error"],
            [
                .. report.Vms.Select(v => ImmutableArray.Create(
                    v.Vm.Name, v.Phase == VmPhase.Unchecked ? "Started, not checked" : v.Phase.ToString(), Time(v.Rto) ?? "-",
                    Time(v.Rpo) ?? "not known", v.RpoHow, v.TakenFrom, v.Replaced ? "the copy that was here" : "", v.TargetUuid ?? "",
                    v.Error ?? "")),
            ]),
            new("Steps", ["", "Step", "State", "Begun", "Took", "Forecast", "Attempts", "Undo", "Error"],
            [
                .. report.Steps.Select(s => ImmutableArray.Create(
                    s.Number.ToString(CultureInfo.InvariantCulture), s.What, s.Phase.ToString(),
                    s.StartedAt is { } at ? Moments.Write(at) : "", Took(s), Time(s.Forecast) ?? "",
                    s.Attempts.ToString(CultureInfo.InvariantCulture), s.Undo, s.Error ?? "")),
            ]),
            new("Findings of the plan", ["", "Object", "Code", "What was found", "What to do"],
                [.. report.Findings.Select(f => ImmutableArray.Create(f.Severity.ToString(), f.Object.Describe(), f.Code, f.Sentence, f.Advice))]),
            new("What happened", ["When", "What"], [.. report.Log.Select(l => ImmutableArray.Create(Moments.Write(l.At), l.Text))]),
        ]);

    private static ReportSection Pairs(string heading, IEnumerable<(string Name, string Value)> pairs) =>
        new(heading, ["", ""], [.. pairs.Select(p => ImmutableArray.Create(p.Name, p.Value))]);

    private static ReportSection List(string heading, IEnumerable<string> items) =>
        new(heading, [], [.. items.Select(i => ImmutableArray.Create(i))]);

    private static string Took(StepReport step) => step.Took is not { } took ? ""
        : step.WaitedForPeople > TimeSpan.Zero ? $"{Time(took)}, of which {Time(step.WaitedForPeople)} for an answer"
        : Time(took)!;

    private static string? Signed(TimeSpan? time) =>
        time is not { } known ? null : known < TimeSpan.Zero ? "-" + Time(-known) : "+" + Time(known);

    // Reports are compared with each other, so they are more exact than plans.
    private static string? Time(TimeSpan? time) => time is not { } known ? null
        : known.TotalMinutes < 1 ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalSeconds:0.0} s")
        : known.TotalHours < 1 ? string.Create(CultureInfo.InvariantCulture, $"{known.Minutes} min {known.Seconds} s")
        : known.TotalDays < 2 ? string.Create(CultureInfo.InvariantCulture, $"{(int)known.TotalHours} h {known.Minutes} min")
        : string.Create(CultureInfo.InvariantCulture, $"{known.TotalDays:0.0} days");
}
