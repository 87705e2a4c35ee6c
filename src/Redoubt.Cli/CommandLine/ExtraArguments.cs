using System.Text;

namespace Redoubt.Cli.CommandLine;

/// <summary>
/// The arguments in <c>REDOUBT_EXTRA_ARGS</c>, which stand before those of the command line. They are split as xe splits
/// <c>XE_EXTRA_ARGS</c>: at commas, and a backslash takes the next character as it is.
/// </summary>
internal static class ExtraArguments
{
    public const string Variable = "REDOUBT_EXTRA_ARGS";

    public static IReadOnlyList<string> Split(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return [];
        }

        var arguments = new List<string>();
        var current = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == ',')
            {
                arguments.Add(current.ToString());
                current.Clear();
            }
            else
            {
                current.Append(text[i] == '\\' && i + 1 < text.Length ? text[++i] : text[i]);
            }
        }

        arguments.Add(current.ToString());
        return arguments;
    }
}
