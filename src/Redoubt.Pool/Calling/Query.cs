using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The language of <c>get_all_records_where</c>, with xapi's grammar: <c>true</c>, <c>false</c>, <c>field "name" = "value"</c>,
/// parentheses; <c>and</c> and <c>or</c> bind alike and from the left, and <c>not</c> reaches as far to the right as it can. Values are
/// compared in the database's spelling, and there is no way to write a quotation mark in one.
/// </summary>
public static class Query
{
    // Each "not" and each parenthesis is a level.
    private const int MaxDepth = 500;

    /// <summary>How many words a call may have looked at, counted anew for each record: seconds of one processor.</summary>
    public const long MaxWords = 100_000_000;

    /// <summary>The records that a condition holds for.</summary>
    /// <param name="text">The condition.</param>
    /// <param name="model">The records' class.</param>
    /// <param name="rows">All of them.</param>
    /// <param name="recordOf">The record of one.</param>
    /// <param name="cancellation">Set when nobody waits for the answer any more.</param>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: it is not of this language. <c>OPERATION_NOT_ALLOWED</c>: it would cost too
    /// much.</exception>
    public static IReadOnlyList<T> Select<T>(
        string text, ClassModel model, IReadOnlyCollection<T> rows, Func<T, Record> recordOf, CancellationToken cancellation)
    {
        var (matches, words) = Read(text);
        if (words * rows.Count > MaxWords)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The condition has {words} words, too many to be compared with {rows.Count} records of {model.Name}. Ask in parts, or "
                    + "take all records and choose.");
        }

        var found = new List<T>();
        foreach (var row in rows)
        {
            cancellation.ThrowIfCancellationRequested();
            if (matches(model, recordOf(row)))
            {
                found.Add(row);
            }
        }

        return found;
    }

    /// <summary>The condition that a text says.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: it is not of this language.</exception>
    public static Func<ClassModel, Record, bool> Parse(string text) => Read(text).Condition;

    private static (Func<ClassModel, Record, bool> Condition, long Words) Read(string text)
    {
        var words = new Queue<string>(Words(text));
        var count = words.Count;
        var condition = Expression(words, text, 0);
        return words.Count == 0 ? (condition, count) : throw Wrong(text);
    }

    private static Func<ClassModel, Record, bool> Expression(Queue<string> words, string text, int depth)
    {
        var first = Operand(words, text, depth);

        // A list, not a chain: its length is the client's choice, and a chain of a million would overflow the stack when it is asked.
        var rest = new List<(bool IsAnd, Func<ClassModel, Record, bool> Condition)>();
        while (Take(words, "and") is var isAnd && (isAnd || Take(words, "or")))
        {
            rest.Add((isAnd, Operand(words, text, depth)));
        }

        return rest.Count == 0 ? first : (m, r) => rest.Aggregate(
            first(m, r), (soFar, next) => next.IsAnd ? soFar && next.Condition(m, r) : soFar || next.Condition(m, r));
    }

    private static Func<ClassModel, Record, bool> Operand(Queue<string> words, string text, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Wrong(text);
        }

        if (Take(words, "not"))
        {
            var inner = Expression(words, text, depth + 1);
            return (m, r) => !inner(m, r);
        }

        if (Take(words, "("))
        {
            var inner = Expression(words, text, depth + 1);
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
            else if (c == '"')
            {
                var end = text.IndexOf('"', i + 1);
                if (end < 0)
                {
                    throw Wrong(text);
                }

                yield return text[i..end];
                i = end + 1;
            }
            else
            {
                var start = i;
                while (i < text.Length && !char.IsWhiteSpace(text[i]) && text[i] is not ('(' or ')' or '=' or '"'))
                {
                    i++;
                }

                yield return text[start..i];
            }
        }
    }

    // The second word is what xapi's parser says of every text that it can't take.
    private static XenApiException Wrong(string text) => new("INVALID_VALUE", text, "Stdlib.Parsing.Parse_error");
}
