using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Serving;

/// <summary>
/// The configuration file of a daemon: lines of <c>name = value</c> with the names of the options of <c>serve</c>. A line that is empty, or
/// begins with <c>#</c>, says nothing. It is judged as a whole: whoever mends it sees all that is wrong with it at once.
/// </summary>
internal static class ServeConfigFile
{
    /// <summary>Where the package puts it.</summary>
    public const string UsualPath = "/etc/redoubt/redoubt.conf";

    /// <summary>Reads one.</summary>
    /// <returns>What it says, and what is wrong with it: a sentence each, with the line.</returns>
    /// <exception cref="UsageException">It can't be read.</exception>
    public static (IReadOnlyList<ServeSaying> Sayings, IReadOnlyList<string> Problems) Read(string path)
    {
        var text = FileWords.ReadAll("The configuration file", path);
        return Parse(path, text);
    }

    /// <summary>Judges a text. Looks at the files that it names.</summary>
    /// <param name="path">The file's name, for the sentences.</param>
    /// <param name="text">What stands in it.</param>
    internal static (IReadOnlyList<ServeSaying> Sayings, IReadOnlyList<string> Problems) Parse(string path, string text)
    {
        var (sayings, problems) = (new List<ServeSaying>(), new List<string>());
        var lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0 || line.StartsWith('#'))
            {
                continue;
            }

            if (Judge(line, i + 1, sayings) is { } problem)
            {
                problems.Add($"{path}:{i + 1}: {problem}.");
            }
        }

        return (sayings, problems);
    }

    private static string? Judge(string line, int number, List<ServeSaying> sayings)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return $"'{line}' is no line of the form name = value";
        }

        var (name, value) = (line[..equals].TrimEnd(), line[(equals + 1)..].TrimStart());
        if (ServeOptions.Find(name) is not { } option)
        {
            return $"there is nothing called '{name}' (redoubt config --explain tells what there is)";
        }

        if (option.IsForOneStart)
        {
            return $"'{name}' is for one start: give it on the command line (--{name})";
        }

        if (value.Length == 0)
        {
            return $"'{name}' has no value; leave the line out, or put a # before it";
        }

        if (!option.IsRepeatable && sayings.Find(s => s.Option == option) is { } first)
        {
            return $"'{name}' stands in line {first.Line} already";
        }

        if (option.Argument is "DIR" or "FILE" && !Path.IsPathRooted(value))
        {
            return $"'{name}' needs a whole path, beginning with /, not '{value}'";
        }

        // A line that is wrong counts as said, so that it is not missed as well.
        sayings.Add(new(option, value, number));
        return option.FindProblem(value) is { } wrong ? $"'{name}': {wrong.TrimEnd('.')}" : null;
    }
}
