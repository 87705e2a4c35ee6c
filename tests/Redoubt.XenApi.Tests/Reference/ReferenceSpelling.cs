namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Turns the spellings of xapi's own listing of the API into those of our data model.</summary>
internal static class ReferenceSpelling
{
    /// <summary><c>(string -> VM ref set) map</c> becomes <c>map(string,set(ref VM))</c>.</summary>
    public static string Type(string text)
    {
        if (text == "an event batch")
        {
            return "event_batch";
        }

        if (text == "<class> record")
        {
            return "record any";
        }

        if (text.EndsWith(" map", StringComparison.Ordinal))
        {
            var inner = text[1..^") map".Length];
            var arrow = inner.IndexOf(" -> ", StringComparison.Ordinal);
            return $"map({Type(inner[..arrow])},{Type(inner[(arrow + 4)..])})";
        }

        foreach (var (suffix, head) in new[] { (" set", "set"), (" option", "option") })
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal))
            {
                return $"{head}({Type(text[..^suffix.Length])})";
            }
        }

        return text.Split(' ') is [var name, "ref" or "record"] words ? $"{words[1]} {name}" : text;
    }

    /// <summary>
    /// <c>{"a" -> "b"}</c> becomes <c>(('a' 'b'))</c>, <c>"x"</c> becomes <c>x</c>; <c>Null</c>, a reference to nothing, has an empty
    /// column.
    /// </summary>
    public static string Default(string text)
    {
        if (text == "Null")
        {
            return "";
        }

        if (!text.StartsWith('{'))
        {
            return Unquote(text);
        }

        var items = text[1..^1].Split(", ", StringSplitOptions.RemoveEmptyEntries);
        return text.Contains(" -> ", StringComparison.Ordinal)
            ? SExpression.WritePairs(items.Select(i => i.Split(" -> ")).Select(p => KeyValuePair.Create(Unquote(p[0]), Unquote(p[1]))))
            : SExpression.WriteList(items.Select(Unquote));
    }

    public static FieldAccess Access(string qualifier) => qualifier switch
    {
        "RO/runtime" => FieldAccess.ReadOnly,
        "RO/constructor" => FieldAccess.Constructor,
        "RW" => FieldAccess.ReadWrite,
        _ => throw new ArgumentOutOfRangeException(nameof(qualifier), qualifier, "not a qualifier"),
    };

    private static string Unquote(string text) => text is ['"', .., '"'] ? text[1..^1] : text;
}
