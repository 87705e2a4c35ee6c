namespace Redoubt.Recovery;

/// <summary>Gathers findings.</summary>
internal sealed class FindingList
{
    private readonly List<Finding> _found = [];

    public void Block(
        string code, PlanObject about, string sentence, string advice, Fix? fix = null, IEnumerable<PlanObject>? affects = null) =>
        Add(Severity.Block, code, about, sentence, advice, fix, affects);

    public void Warn(
        string code, PlanObject about, string sentence, string advice, Fix? fix = null, IEnumerable<PlanObject>? affects = null) =>
        Add(Severity.Warning, code, about, sentence, advice, fix, affects);

    public void Tell(string code, PlanObject about, string sentence, string advice, IEnumerable<PlanObject>? affects = null) =>
        Add(Severity.Info, code, about, sentence, advice, null, affects);

    /// <summary>The findings in the order they are shown in: the worst first.</summary>
    public IEnumerable<Finding> Sorted() => _found
        .OrderBy(f => f.Severity)
        .ThenBy(f => f.Code, StringComparer.Ordinal)
        .ThenBy(f => f.Object.Kind)
        .ThenBy(f => f.Object.Name, StringComparer.Ordinal)
        .ThenBy(f => f.Object.Uuid, StringComparer.Ordinal)
        .ThenBy(f => f.Sentence, StringComparer.Ordinal);

    private void Add(
        Severity severity, string code, PlanObject about, string sentence, string advice, Fix? fix, IEnumerable<PlanObject>? affects) =>
        _found.Add(new Finding
        {
            Severity = severity,
            Code = code,
            Object = about,
            Sentence = sentence,
            Advice = advice,
            Fix = fix,
            Affects = [.. (affects ?? (about.Kind == ObjectKind.Vm ? [about] : [])).Distinct()
                .OrderBy(o => o.Name, StringComparer.Ordinal).ThenBy(o => o.Uuid, StringComparer.Ordinal)],
        });
}
