using System.Globalization;

namespace Redoubt.Cli.CommandLine;

/// <summary>
/// Reads xe's grammar: options anywhere, the first bare word is the command, then <c>key=value</c>, <c>map:key=value</c> and switches
/// such as <c>--minimal</c>, which is short for <c>minimal=true</c>.
/// </summary>
internal static class CommandLineParser
{
    /// <param name="arguments">The words.</param>
    /// <param name="extra">How many of them stand before the command line, whose options count in their place.</param>
    public static ParsedCommandLine Parse(IReadOnlyList<string> arguments, int extra = 0)
    {
        var given = new HashSet<string>();
        var isHelp = false;
        var options = new GlobalOptions();
        var words = new List<string>();
        var pairs = new List<KeyValuePair<string, string>>();
        string? command = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var word = arguments[i];
            if (word is "-s" or "-h" or "-p" or "-u" or "-pw" or "-pwf" && i >= extra && !given.Add(word == "-h" ? "-s" : word))
            {
                throw new UsageException($"{word} is given twice.");
            }

            switch (word)
            {
                case "-s" or "-h": options = options with { Server = Next(arguments, ref i) }; break;
                case "-p": options = options with { Port = ParsePort(Next(arguments, ref i)) }; break;
                case "-u": options = options with { User = Next(arguments, ref i) }; break;
                case "-pw": options = options with { Password = Next(arguments, ref i) }; break;
                case "-pwf": options = options with { PasswordFile = Next(arguments, ref i) }; break;
                case "--nossl": options = options with { NoSsl = true }; break;
                case "--help": isHelp = true; break;
                case "--version" when command is null: command = "version"; break;
                case ['-', '-', _, ..]: pairs.Add(Split(word[2..]) ?? new(word[2..], "true")); break;
                case ['-', _, ..] when command is null: throw new UsageException($"There is no option {word}. 'redoubt help' lists them.");
                default:
                    if (command is null)
                    {
                        command = word;
                    }
                    else if (Split(word) is { } pair)
                    {
                        pairs.Add(pair);
                    }
                    else
                    {
                        words.Add(word);
                    }

                    break;
            }
        }

        return isHelp
            ? new(options, "help", new Parameters(pairs), command is null or "help" ? words : [command])
            : new(options, command, new Parameters(pairs), words);
    }

    private static KeyValuePair<string, string>? Split(string word) =>
        word.IndexOf('=') is > 0 and var at ? new(word[..at], word[(at + 1)..]) : null;

    // The value may be a password, so it is never repeated in an error.
    private static string Next(IReadOnlyList<string> arguments, ref int i) =>
        ++i < arguments.Count ? arguments[i] : throw new UsageException($"{arguments[i - 1]} must be followed by a value.");

    private static int ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new UsageException($"{text} is no port number.");
}
