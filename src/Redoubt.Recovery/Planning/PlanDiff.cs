using System.Collections.Immutable;
using System.Text;

namespace Redoubt.Recovery;

/// <summary>What differs between two plans. That the facts of one are newer is no difference.</summary>
/// <param name="Changes">The differences.</param>
public sealed record PlanDiff(ImmutableArray<PlanChange> Changes)
{
    /// <summary>Compares two plans.</summary>
    public static PlanDiff Between(RecoveryPlan earlier, RecoveryPlan later)
    {
        var changes = new List<PlanChange>();
        Header(changes, "kind", earlier.Kind.ToString(), later.Kind.ToString());
        Header(changes, "target", earlier.Target.Describe(), later.Target.Describe());
        Compare(
            changes, "finding", earlier.Findings, later.Findings, FindingKey, f => f.Object.Describe(),
            f => $"{f.Severity} {f.Code}: {f.Sentence}");
        Compare(
            changes, "VM", earlier.Choices, later.Choices, c => c.Vm.Uuid, c => c.Vm.Name,
            c => c.Chosen is { } copy ? $"from {copy.Describe()}, version {copy.Version}" : "undecided");
        Compare(changes, "tier", Places(earlier), Places(later), p => p.Vm.Uuid, p => p.Vm.Name, p => $"tier {p.Tier}");
        Compare(changes, "step", earlier.Steps, later.Steps, s => s.Key, s => s.Key, s => s.What);
        var common = later.Steps.Select(s => s.Key).Intersect(earlier.Steps.Select(s => s.Key)).ToList();
        if (!earlier.Steps.Select(s => s.Key).Where(common.ToHashSet().Contains).SequenceEqual(common))
        {
            changes.Add(new(ChangeKind.Changed, "step", "order", "the steps come in another order"));
        }

        return new([.. changes]);
    }

    /// <summary>The differences for people.</summary>
    public string ToText()
    {
        if (Changes.IsEmpty)
        {
            return "No difference.\n";
        }

        var text = new StringBuilder();
        PlanText.Table(text, [.. Changes.Select(c => new[] { Sign(c.Kind), c.Part, c.Subject, c.Text })]);
        return text.ToString();
    }

    /// <summary>The differences as JSON.</summary>
    public string ToJson() => RecoveryJson.Write(this);

    private static string Sign(ChangeKind kind) => kind switch
    {
        ChangeKind.Added => "+",
        ChangeKind.Removed => "-",
        ChangeKind.Changed => "~",
    };

    // One code can be found of one object for several VMs, and of one VM for several drives; what tells them apart is the sentence.
    private static string FindingKey(Finding f) =>
        $"{f.Code} {f.Object.Uuid} {string.Join(',', f.Affects.Select(a => a.Uuid))} {(f.Object.Kind == ObjectKind.Vm ? f.Sentence : "")}";

    private static IReadOnlyList<(PlanObject Vm, long Tier)> Places(RecoveryPlan plan) =>
        [.. plan.Tiers.SelectMany(t => t.Vms.Select(v => (v, t.Order)))];

    private static void Header(List<PlanChange> changes, string subject, string earlier, string later)
    {
        if (earlier != later)
        {
            changes.Add(new(ChangeKind.Changed, "plan", subject, $"{earlier} → {later}"));
        }
    }

    private static void Compare<T>(
        List<PlanChange> changes, string part, IReadOnlyList<T> earlier, IReadOnlyList<T> later, Func<T, string> key,
        Func<T, string> subject, Func<T, string> text)
    {
        var before = earlier.GroupBy(key).ToDictionary(g => g.Key, g => g.First());
        var after = later.GroupBy(key).ToDictionary(g => g.Key, g => g.First());
        changes.AddRange(
            before.Where(b => !after.ContainsKey(b.Key))
                .Select(b => new PlanChange(ChangeKind.Removed, part, subject(b.Value), text(b.Value))));
        foreach (var (name, item) in after)
        {
            if (!before.TryGetValue(name, out var old))
            {
                changes.Add(new(ChangeKind.Added, part, subject(item), text(item)));
            }
            else if (text(old) != text(item))
            {
                changes.Add(new(ChangeKind.Changed, part, subject(item), $"{text(old)} → {text(item)}"));
            }
        }
    }
}
