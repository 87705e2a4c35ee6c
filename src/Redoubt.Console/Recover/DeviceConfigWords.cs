using System.Collections.Immutable;
using System.Text;

namespace Redoubt.Console.Recover;

/// <summary>
/// A device configuration as people type it: <c>target=10.0.0.1,10.0.0.2 targetIQN="iqn of ours"</c>. Words are kept apart by spaces; what
/// holds one stands in quotes. Commas are part of values, as addresses need them.
/// </summary>
internal static class DeviceConfigWords
{
    /// <exception cref="FormatException">A word is no <c>key=value</c>, a key is there twice, or a quote is not closed.</exception>
    public static ImmutableSortedDictionary<string, string> Read(params IEnumerable<string> texts)
    {
        var config = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var word in texts.SelectMany(Words))
        {
            if (word.Split('=', 2) is not [{ Length: > 0 } key, var value])
            {
                throw new FormatException(RecoverText.NoPair(word));
            }

            if (!config.TryAdd(key, value))
            {
                throw new FormatException(RecoverText.TwiceThere(key));
            }
        }

        return config.ToImmutable();
    }

    private static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        var (quote, isOpen) = ('\0', false);
        foreach (var c in text)
        {
            if (quote != '\0' ? c == quote : c is '"' or '\'' && (word.Length == 0 || word[^1] == '='))
            {
                (quote, isOpen) = (quote == '\0' ? c : '\0', true);
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (isOpen || word.Length > 0)
                {
                    yield return word.ToString();
                }

                (_, isOpen) = (word.Clear(), false);
            }
            else
            {
                word.Append(c);
            }
        }

        if (quote != '\0')
        {
            throw new FormatException(RecoverText.OpenQuote);
        }

        if (isOpen || word.Length > 0)
        {
            yield return word.ToString();
        }
    }
}
