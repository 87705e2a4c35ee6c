using System.Runtime.InteropServices;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.Server;
using Redoubt.Server.Listening;
using Redoubt.Storage;

namespace Redoubt.Cli.Serving;

/// <summary><c>redoubt serve</c>: the daemon of a pool, until SIGTERM or Ctrl-C. Its guests go on without it.</summary>
internal static class ServeCommand
{
    private const string Usage = "redoubt serve --data DIR --listen URL [--listen URL…] [--name-label NAME] [--root-password-file FILE] [--hypervisor LIBVIRT-URI] [--boot-root DIR…] [--sr-root DIR…] [--restore-from FILE-OR-DIR | --new-pool] [--without FILE…]";

    /// <summary>What its options mean.</summary>
    public const string Details = $"""
        {Usage}

          --data DIR                 the directory where the pool lives; made if it is not there
          --listen URL               where to listen: https://ADDRESS:PORT, or http://127.0.0.1:PORT; may be given several times, port 0 takes a free one
          --name-label NAME          the pool's name at its first start; the host's if left out
          --root-password-file FILE  a file with root's password; needed at the first start
          --hypervisor LIBVIRT-URI   the hypervisor of the pool's VMs; one of the daemon's own if left out
          --boot-root DIR            where kernels and ramdisks of guests may lie; may be given several times, /boot/guest and /var/lib/xcp/guest if left out
          --sr-root DIR              where storage may lie; may be given several times, anywhere but the system's and the daemon's directories if left out
          --restore-from PATH        makes the database anew, when it is gone, from a metadata volume or the directory of an SR
          --new-pool                 begins an empty pool though the directory shows that there was one
          --without FILE             goes on without a file of the directory that is lost or damaged; may be given several times
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        var config = Parse(words);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            // Else the runtime ends the process before the pool is closed.
            signal.Cancel = true;
            stopping.Cancel();
        });
        try
        {
            await PoolServer.RunAsync(config, terminal.Output, TimeProvider.System, stopping.Token);
            return ExitCode.Success;
        }
        catch (ServeException wrong)
        {
            terminal.ErrorLine(wrong.Message);
            return ExitCode.Failure;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop while it was starting.
            return ExitCode.Success;
        }
    }

    /// <exception cref="UsageException">An option is unknown, lacks its value, or is missing.</exception>
    internal static ServeConfig Parse(IReadOnlyList<string> words)
    {
        var given = new Dictionary<string, string>();
        var (urls, bootRoots, storageRoots) = (new List<string>(), new List<string>(), new List<string>());
        var (without, newPool) = (new List<string>(), false);
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i] == "--new-pool")
            {
                newPool = true;
                continue;
            }

            var (option, value) = Split(words, ref i);
            if (option is "--listen" or "--boot-root" or "--sr-root")
            {
                (option switch { "--listen" => urls, "--boot-root" => bootRoots, _ => storageRoots }).Add(
                    option == "--listen" || (option == "--sr-root" && HostRoots.IsShare(value)) ? value : Path.GetFullPath(value));
            }
            else if (option == "--without")
            {
                without.Add(value);
            }
            else if (option is not ("--data" or "--name-label" or "--root-password-file" or "--hypervisor" or "--restore-from"))
            {
                throw new UsageException($"serve has no option '{option}'.\n{Usage}");
            }
            else if (!given.TryAdd(option, value))
            {
                throw new UsageException($"{option} is given twice.");
            }
        }

        if (newPool && given.ContainsKey("--restore-from"))
        {
            throw new UsageException("--new-pool begins an empty pool, --restore-from goes on with one: give one of the two.");
        }

        return new()
        {
            DataDirectory = FileWords.FullPath("--data", given.GetValueOrDefault("--data") ?? throw new UsageException($"--data is missing: the directory where the pool lives.\n{Usage}")),
            ListenUrls = urls.Count > 0 ? urls : throw new UsageException($"--listen is missing: the URL to listen on.\n{Usage}"),
            NameLabel = given.GetValueOrDefault("--name-label"),
            RootPasswordFile = given.GetValueOrDefault("--root-password-file"),
            RestoreFrom = given.TryGetValue("--restore-from", out var from) ? FileWords.FullPath("--restore-from", from) : null,
            NewPool = newPool,
            Without = without,
            BootRoots = bootRoots.Count > 0 ? bootRoots : HostRoots.UsualBoot,
            StorageRoots = storageRoots,
            HypervisorUri = given.GetValueOrDefault("--hypervisor"),
            HypervisorTrialCommand = [.. Self(), CheckHypervisorCommand.Name, CheckHypervisorCommand.ForDaemon],
            RunCommand = RemoteCommand.RunAsync,
        };
    }

    // As a program of its own, or as one that dotnet runs.
    private static IEnumerable<string> Self()
    {
        var process = Environment.ProcessPath ?? "redoubt";
        return Path.GetFileNameWithoutExtension(process) == "dotnet" ? [process, Environment.GetCommandLineArgs()[0]] : [process];
    }

    // Both --data DIR and --data=DIR.
    private static (string Option, string Value) Split(IReadOnlyList<string> words, ref int i)
    {
        var word = words[i];
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && word.StartsWith("--", StringComparison.Ordinal))
        {
            return (word[..equals], word[(equals + 1)..]);
        }

        if (!word.StartsWith("--", StringComparison.Ordinal))
        {
            throw new UsageException($"serve takes options only, not '{word}'.\n{Usage}");
        }

        return i + 1 < words.Count ? (word, words[++i]) : throw new UsageException($"{word} lacks its value.\n{Usage}");
    }
}
