using System.Globalization;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.Compute;
using Redoubt.Server;
using Redoubt.Server.Membership;
using Redoubt.Storage;

namespace Redoubt.Cli.Serving;

/// <summary><c>redoubt serve</c>: the daemon of a pool, until SIGTERM or Ctrl-C. Its guests go on without it.</summary>
internal static class ServeCommand
{
    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        var config = Parse(words);
        return await UntilTold.RunAsync(terminal, ServeAsync, cancellationToken);

        async Task ServeAsync(CancellationToken stopping)
        {
            await using var seat = new Seat(config, terminal.Output, TimeProvider.System);
            await seat.RunAsync(stopping);
        }
    }

    /// <exception cref="UsageException">An option is unknown, lacks its value or is missing; or the file is wrong.</exception>
    internal static ServeConfig Parse(IReadOnlyList<string> words)
    {
        var (sayings, file) = Read(words);
        if (file is not null)
        {
            var (written, problems) = ServeConfigFile.Read(file);
            if (problems.Count > 0)
            {
                throw new UsageException(string.Join('\n', problems));
            }

            sayings.AddRange(written);
        }

        if (One(ServeOptions.NewPool) is not null && One(ServeOptions.RestoreFrom) is not null)
        {
            throw new UsageException("--new-pool begins an empty pool, --restore-from goes on with one: give one of the two.");
        }

        if (ServeOptions.FindLacking(sayings).FirstOrDefault() is { } lacking)
        {
            throw new UsageException($"{lacking}.\n{ServeOptions.Usage}");
        }

        var bootRoots = Paths(ServeOptions.BootRoot);
        return new()
        {
            DataDirectory = Paths(ServeOptions.Data)[0],
            ListenUrls = Of(ServeOptions.Listen),
            NameLabel = One(ServeOptions.NameLabel),
            RootPasswordFile = One(ServeOptions.RootPasswordFile),
            MetricsTokenFile = Paths(ServeOptions.MetricsTokenFile).FirstOrDefault(),
            Notify = new()
            {
                Priority = One(ServeOptions.NotifyPriority) is { } priority ? int.Parse(priority, CultureInfo.InvariantCulture) : 3,
                Webhooks = Of(ServeOptions.Webhook),
                WebhookSecretFile = Paths(ServeOptions.WebhookSecretFile).FirstOrDefault(),
                MailServer = One(ServeOptions.MailServer),
                MailLoginFile = Paths(ServeOptions.MailLoginFile).FirstOrDefault(),
                MailFrom = One(ServeOptions.MailFrom) ?? "",
                MailTo = Of(ServeOptions.MailTo),
                Syslogs = Of(ServeOptions.Syslog),
            },
            RestoreFrom = Paths(ServeOptions.RestoreFrom).FirstOrDefault(),
            NewPool = One(ServeOptions.NewPool) is not null,
            Without = Of(ServeOptions.Without),
            BootRoots = bootRoots.Count > 0 ? bootRoots : HostRoots.UsualBoot,
            StorageRoots = [.. Of(ServeOptions.SrRoot).Select(r => HostRoots.IsShare(r) ? r : FileWords.FullPath("--sr-root", r))],
            AdoptFrom = Of(ServeOptions.AdoptFrom) is { Count: > 0 } libvirts ? libvirts : [HypervisorOptions.SystemUri],
            DefaultTemplates = true,
            MemberPort = One(ServeOptions.MemberPort) is { } port
                ? int.Parse(port, CultureInfo.InvariantCulture)
                : ServeConfig.UsualMemberPort,
            NbdPort = One(ServeOptions.NbdPort) is { } nbd ? int.Parse(nbd, CultureInfo.InvariantCulture) : ServeConfig.UsualNbdPort,
            HypervisorUri = One(ServeOptions.Hypervisor),
            HypervisorTrialCommand = [.. Self(), CheckHypervisorCommand.Name, CheckHypervisorCommand.ForDaemon],
            RunCommand = RemoteCommand.RunAsync,
        };

        List<string> Of(ServeOption option) => [.. ServeOptions.In(sayings, option).Select(s => s.Value)];
        string? One(ServeOption option) => Of(option).FirstOrDefault();
        List<string> Paths(ServeOption option) => [.. Of(option).Select(path => FileWords.FullPath($"--{option.Name}", path))];
    }

    private static (List<ServeSaying> Sayings, string? File) Read(IReadOnlyList<string> words)
    {
        var (sayings, file) = (new List<ServeSaying>(), (string?)null);
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i] == $"--{ServeOptions.NewPool.Name}")
            {
                sayings.Add(new(ServeOptions.NewPool, ""));
                continue;
            }

            var (word, value) = Split(words, ref i);
            if (word == "--config")
            {
                file = file is null ? FileWords.FullPath(word, value) : throw new UsageException($"{word} is given twice.");
                continue;
            }

            var option = ServeOptions.Find(word[2..]) is { Argument: not null } found
                ? found
                : throw new UsageException($"serve has no option '{word}'.\n{ServeOptions.Usage}");
            if (!option.IsRepeatable && sayings.Exists(s => s.Option == option))
            {
                throw new UsageException($"{word} is given twice.");
            }

            // What is wrong with the others is found out by whoever uses them, and said in their words.
            if (option.IsJudgedAtOnce && option.FindProblem(value) is { } wrong)
            {
                throw new UsageException($"{word}: {wrong.TrimEnd('.')}.");
            }

            sayings.Add(new(option, value));
        }

        return (sayings, file);
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
            throw new UsageException($"serve takes options only, not '{word}'.\n{ServeOptions.Usage}");
        }

        return i + 1 < words.Count ? (word, words[++i]) : throw new UsageException($"{word} lacks its value.\n{ServeOptions.Usage}");
    }
}
