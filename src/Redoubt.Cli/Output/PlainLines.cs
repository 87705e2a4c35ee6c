using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Redoubt.Cli.Output;

/// <summary>Text for a terminal, which believes all it is sent: names come from whoever wrote a volume.</summary>
internal static partial class PlainLines
{
    /// <summary>The text, its line breaks and tabs kept, without what would move a terminal's cursor or turn its direction.</summary>
    public static string Of(string text) => Replace(text, c => c is not ('\n' or '\t') && IsHarmful(c));

    /// <summary>The same for what must stay on one line.</summary>
    public static string OneLine(string text) => Replace(text, IsHarmful);

    /// <summary>
    /// The same as one line in which nothing is lost that a program could want: a line break is written as <c>\n</c>, another control
    /// character as <c>\u001b</c>. All else stays as it is, so that names do.
    /// </summary>
    public static string Escaped(string text) => !text.Any(BreaksLine) ? text : string.Concat(text.Select(c => c switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        _ when BreaksLine(c) => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    }));

    /// <summary>
    /// Whatever a program could want of a text of several lines, as it is but for what makes a terminal do something: a control character
    /// other than a line break or a tab is written as <c>\u001b</c>, which within JSON means the same.
    /// </summary>
    public static string Data(string text) => !text.Any(c => c != '\n' && BreaksLine(c)) ? text : string.Concat(text.Select(c =>
        c != '\n' && BreaksLine(c) ? $"\\u{(int)c:x4}" : c.ToString()));

    /// <summary>
    /// What a machine wrote to its console: without the sequences that colour it and move its cursor, each line ended as lines are here.
    /// </summary>
    public static string Log(string text) =>
        Data(Sequence().Replace(text.Replace("\r\n", "\n", StringComparison.Ordinal), "").Replace("\r", "", StringComparison.Ordinal));

    // As ECMA-48 has them: a control sequence, a string up to its terminator, or a letter after an escape.
    [GeneratedRegex(
        @"(?:\e\[|\u009b)[0-?]{0,64}[ -/]{0,8}[@-~]|\e[PX\]^_][^\a\e\n]{0,4096}(?:\a|\e\\)|\e[ -/]{0,8}[0-Z\\`-~]",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Sequence();

    private static bool BreaksLine(char c) => c != '\t' && char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static bool IsHarmful(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static string Replace(string text, Func<char, bool> isHarmful)
    {
        if (!text.Any(isHarmful))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            clean.Append(isHarmful(c) ? '\uFFFD' : c);
        }

        return clean.ToString();
    }
}
