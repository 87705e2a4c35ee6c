namespace Redoubt.Cli.Fields;

/// <summary>A field's value as text, and its parts if it is a set or a map.</summary>
internal sealed record FieldValue(string Text)
{
    public IReadOnlyList<string> Elements { get; private init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Pairs { get; private init; } = [];

    public static FieldValue OfSet(IReadOnlyList<string> elements, string separator) =>
        new(string.Join(separator, elements)) { Elements = elements };

    public static FieldValue OfMap(IReadOnlyList<KeyValuePair<string, string>> pairs) =>
        new(string.Join("; ", pairs.Select(p => $"{p.Key}: {p.Value}"))) { Pairs = pairs };
}
