using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli;

/// <summary><c>redoubt version</c>.</summary>
internal static class VersionCommand
{
    public static Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        terminal.PrintLine($"redoubt {ProductVersion.Current}");
        return Task.FromResult(ExitCode.Success);
    }
}
