using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The language of <c>get_all_records_where</c>: <c>true</c>, <c>false</c>, <c>field "name" = "value"</c>, joined by <c>and</c>,
/// <c>or</c>, <c>not</c> and parentheses. Values are compared in the database's spelling.
/// </summary>
public static class Query
{
    private const int MaxDepth = 100;

    /// <summary>The condition that a text says.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: it is not of this language.</exception>
    public static Func<ClassModel, Record, bool> Parse(string text)
    {
        var words = new Queue<string>(Words(text));
        var condition = Or(words, text, 0);
        return words.Count == 0 ? condition : throw Wrong(text);
    }

    private static Func<ClassModel, Record, bool> Or(Queue<string> words, string text, int depth)
    {
        // A list, not a chain: its length is the client's choice, and a chain of a million would overflow the stack when it is asked.
        var parts = new List<Func<ClassModel, Record, bool>> { And(words, text, depth) };
        while (Take(words, "or"))
        {
            parts.Add(And(words, text, depth));
        }

        return parts.Count == 1 ? parts[0] : (m, r) => parts.Exists(p => p(m, r));
    }

    private static Func<ClassModel, Record, bool> And(Queue<string> words, string text, int depth)
    {
        var parts = new List<Func<ClassModel, Record, bool>> { Not(words, text, depth) };
        while (Take(words, "and"))
        {
            parts.Add(Not(words, text, depth));
        }

        return parts.Count == 1 ? parts[0] : (m, r) => parts.TrueForAll(p => p(m, r));
    }

    private static Func<ClassModel, Record, bool> Not(Queue<string> words, string text, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Wrong(text);
        }

        if (Take(words, "not"))
        {
            var inner = Not(words, text, depth + 1);
            return (m, r) => !inner(m, r);
        }

        if (Take(words, "("))
        {
            var inner = Or(words, text, depth + 1);
            return Take(words, ")") ? inner : throw Wrong(text);
        }

        if (Take(words, "true"))
        {
            return (_, _) => true;
        }

        if (Take(words, "false"))
        {
            return (_, _) => false;
        }

        var left = Term(words, text);
        if (!Take(words, "="))
        {
            throw Wrong(text);
        }

        var right = Term(words, text);
        return (m, r) => left(m, r) == right(m, r);
    }

    private static Func<ClassModel, Record, string> Term(Queue<string> words, string text)
    {
        if (Take(words, "field") && words.TryDequeue(out var name) && name[0] == '"')
        {
            // xapi names fields by their columns here, clients by either spelling.
            return (m, r) => ClassModel.EncodeColumn(
                m.FindColumn(name[1..]) ?? m.FindField(name[1..]) ?? throw new XenApiException("INVALID_VALUE", "field", name[1..]), r);
        }

        return words.TryDequeue(out var literal) && literal[0] == '"' ? (_, _) => literal[1..] : throw Wrong(text);
    }

    private static bool Take(Queue<string> words, string wanted)
    {
        if (!words.TryPeek(out var next) || next != wanted)
        {
            return false;
        }

        words.Dequeue();
        return true;
    }

    // Quoted text keeps its opening quote, so that it can't be taken for a word of the language.
    private static IEnumerable<string> Words(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (char.IsWhiteSpace(c))
            {
                i++;
            }
            else if (c is '(' or ')' or '=')
            {
                i++;
                yield return c.ToString();
            }
            else if (c is '"' or '\'')
            {
                var value = new System.Text.StringBuilder("\"");
                for (i++; i < text.Length && text[i] != c; i++)
                {
                    value.Append(text[i] == '\\' && i + 1 < text.Length ? text[++i] : text[i]);
                }

                i = i < text.Length ? i + 1 : throw Wrong(text);
                yield return value.ToString();
            }
            else
            {
                var start = i;
                while (i < text.Length && !char.IsWhiteSpace(text[i]) && text[i] is not ('(' or ')' or '=' or '"' or '\''))
                {
                    i++;
                }

                yield return text[start..i];
            }
        }
    }

    private static XenApiException Wrong(string text) => new("INVALID_VALUE", "expr", text);
}
