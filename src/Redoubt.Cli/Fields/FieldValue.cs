using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>A field's value as text, and its parts if it is a set or a map.</summary>
internal sealed record FieldValue(string Text)
{
    /// <summary>The elements of a set; null for anything else.</summary>
    public IReadOnlyList<string>? Elements { get; private init; }

    /// <summary>The pairs of a map; null for anything else.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Pairs { get; private init; }

    /// <summary>The type in the data model; null where a rule made the text.</summary>
    public XenType? Type { get; init; }

    public static FieldValue OfSet(IReadOnlyList<string> elements, string separator) =>
        new(string.Join(separator, elements)) { Elements = elements };

    public static FieldValue OfMap(IReadOnlyList<KeyValuePair<string, string>> pairs) =>
        new(string.Join("; ", pairs.Select(p => $"{p.Key}: {p.Value}"))) { Pairs = pairs };
}
