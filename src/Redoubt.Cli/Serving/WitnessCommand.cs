using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Server;
using Redoubt.Server.Membership;

namespace Redoubt.Cli.Serving;

/// <summary><c>redoubt witness</c>: a vote in a pool's agreement without VMs, until SIGTERM or Ctrl-C.</summary>
internal static class WitnessCommand
{
    public const string Name = "witness";

    public const string Details = """
        redoubt witness --data DIR [--join ADDRESS --password-file FILE [--user NAME] [--member-port PORT]]

        Runs a witness of a pool: it has a vote when the hosts of the pool agree, and no VMs, so that a pool of two hosts goes on when one
        of them is lost. It needs etcd-server, and a machine that is not lost together with one of the hosts.

        With --join it first becomes one: the coordinator at ADDRESS (with a port if that is not 443) is asked in the name of NAME (root),
        with the password that is the first line of FILE. Later starts, with it or without, go on with what lies in DIR. The hosts reach it
        at PORT (2380), and it them. What it keeps has the pool's keys and passwords: protect it as a host.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        var options = Read(words);
        var directory = options.GetValueOrDefault("--data") is { } data
            ? FileWords.FullPath("--data", data)
            : throw new UsageException(Details);
        var port = options.GetValueOrDefault("--member-port") is not { } spelled ? ServeConfig.UsualMemberPort
            : ushort.TryParse(spelled, out var number) ? number
            : throw new UsageException($"--member-port: {spelled} is no port.");
        return await UntilTold.RunAsync(terminal, JoinAndRunAsync, cancellationToken);

        async Task JoinAndRunAsync(CancellationToken stopping)
        {
            if (options.GetValueOrDefault("--join") is { } coordinator)
            {
                var file = options.GetValueOrDefault("--password-file")
                    ?? throw new UsageException($"--join needs --password-file FILE.\n{Details}");
                await Witness.JoinAsync(
                    directory, coordinator, options.GetValueOrDefault("--user") ?? "root", NewPassword.FromFile(file), port,
                    TimeProvider.System, stopping);
            }

            await Witness.RunAsync(directory, terminal.Output, TimeProvider.System, stopping);
        }
    }

    private static Dictionary<string, string> Read(IReadOnlyList<string> words)
    {
        string[] known = ["--data", "--join", "--user", "--password-file", "--member-port"];
        var options = new Dictionary<string, string>();
        for (var i = 0; i < words.Count; i += 2)
        {
            if (!known.Contains(words[i]) || i + 1 == words.Count || !options.TryAdd(words[i], words[i + 1]))
            {
                throw new UsageException(Details);
            }
        }

        return options;
    }
}
