using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Fields;

/// <summary>One condition of a list: <c>field=value</c>, <c>set:contains=value</c> or <c>map:key=value</c>.</summary>
/// <param name="Field">The field that is looked at.</param>
/// <param name="Key">The map's key; null for the others.</param>
/// <param name="Value">What it must be.</param>
internal sealed record FieldFilter(XeField Field, string? Key, string Value)
{
    /// <summary>Whether a parameter's name can be a condition on this class.</summary>
    public static bool Accepts(XeClass of, string name) => Resolve(of, name) is not null;

    /// <exception cref="UsageException">There is no such field, or it is no set or map.</exception>
    public static FieldFilter Parse(XeClass of, string name, string value)
    {
        var (field, key) = Resolve(of, name) ?? throw new UsageException($"{of.Prefix} has no field '{name}'.", $"Unknown field '{name}'");
        return new(field, key, value);
    }

    public bool Matches(FieldValue found)
    {
        var comparison = Field.IgnoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return (Field.Kind, Key) switch
        {
            (_, null) => string.Equals(found.Text, Value, comparison),
            (FieldKind.Set, _) => found.Elements?.Any(e => string.Equals(e, Value, comparison)) == true,
            _ => found.Pairs?.Any(p => string.Equals(p.Key, Key, comparison) && string.Equals(p.Value, Value, comparison)) == true,
        };
    }

    private static (XeField Field, string? Key)? Resolve(XeClass of, string name)
    {
        if (of.Find(name) is { } exact)
        {
            return (exact, null);
        }

        // Before there was the colon, a dash stood in its place, and the longest map's name counted, before any set's.
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var field = colon >= 0
            ? of.Find(name[..colon])
            : of.Fields.Where(f => f.Kind != FieldKind.Scalar && name.StartsWith(f.Name + "-", StringComparison.Ordinal))
                .OrderBy(f => f.Kind == FieldKind.Map ? 0 : 1).ThenByDescending(f => f.Name.Length).FirstOrDefault();
        if (field is null)
        {
            return null;
        }

        var key = name[(field.Name.Length + 1)..];
        return field.Kind switch
        {
            FieldKind.Map => (field, key),
            FieldKind.Set when key == "contains" => (field, key),
            _ => null,
        };
    }
}
