using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Serving;

/// <summary><c>redoubt config</c>: judges a daemon's configuration file as a whole, or explains what may stand in one.</summary>
internal static class ConfigCommand
{
    public const string Name = "config";

    public const string Details = """
        redoubt config --check [FILE]     says everything that is wrong with the file, each with its line; exit code 1 if anything is
        redoubt config --explain          prints a file with everything that may stand in one, explained

        FILE is /etc/redoubt/redoubt.conf if left out. A daemon reads it when it starts (redoubt serve --config FILE).
        """;

    public static Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken) =>
        Task.FromResult(words switch
        {
            ["--check"] => Check(ServeConfigFile.UsualPath, terminal),
            ["--check", var file] => Check(file, terminal),
            ["--explain"] => Explain(terminal),
            _ => throw new UsageException(Details),
        });

    /// <summary>A file that says nothing, with everything that may stand in it.</summary>
    internal static string Explained()
    {
        string[] lines =
        [
            "# The configuration of a Redoubt daemon: lines of name = value. Each name is an option of redoubt serve, which takes",
            "# the place of the line here when it is given. Judge it with redoubt config --check; systemctl restart redoubt takes it",
            "# up, and leaves the guests running.",
            .. ServeOptions.All.Where(o => !o.IsForOneStart).SelectMany(Explained),
            "",
        ];
        return string.Join('\n', lines);
    }

    private static IEnumerable<string> Explained(ServeOption option) => ["", .. Wrap(option.Meaning), Line(option)];

    private static int Check(string file, Terminal terminal)
    {
        var (sayings, problems) = ServeConfigFile.Read(file);
        var all = problems.Concat(ServeOptions.FindLacking(sayings.ToList()).Select(l => $"{file}: {l}.")).ToList();
        all.ForEach(terminal.ErrorLine);
        if (all.Count > 0)
        {
            return ExitCode.Failure;
        }

        terminal.PrintLine($"{file} can be used.");
        return ExitCode.Success;
    }

    private static int Explain(Terminal terminal)
    {
        terminal.Print(Explained());
        return ExitCode.Success;
    }

    // What must be said stands there; everything else is what a daemon does anyway, or an example.
    private static string Line(ServeOption option) => $"{(option.IsRequired ? "" : "#")}{option.Name} = {option.Example}";

    private static IEnumerable<string> Wrap(string meaning)
    {
        var line = "#";
        foreach (var word in (char.ToUpperInvariant(meaning[0]) + meaning[1..] + ".").Split(' '))
        {
            if (line.Length + 1 + word.Length > 100)
            {
                yield return line;
                line = "#";
            }

            line += $" {word}";
        }

        yield return line;
    }
}
