using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;

namespace Redoubt.Cli;

/// <summary><c>redoubt version</c>.</summary>
internal static class VersionCommand
{
    public static Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        terminal.PrintLine($"redoubt {typeof(VersionCommand).Assembly.GetName().Version!.ToString(3)}");
        return Task.FromResult(ExitCode.Success);
    }
}
