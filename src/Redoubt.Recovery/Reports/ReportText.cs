using System.Collections.Immutable;
using System.Globalization;

namespace Redoubt.Recovery;

/// <summary>A report in words, before it has a form: the verdict first, then what proves it. Nothing in it is escaped yet.</summary>
/// <param name="Title">The title.</param>
/// <param name="Verdict">How it ended, in a sentence.</param>
/// <param name="Tone">How that is to be taken.</param>
/// <param name="Figures">The few numbers that it is judged by.</param>
/// <param name="Bars">When each step was done.</param>
/// <param name="Sections">The parts.</param>
internal sealed record ReportText(
    string Title, string Verdict, ReportTone Tone, ImmutableArray<ReportFigure> Figures, ImmutableArray<ReportBar> Bars,
    ImmutableArray<ReportSection> Sections)
{
    /// <summary>What was on the screens of VMs.</summary>
    public ImmutableArray<ReportScreen> Screens { get; init; } = [];

    public static ReportText Of(RunReport report) => new(
        $"{report.Kind} to pool {report.Target.Name}",
        VerdictOf(report),
        ToneOf(report),
        [
            new("Recovery time, decision to last VM", Time(report.RtoWhole) ?? "not every VM is where it was wanted", Against(report.RtoTarget)),
            new("Age of the oldest state taken", Time(report.RpoWhole) ?? "not known of every VM", Against(report.RpoTarget)),
            new("VMs", report.Tally.ToText(), ""),
        ],
        [
            .. report.Steps.Where(s => s is { StartedAt: not null, Took: not null }).Select(s => new ReportBar(
                $"{s.Number}. {s.What}", s.StartedAt!.Value - report.StartedAt, s.Took!.Value, s.Forecast,
                s.Phase is StepPhase.Done or StepPhase.Skipped or StepPhase.Undone)),
        ],
        [
            Pairs("The run", [
                ("Decided by", report.StartedBy),
                ("Decided at", Moments.Write(report.StartedAt)),
                ("Ended at", report.EndedAt is { } ended ? Moments.Write(ended) : "not yet"),
                ("Target", $"{report.Target.Name} ({report.Target.Uuid})"),
                ("Source", report.Source ?? "not asked live"),
                ("Plan", report.PlanName ?? "not saved"),
                ("State recovered from", report.PointInTime ?? "the newest"),
                ("Facts gathered at", Moments.Write(report.InventoryTakenAt)),
                ("Work forecast", Time(report.Forecast) ?? "nothing to go by"),
                ("Work taken", Time(report.Worked) ?? "-"),
                ("Error of the forecast", Signed(report.ForecastError) ?? "-"),
                ("Run", report.Uuid),
            ]),
            new(
                "What people stated", ["When", "Who", "What"],
                [.. report.Statements.Select(s => ImmutableArray.Create(Moments.Write(s.At), s.By, s.What))]),
            .. report.Warnings.IsEmpty ? Array.Empty<ReportSection>() : [List("What went otherwise than it should", report.Warnings)],
            List("What needs a person", report.NeedsPerson.IsEmpty ? ["Nothing."] : report.NeedsPerson),
            new("VMs", ["VM", "State", "Recovery time", "Against its target", "Age of the state", "Against its target", "Error"],
            [
                .. report.Vms.Select(v => ImmutableArray.Create(
                    v.Vm.Name, v.Phase == VmPhase.Unchecked ? "Started, not checked" : v.Phase.ToString(), Time(v.Rto) ?? "-",
                    v.RtoTarget is { } rto ? TargetText.Of(rto) : "no target", Time(v.Rpo) ?? "not known",
                    v.RpoTarget is { } rpo ? TargetText.Of(rpo) : "no target", v.Error ?? "")),
            ]),
            new("What was seen of each VM", ["VM", "When", "Judged by", "Its screen"],
            [
                .. report.Vms.Where(v => v.Evidence is not null).Select(v => ImmutableArray.Create(
                    v.Vm.Name, Moments.Write(v.Evidence!.At), v.Evidence.Found, v.Evidence.NoScreen ?? "as the pictures show it")),
            ]),
            new("Where each VM came from", ["VM", "Taken from", "How its age is known", "UUID here"],
            [
                .. report.Vms.Select(v => ImmutableArray.Create(
                    v.Vm.Name, v.TakenFrom + (v.Replaced ? "; the copy that was here gave way" : ""), v.RpoHow, v.TargetUuid ?? "")),
            ]),
            new("Findings of the plan", ["", "Object", "Code", "What was found", "What to do"],
                [.. report.Findings.Select(f => ImmutableArray.Create(f.Severity.ToString(), f.Object.Describe(), f.Code, f.Sentence, f.Advice))]),
            new("Steps", ["", "Step", "State", "Begun", "Took", "Forecast", "Error"],
            [
                .. report.Steps.Select(s => ImmutableArray.Create(
                    s.Number.ToString(CultureInfo.InvariantCulture), s.What,
                    s.Attempts > 1 ? $"{s.Phase}, {s.Attempts} attempts" : s.Phase.ToString(),
                    s.StartedAt is { } at ? Moments.Write(at) : "", Took(s), Time(s.Forecast) ?? "", s.Error ?? "")),
            ]),
            new("How each step would be taken back", ["", "Step", "Undo"],
            [
                .. report.Steps.Select(s => ImmutableArray.Create(s.Number.ToString(CultureInfo.InvariantCulture), s.What, s.Undo)),
            ]),
            new("What happened", ["When", "What"], [.. report.Log.Select(l => ImmutableArray.Create(Moments.Write(l.At), l.Text))]),
        ])
    {
        Screens =
        [
            .. report.Vms.Where(v => v.Evidence?.Screen is not null)
                .Select(v => new ReportScreen($"{v.Vm.Name}, {Moments.Write(v.Evidence!.At)}", v.Evidence.Screen!)),
        ],
    };

    private static string VerdictOf(RunReport report)
    {
        var verdict = $"{report.Phase}: {report.Tally.ToText()}{(report.Failure is null ? "" : $". {report.Failure.TrimEnd('.')}")}";
        return new[] { ("RTO", report.RtoTarget), ("RPO", report.RpoTarget) }.Where(t => t.Item2 is not null)
            .Aggregate(verdict, (text, t) => $"{text}. {t.Item1} {TargetText.Of(t.Item2!)}") + ".";
    }

    private static ReportTone ToneOf(RunReport report) =>
        !report.Phase.IsFinal() ? ReportTone.Open
        : report.Phase == RunPhase.Succeeded && report.Vms.SelectMany(v => new[] { v.RtoTarget, v.RpoTarget })
            .Append(report.RtoTarget).Append(report.RpoTarget).All(t => t?.Verdict != TargetVerdict.Exceeded) ? ReportTone.Good
        : ReportTone.Bad;

    private static string Against(TargetMeasure? measure) =>
        measure is null ? "no target" : $"target {TargetText.Time(measure.Target)}: {TargetText.Word(measure.Verdict)}";

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
