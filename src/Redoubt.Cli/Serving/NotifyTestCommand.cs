using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Serving;

/// <summary><c>redoubt notify-test</c>: sends a notice that says nothing to everybody whom a daemon tells of messages.</summary>
internal static class NotifyTestCommand
{
    public const string Name = "notify-test";

    public const string Details = """
        redoubt notify-test [--config FILE] [options of serve]

        Sends a test to every webhook, mail address and syslog of the configuration, and says of each whether it took it. Asks no
        daemon. FILE is /etc/redoubt/redoubt.conf if nothing is given. Exit code 1: one did not take it.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        var config = ServeCommand.Parse(words.Count > 0 ? words : ["--config", ServeConfigFile.UsualPath]);
        var results = await config.Notify.TestAsync(config.NameLabel ?? Environment.MachineName, TimeProvider.System, cancellationToken);
        if (results.Count == 0)
        {
            terminal.ErrorLine("Nobody is told of messages: the configuration has no webhook, mail-to or syslog.");
            return ExitCode.Failure;
        }

        foreach (var (target, failure) in results)
        {
            terminal.PrintLine(failure is null ? $"sent    {target}" : $"FAILED  {target}: {failure}");
        }

        return results.Any(r => r.Failure is not null) ? ExitCode.Failure : ExitCode.Success;
    }
}
