using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Connections;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli;

/// <summary>
/// One run of the program: takes the command line apart, finds the command, checks its parameters, and only then speaks with a server.
/// Every failure becomes words on standard error and an exit code here and nowhere else.
/// </summary>
internal sealed class App(Terminal terminal, string knownPools, TimeProvider time)
{
    /// <summary>What a fault of the program's own begins with; whatever the words, nobody should ever see it.</summary>
    internal const string Fault = "redoubt met a fault of its own, which its makers should know of";

    /// <summary>How often a host may name another as the coordinator: while one takes over, two may name each other.</summary>
    private const int FollowsMax = 3;

    private XenApiClient? client;

    public async Task<int> RunAsync(IReadOnlyList<string> arguments, string? extraArguments, CancellationToken cancellationToken)
    {
        var pins = new KnownPools(knownPools, terminal.Error);
        try
        {
            IReadOnlyList<string> extra = ExtraArguments.Split(extraArguments);
            var code = await DispatchAsync([.. extra, .. arguments], extra.Count, pins, cancellationToken);
            await terminal.Output.FlushAsync(cancellationToken);
            return code;
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
        catch (XenApiTransportException unreachable)
        {
            terminal.ErrorLine(pins.Refusal ?? unreachable.Message);
            return ExitCode.Unreachable;
        }
        catch (WireFormatException strange)
        {
            terminal.ErrorLine($"The server answered something that is not XenAPI: {strange.Message}.");
            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            terminal.ErrorLine("Interrupted. What the server was told to do goes on; task-list shows it.");
            return ExitCode.Interrupted;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or System.Security.SecurityException)
        {
            // A file or standard stream that could be opened and then not be read or written: a full disk, a reader that has gone.
            terminal.ErrorLine(failed.Message);
            return ExitCode.Failure;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            terminal.ErrorLine($"{Fault}: {fault.GetType().Name}: {fault.Message}");
            return ExitCode.Failure;
        }
        finally
        {
            if (client is not null)
            {
                await client.DisposeAsync();
            }
        }
    }

    /// <summary>The complaint about a command that does not exist.</summary>
    internal static UsageException Unknown(string name)
    {
        var nearest = CommandTable.Nearest(name, LocalCommands.All.Keys);
        return new(
            $"There is no command '{name}'."
                + (nearest.Count > 0 ? $" Did you mean {string.Join(", ", nearest)}?" : " 'redoubt help' lists them."),
            $"Unknown command: {name}");
    }

    private async Task<int> DispatchAsync(IReadOnlyList<string> words, int extra, KnownPools pins, CancellationToken cancellationToken)
    {
        if (FindLocal(words) is var (local, rest))
        {
            return rest.Contains("--help")
                ? HelpCommand.Run(CommandLineParser.Parse(["help", local.Name]), terminal)
                : await local.Run(rest, terminal, cancellationToken);
        }

        var line = CommandLineParser.Parse(words, extra);
        switch (line.Command)
        {
            case null: throw new UsageException("What is to be done? 'redoubt help' lists the commands.");
            case "help": return HelpCommand.Run(line, terminal);
            case "version": return await LocalCommands.All[line.Command].Run(line.Words, terminal, cancellationToken);
        }

        var command = CommandTable.Find(line.Command) ?? throw Unknown(line.Command);
        ParameterCheck.Check(command, line);
        var server = ServerAddress.Of(line.Options);
        var credentials = Credentials.Of(line.Options);
        return await command.Run(new CommandContext(
            line.Parameters, terminal,
            async token => client = command.IsForOneHost
                ? await ConnectToMemberAsync(server, credentials, pins, token)
                : await ConnectAsync(server, credentials, pins, token),
            time,
            cancellationToken)
        {
            Files = new LocalFiles(),
            ConnectToAsync = (other, who, token) => ConnectAsync(other, who, pins, token),
        });
    }

    // A command without a server has options of its own, so its words must not be read by the grammar of the others. It is the first
    // word that is no option and no option's value.
    private static (LocalCommand Command, IReadOnlyList<string> Words)? FindLocal(IReadOnlyList<string> words)
    {
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i] is "-s" or "-h" or "-p" or "-u" or "-pw" or "-pwf")
            {
                i++;
            }
            else if (!words[i].StartsWith('-'))
            {
                return words[i] != "help" && LocalCommands.All.TryGetValue(words[i], out var command)
                    ? (command, words.Skip(i + 1).ToList())
                    : null;
            }
        }

        return null;
    }

    private async Task<XenApiClient> ConnectAsync(
        Uri server, Credentials credentials, KnownPools pins, CancellationToken cancellationToken, int follows = FollowsMax)
    {
        var api = ClientOf(server, pins);
        try
        {
            await api.LoginAsync(credentials.User, credentials.Password, cancellationToken);
            return api;
        }
        catch (XenApiException member) when (follows > 0
            && member is { Code: "HOST_IS_SLAVE", Parameters: [var address] } && server.Authority != address)
        {
            await api.DisposeAsync();
            return await ConnectAsync(new Uri($"{server.Scheme}://{address}"), credentials, pins, cancellationToken, follows - 1);
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
    }

    private async Task<XenApiClient> ConnectToMemberAsync(
        Uri server, Credentials credentials, KnownPools pins, CancellationToken cancellationToken)
    {
        var api = ClientOf(server, pins);
        try
        {
            await api.LoginAtMemberAsync(credentials.User, credentials.Password, cancellationToken);
            return api;
        }
        catch (XenApiException noMember) when (noMember.Code == "MESSAGE_METHOD_UNKNOWN")
        {
            // It coordinates, and says what comes of that.
            await api.LoginAsync(credentials.User, credentials.Password, cancellationToken);
            return api;
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
    }

    private XenApiClient ClientOf(Uri server, KnownPools pins) =>
        new(server, certificate => pins.Accept($"{server.Host}:{server.Port}", certificate), time);
}
