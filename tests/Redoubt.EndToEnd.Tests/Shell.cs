using Redoubt.Cli;
using Redoubt.Cli.Connections;
using Redoubt.Cli.Demo;
using Redoubt.Cli.Output;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// Runs commands of <c>redoubt</c> as the runbooks have them: with <c>$NAMES</c> for what is different every time. What was run is kept, so
/// that a runbook with another command in it is found.
/// </summary>
internal sealed class Shell
{
    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _run = new(StringComparer.Ordinal);

    public string this[string name]
    {
        get => _values[name];
        set => _values[name] = value;
    }

    /// <summary>Runs a command that must succeed; gives what it printed.</summary>
    public Task<string> RunAsync(DemoSite site, string command) => RunAsync(site, command, 0);

    /// <summary>Runs a command that must end with this exit code; gives what it printed.</summary>
    public async Task<string> RunAsync(DemoSite site, string command, int expected)
    {
        // What a script says in the place of a person is no part of the command.
        _run.Add(command.Replace(" --yes", "", StringComparison.Ordinal));
        var (exitCode, output, error) = await TryAsync(site, command);
        Assert.True(
            exitCode == expected,
            $"redoubt {command} at {site.Name} ended with {exitCode}, not "
                + $"{expected}:\n{output}\n{error}\n{File.ReadAllText(site.LogFile)}");
        return output.Trim();
    }

    /// <summary>Runs a command that must fail; gives what it complained of.</summary>
    public async Task<string> FailAsync(DemoSite site, string command)
    {
        _run.Add(command);
        var (exitCode, output, error) = await TryAsync(site, command);
        Assert.True(exitCode != 0, $"redoubt {command} at {site.Name} went well:\n{output}");
        return error;
    }

    /// <summary>Runs a command, however it ends.</summary>
    public async Task<(int ExitCode, string Output, string Error)> TryAsync(DemoSite site, string command)
    {
        // In this process: to start the program anew for each of hundreds of commands takes longer than all that they do.
        return await RunAsync(
            KnownPools.DefaultFile,
            ["-s", site.Api.Server.ToString(), "-pwf", site.PasswordFile, .. command.Split(' ').Select(Expand)]);
    }

    /// <summary>Runs a command as root at a daemon that may have a port, and a certificate, that another has had; however it ends.</summary>
    public static Task<(int ExitCode, string Output, string Error)> TryAsync(
        ServeRun at, string password, params IEnumerable<string> words) =>
        RunAsync(
            at.Data + ".known-pools",
            ["-s", at.Url!.OriginalString, "-u", "root", "-pw", password, .. words]);

    /// <summary>Runs a command as root at such a daemon, which must succeed; gives what it printed.</summary>
    public static async Task<string> RunAsync(ServeRun at, string password, params IEnumerable<string> words)
    {
        var (exitCode, output, error) = await TryAsync(at, password, words);
        Assert.True(exitCode == 0, error);
        return output;
    }

    /// <summary>The commands of a runbook that were not run.</summary>
    public IEnumerable<string> NotRunOf(string runbook)
    {
        var isShell = false;
        foreach (var line in File.ReadAllLines(Path.Combine(Repository.Root, "docs", "operating", runbook)).Select(l => l.Trim()))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isShell = line == "```sh";
            }
            else if (isShell && line.StartsWith("redoubt ", StringComparison.Ordinal) && !_run.Contains(line["redoubt ".Length..]))
            {
                yield return line;
            }
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string knownPools, IReadOnlyList<string> words)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var app = new App(new Terminal(output, error, isInteractive: false), knownPools, TimeProvider.System);
        var code = await app.RunAsync(words, null, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    private string Expand(string word)
    {
        foreach (var (name, value) in _values.OrderByDescending(v => v.Key.Length))
        {
            word = word.Replace("$" + name, value, StringComparison.Ordinal);
        }

        return word;
    }
}
