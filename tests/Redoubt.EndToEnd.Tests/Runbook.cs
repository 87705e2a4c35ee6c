using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// The commands of a page of docs/operating, to be run in the order in which they stand there, by a shell and as they are printed. What
/// differs every time are variables of that shell. A command that the test does not expect, or can't fill in, fails it.
/// </summary>
internal sealed partial class Runbook
{
    private readonly string _page;
    private readonly string _home;
    private readonly Queue<string> _left;
    private readonly Dictionary<string, string> _values = [];

    /// <summary>Reads a page.</summary>
    /// <param name="page">Its name.</param>
    /// <param name="home">Where the commands keep what they keep in a user's home.</param>
    public Runbook(string page, string home)
    {
        (_page, _home) = (page, home);
        _left = new(CommandsOf(File.ReadAllLines(Path.Combine(Repository.Root, "docs", "operating", page))));
        Assert.True(_left.Count > 0, $"{page} has no commands.");
    }

    /// <summary>The commands that have not been taken.</summary>
    public IEnumerable<string> Left => _left;

    /// <summary>What stands before the words of each command, with commas in between: which pool is asked, and as whom.</summary>
    public string Asked { get; set; } = "";

    /// <summary>Fills in a variable.</summary>
    public string this[string variable]
    {
        set => _values[variable] = value;
    }

    /// <summary>Takes the page's next command, which must be this one.</summary>
    public string Take(string command)
    {
        Assert.True(_left.TryDequeue(out var line), $"{_page} has no {command} where one is expected: it ends before.");
        Assert.True(
            line.Split(' ').Contains(command), $"{_page} has another command than this test knows: {line}\nExpected is {command} there.");
        return line;
    }

    /// <summary>Runs the page's next command, which must be this one and succeed; gives what it printed.</summary>
    public Task<string> RunAsync(string command) => RunLineAsync(Take(command));

    /// <summary>Runs a line that has been taken; it must succeed.</summary>
    public async Task<string> RunLineAsync(string line)
    {
        using var run = Start(line);
        var error = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(run.ExitCode == 0, $"{line}\nended with {run.ExitCode}:\n{output}{await error}");
        return output;
    }

    /// <summary>Starts a line that has been taken, with its output and errors to be read.</summary>
    public Process Start(string line)
    {
        var start = new ProcessStartInfo("bash", ["-euc", line])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var variable in Variable().Matches(line).Select(m => m.Groups["name"].Value))
        {
            Assert.True(_values.TryGetValue(variable, out var value), $"{_page}: this test can't fill in ${variable} of: {line}");
            start.Environment[variable] = value;
        }

        start.Environment["PATH"] = $"{Path.GetDirectoryName(Bench.Program)}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["XDG_CONFIG_HOME"] = _home;
        start.Environment["REDOUBT_EXTRA_ARGS"] = Asked;
        var run = Process.Start(start)!;
        run.StandardInput.Close();
        return run;
    }

    private static IEnumerable<string> CommandsOf(IEnumerable<string> lines)
    {
        var isFenced = false;
        foreach (var line in lines.Select(l => l.Trim()))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isFenced = !isFenced;
            }
            else if (isFenced && line.Length > 0)
            {
                yield return line;
            }
        }
    }

    [GeneratedRegex(@"\$(?<name>[A-Z_]+)", RegexOptions.None, 1000)]
    private static partial Regex Variable();
}
