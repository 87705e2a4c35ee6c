using System.Text;

namespace Redoubt.Database.Dump;

/// <summary>
/// The text of sets and maps in a database.
/// <code>
/// set    := "(" string* ")"                     ()      ('a' 'b c')
/// map    := "(" ( "(" string string ")" )* ")"  ()      (('k' 'v') ('k2' ''))
/// string := "'" char* "'" | '"' char* '"'       "\" before any character stands for that character
/// </code>
/// Between the parts: any white space, and <c>;</c> comments up to the end of the line. Written form: single quotes, <c>\</c> before
/// <c>\</c> and <c>'</c>, one space between elements.
/// </summary>
/// <remarks>
/// xapi's grammar also has bare symbols and deeper lists, but its own fields refuse both. So nesting is bounded by the grammar and
/// hostile depth cannot arise. 24.10 writes <c>\"</c> for a double quote inside; that reads the same and is not written any more.
/// </remarks>
public static class SExpression
{
    /// <summary>The most elements that a set or map may have.</summary>
    public const int MaxElements = 1 << 20;

    /// <summary>Reads a set.</summary>
    /// <exception cref="DumpFormatException">The text is no set of strings.</exception>
    public static IReadOnlyList<string> ParseSet(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = Opening(text, 0);
        var elements = new List<string>();
        while (!Closes(text, ref at))
        {
            if (elements.Count == MaxElements)
                throw new DumpFormatException(at, $"more than {MaxElements} elements");
            elements.Add(String(text, ref at));
        }

        End(text, at);
        return elements;
    }

    /// <summary>Reads a map, as the pairs stand there; a key may be there twice.</summary>
    /// <exception cref="DumpFormatException">The text is no map of strings to strings.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> ParseMap(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = Opening(text, 0);
        var pairs = new List<KeyValuePair<string, string>>();
        while (!Closes(text, ref at))
        {
            if (pairs.Count == MaxElements)
                throw new DumpFormatException(at, $"more than {MaxElements} pairs");
            at = Opening(text, at);
            var key = String(text, ref at);
            var value = String(text, ref at);
            if (!Closes(text, ref at))
                throw new DumpFormatException(at, "a third element in a pair");
            pairs.Add(new(key, value));
        }

        End(text, at);
        return pairs;
    }

    /// <summary>Writes a set.</summary>
    public static string FormatSet(IEnumerable<string> elements)
    {
        ArgumentNullException.ThrowIfNull(elements);
        var text = new StringBuilder("(");
        foreach (var element in elements)
        {
            if (text.Length > 1)
                text.Append(' ');
            Quote(text, element);
        }

        return text.Append(')').ToString();
    }

    /// <summary>Writes a map.</summary>
    /// <exception cref="ArgumentException">A key is empty, which xapi refuses.</exception>
    public static string FormatMap(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var text = new StringBuilder("(");
        foreach (var (key, value) in pairs)
        {
            if (key.Length == 0)
                throw new ArgumentException("a map has an empty key", nameof(pairs));
            text.Append(text.Length > 1 ? " (" : "(");
            Quote(text, key);
            text.Append(' ');
            Quote(text, value);
            text.Append(')');
        }

        return text.Append(')').ToString();
    }

    private static void Quote(StringBuilder text, string value)
    {
        text.Append('\'');
        if (value.AsSpan().IndexOfAny('\\', '\'') < 0)
        {
            text.Append(value).Append('\'');
            return;
        }

        foreach (var c in value)
        {
            if (c is '\\' or '\'')
                text.Append('\\');
            text.Append(c);
        }

        text.Append('\'');
    }

    private static int Opening(string text, int at)
    {
        at = SkipBlank(text, at);
        return at < text.Length && text[at] == '(' ? at + 1 : throw new DumpFormatException(at, "no '(' where a list should begin");
    }

    private static bool Closes(string text, ref int at)
    {
        at = SkipBlank(text, at);
        if (at == text.Length)
            throw new DumpFormatException(at, "the text ends inside a list");
        if (text[at] != ')')
            return false;
        at++;
        return true;
    }

    private static void End(string text, int at)
    {
        at = SkipBlank(text, at);
        if (at != text.Length)
            throw new DumpFormatException(at, "text after the end of the list");
    }

    private static string String(string text, ref int at)
    {
        at = SkipBlank(text, at);
        if (at == text.Length || text[at] is not ('\'' or '"'))
            throw new DumpFormatException(at, "no string where one should be");
        var quote = text[at++];
        var length = text.AsSpan(at).IndexOfAny(quote, '\\');
        if (length >= 0 && text[at + length] == quote)
        {
            var plain = text.Substring(at, length);
            at += length + 1;
            return plain;
        }

        var value = new StringBuilder();
        for (; at < text.Length; at++)
        {
            if (text[at] == quote)
            {
                at++;
                return value.ToString();
            }

            if (text[at] == '\\' && ++at == text.Length)
                break;
            value.Append(text[at]);
        }

        throw new DumpFormatException(at, "the text ends inside a string");
    }

    private static int SkipBlank(string text, int at)
    {
        for (; at < text.Length; at++)
        {
            if (text[at] == ';')
            {
                var length = text.AsSpan(at).IndexOf('\n');
                if (length < 0)
                    return text.Length;
                at += length;
            }
            else if (text[at] is not (' ' or '\t' or '\n' or '\r'))
            {
                break;
            }
        }

        return at;
    }
}
