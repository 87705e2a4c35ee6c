using System.Collections.Frozen;
using System.Text;

namespace Redoubt.XenApi;

/// <summary>
/// What each error code means, in one or two sentences for whoever has to act on it: what is wrong and what to do next. The command line,
/// the console and the server's log use the same words.
/// </summary>
/// <remarks>
/// <c>{0}</c> stands for the code's first parameter, <c>{1:SR}</c> for a second one that is a reference to an SR. A parameter that a
/// server left out is shown as <c>(unknown)</c>.
/// </remarks>
public static class ErrorSentences
{
    private static readonly FrozenDictionary<string, string> Table = ErrorSentenceTable.Text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries))
        .ToFrozenDictionary(parts => parts[0], parts => parts[1]);

    /// <summary>All codes that have a sentence.</summary>
    public static IReadOnlyCollection<string> Codes => Table.Keys;

    /// <summary>What is to be said of whatever has failed: the sentence of an error of the API, what any other says of itself.</summary>
    public static string Of(Exception failed) => failed is XenApiException refused ? Of(refused) : failed.Message;

    /// <summary>The sentence of a failure, or null for a code without one.</summary>
    /// <param name="code">The error code.</param>
    /// <param name="parameters">The code's parameters.</param>
    /// <param name="name">What to call an object, given its class and reference; null for the reference itself.</param>
    public static string? Find(string code, IReadOnlyList<string> parameters, Func<string, string, string?>? name = null)
    {
        if (!Table.TryGetValue(code, out var template))
        {
            // The storage's own words are the sentence; the number is a matter of its driver.
            return code.StartsWith("SR_BACKEND_FAILURE_", StringComparison.Ordinal)
                && string.Join(' ', parameters.Where(p => p.Length > 0)) is { Length: > 0 } words
                ? words
                : null;
        }

        var sentence = new StringBuilder();
        var rest = template.AsSpan();
        while (TakeSlot(ref rest, sentence, out var index, out var className))
        {
            sentence.Append(index >= parameters.Count ? "(unknown)"
                : className.Length == 0 ? parameters[index]
                : name?.Invoke(className, parameters[index]) ?? parameters[index]);
        }

        return sentence.ToString();
    }

    /// <summary>The sentence of a failure; its code and parameters for a code without one.</summary>
    public static string Of(XenApiException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return Find(failure.Code, failure.Parameters) ?? failure.Message;
    }

    /// <summary>
    /// The objects that a failure's sentence names, as class and reference, so that their names can be looked up beforehand.
    /// </summary>
    public static IReadOnlyList<(string Class, string Ref)> ObjectsIn(string code, IReadOnlyList<string> parameters)
    {
        var objects = new List<(string, string)>();
        Find(code, parameters, (className, reference) =>
        {
            objects.Add((className, reference));
            return null;
        });
        return objects;
    }

    private static bool TakeSlot(ref ReadOnlySpan<char> rest, StringBuilder sentence, out int index, out string className)
    {
        // What is shown in a slot may be sentences of its own.
        if (rest is ['.', ..] && sentence is [.., '.'])
        {
            rest = rest[1..];
        }

        var open = rest.IndexOf('{');
        if (open < 0)
        {
            sentence.Append(rest);
            (index, className) = (0, "");
            return false;
        }

        sentence.Append(rest[..open]);
        var close = rest.IndexOf('}');
        var slot = rest[(open + 1)..close];
        index = slot[0] - '0';
        className = slot.Length > 2 ? slot[2..].ToString() : "";
        rest = rest[(close + 1)..];
        return true;
    }
}
