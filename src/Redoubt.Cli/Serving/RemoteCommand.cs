using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Server.ThinCli;
using Redoubt.XenApi;

namespace Redoubt.Cli.Serving;

/// <summary>
/// Runs a thin client's command in the daemon: the commands of the local command line, with the caller's session. Nothing here opens a
/// file: a name that a client gives is one of its own machine, and this process may read and write what the client's user may not.
/// </summary>
internal static class RemoteCommand
{
    public static async Task<int> RunAsync(CommandLineCall call, CancellationToken cancellationToken)
    {
        var terminal = new Terminal(call.Output, call.Error, isInteractive: false);
        await using var root = new XenApiClient(call.Server, call.AcceptCertificate, TimeProvider.System);
        var client = root.WithSession(new(call.Session));
        try
        {
            var line = CommandLineParser.Parse(call.Words);
            switch (line.Command)
            {
                case null or "help":
                    return HelpCommand.Run(
                        line, terminal, [LocalCommands.All["help"], LocalCommands.All["version"]], c => Refusal(c, line) is null);
                case "version": return await LocalCommands.All["version"].Run(line.Words, terminal, cancellationToken);
            }

            var command = CommandTable.Find(line.Command) ?? throw App.Unknown(line.Command);
            if (Refusal(command, line) is { } refusal)
            {
                throw new UsageException(refusal);
            }

            ParameterCheck.Check(command, line);
            return await command.Run(new CommandContext(
                line.Parameters, terminal, _ => Task.FromResult(client), TimeProvider.System, cancellationToken)
            {
                Files = new CallersFiles(call),
                ConnectToAsync = (_, _, _) =>
                    throw new UsageException("A command that a thin client sends is about this server and no other."),
            });
        }
        catch (UsageException wrong)
        {
            terminal.ErrorLine(wrong.Words);
            return ExitCode.Failure;
        }
        catch (XenApiException refused)
        {
            await ErrorPrinter.PrintAsync(terminal, refused, client, CancellationToken.None);
            return ExitCode.Failure;
        }
    }

    // By the parameters that a command declares, so that a command that is new is refused too, unless it goes without the file.
    private static string? Refusal(Command command, ParsedCommandLine line)
    {
        if (command.IsForThisMachine)
        {
            return $"{command.Name} works with files of the machine that it runs on, which must not be this server's. Use "
                + $"'redoubt {command.Name}'.";
        }

        if (command.IsForOneHost)
        {
            return $"{command.Name} is about a host that has no coordinator. Use 'redoubt {command.Name}' with -s and that host.";
        }

        if (command.HasCallersFiles)
        {
            return line.Parameters.Map("database").ContainsKey("filename")
                ? "database:filename= names a file of the server, which nobody opens for a thin client. Use database:vdi-uuid=, or "
                    + $"'redoubt {command.Name}'."
                : null;
        }

        return command.Required.Concat(command.Optional.Where(o => line.Parameters.Find(o) is not null))
            .FirstOrDefault(p => p.Contains("file", StringComparison.OrdinalIgnoreCase)) is { } parameter
            ? $"{command.Name} takes a file ({parameter}=), which this server can't ask a thin client for. Use 'redoubt {command.Name}'."
            : null;
    }
}
