using System.Text;

namespace Redoubt.XenApi;

/// <summary>
/// How databases spell sets and maps: <c>('a' 'b')</c> and <c>(('k' 'v') ('l' 'w'))</c>, with <c>\</c> before a quote or backslash.
/// </summary>
/// <remarks>
/// Readers accept what every version of xapi has written: either kind of quotes, a backslash before any character, any white space,
/// comments from <c>;</c> to the end of the line. A bare word is no element.
/// </remarks>
public static class SExpression
{
    /// <summary>Spells a set.</summary>
    public static string WriteList(IEnumerable<string> items)
    {
        var text = new StringBuilder("(");
        foreach (var item in items)
        {
            Append(text.Length > 1 ? text.Append(' ') : text, item);
        }

        return text.Append(')').ToString();
    }

    /// <summary>Spells a map.</summary>
    public static string WritePairs(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var text = new StringBuilder("(");
        foreach (var (key, value) in pairs)
        {
            Append(text.Append(text.Length > 1 ? " (" : "("), key);
            Append(text.Append(' '), value).Append(')');
        }

        return text.Append(')').ToString();
    }

    /// <summary>The elements of a set, or null if the text is not one.</summary>
    public static List<string>? TryReadList(string text)
    {
        var position = 0;
        return ReadList(text, ref position) is { } items && AtEnd(text, position) ? items : null;
    }

    /// <summary>The pairs of a map, or null if the text is not one.</summary>
    public static List<KeyValuePair<string, string>>? TryReadPairs(string text)
    {
        var position = 0;
        if (!Take(text, ref position, '('))
        {
            return null;
        }

        var pairs = new List<KeyValuePair<string, string>>();
        while (!Take(text, ref position, ')'))
        {
            if (ReadList(text, ref position) is not [var key, var value])
            {
                return null;
            }

            pairs.Add(new(key, value));
        }

        return AtEnd(text, position) ? pairs : null;
    }

    private static StringBuilder Append(StringBuilder text, string item)
    {
        text.Append('\'');
        foreach (var c in item)
        {
            if (c is '\\' or '\'')
            {
                text.Append('\\');
            }

            text.Append(c);
        }

        return text.Append('\'');
    }

    private static List<string>? ReadList(string text, ref int position)
    {
        if (!Take(text, ref position, '('))
        {
            return null;
        }

        var items = new List<string>();
        while (!Take(text, ref position, ')'))
        {
            if (ReadString(text, ref position) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        return items;
    }

    private static string? ReadString(string text, ref int position)
    {
        if (position >= text.Length || text[position] is not ('\'' or '"'))
        {
            return null;
        }

        var quote = text[position++];
        var value = new StringBuilder();
        for (; position < text.Length; position++)
        {
            if (text[position] == quote)
            {
                position++;
                return value.ToString();
            }

            if (text[position] == '\\' && ++position == text.Length)
            {
                return null;
            }

            value.Append(text[position]);
        }

        return null;
    }

    private static bool Take(string text, ref int position, char wanted)
    {
        SkipSpace(text, ref position);
        if (position >= text.Length || text[position] != wanted)
        {
            return false;
        }

        position++;
        SkipSpace(text, ref position);
        return true;
    }

    private static bool AtEnd(string text, int position)
    {
        SkipSpace(text, ref position);
        return position == text.Length;
    }

    private static void SkipSpace(string text, ref int position)
    {
        while (position < text.Length && (char.IsWhiteSpace(text[position]) || text[position] == ';'))
        {
            if (text[position] == ';')
            {
                var end = text.IndexOf('\n', position);
                position = end < 0 ? text.Length : end;
            }
            else
            {
                position++;
            }
        }
    }
}
