using System.Globalization;

namespace Redoubt.XenApi;

/// <summary>Text of somebody else's database where it is shown or kept as a name: what it says may be megabytes.</summary>
public static class BriefText
{
    /// <summary>As many characters as a name has at most.</summary>
    public const int NameLength = 400;

    /// <summary>
    /// A text without line breaks and other control characters: a name is anybody's words, and would begin another header of a mail, or
    /// another line of a log.
    /// </summary>
    public static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    /// <summary>The text, cut where it is too long to be a name.</summary>
    public static string Of(string text, int length = NameLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= length)
        {
            return text;
        }

        // Half a character is no text.
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";
    }

    /// <summary>Some names in a sentence: all of a few, of more how many there are and the first.</summary>
    /// <param name="kind">What they are the names of, in the plural.</param>
    /// <param name="names">The names, brief ones.</param>
    public static string Names(string kind, IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        const int Few = 5;
        return names.Count <= Few
            ? string.Join(", ", names)
            : string.Create(CultureInfo.InvariantCulture, $"{names.Count} {kind} ({string.Join(", ", names.Take(Few))}, …)");
    }
}
