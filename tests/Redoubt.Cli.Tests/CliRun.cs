using Redoubt.Cli.Output;

namespace Redoubt.Cli.Tests;

/// <summary>What a run of the program printed, and its exit code.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Error)
{
    /// <summary>Runs a command line, split at blanks, against a pool.</summary>
    public static Task<CliRun> AgainstAsync(FakePool pool, string line) =>
        RunAsync(["-s", pool.Url, "-u", "root", "-pw", FakePool.Password, .. line.Split(' ')]);

    public static async Task<CliRun> RunAsync(IReadOnlyList<string> words, string? extra = null, string? knownPools = null)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var app = new App(
            new Terminal(output, error, isInteractive: false),
            knownPools ?? Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "known-pools"), TimeProvider.System);
        var code = await app.RunAsync(words, extra, TestContext.Current.CancellationToken);
        return new(code, output.ToString(), error.ToString());
    }
}
