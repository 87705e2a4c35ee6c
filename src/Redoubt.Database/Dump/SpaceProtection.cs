using System.Text;

namespace Redoubt.Database.Dump;

/// <summary>
/// The layer under XML escaping that saves white space from the normalisation of attribute values. Deltas do not use it.
/// <code>
/// character   written   read
/// space       %.        %. or a bare space
/// tab         %t        %t
/// line feed   %n        %n
/// return      %r        %r
/// %           %%        %%
/// two spaces            %_   (writers before 2017)
/// </code>
/// A <c>%</c> before anything else stands for itself, and so does one at the end.
/// </summary>
public static class SpaceProtection
{
    /// <summary>Protects a value for a dump.</summary>
    public static string Protect(string value)
    {
        if (value.AsSpan().IndexOfAny(" \t\n\r%") < 0)
            return value;
        var text = new StringBuilder(value.Length + 16);
        foreach (var c in value)
        {
            var code = Code(c);
            if (code == '\0')
                text.Append(c);
            else
                text.Append('%').Append(code);
        }

        return text.ToString();
    }

    /// <summary>Takes the protection off a value read from a dump, of any age.</summary>
    public static string Unprotect(string value)
    {
        var at = value.IndexOf('%', StringComparison.Ordinal);
        if (at < 0)
            return value;
        var text = new StringBuilder(value.Length);
        text.Append(value, 0, at);
        for (; at < value.Length; at++)
        {
            var plain = value[at] == '%' && at + 1 < value.Length ? Plain(value[at + 1]) : null;
            if (plain is null)
            {
                text.Append(value[at]);
                continue;
            }

            text.Append(plain);
            at++;
        }

        return text.ToString();
    }

    /// <summary>The letter that stands for a protected character, or NUL.</summary>
    internal static char Code(char c) => c switch { ' ' => '.', '\t' => 't', '\n' => 'n', '\r' => 'r', '%' => '%', _ => '\0' };

    private static string? Plain(char code) =>
        code switch { '.' => " ", 't' => "\t", 'n' => "\n", 'r' => "\r", '%' => "%", '_' => "  ", _ => null };
}
