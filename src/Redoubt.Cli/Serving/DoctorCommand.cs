using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Serving;

/// <summary><c>redoubt doctor</c>: looks at a machine with a daemon's eyes, before there is one or when something is wrong.</summary>
internal static class DoctorCommand
{
    public const string Name = "doctor";

    public const string Details = """
        redoubt doctor [--config FILE] [options of serve]

        Looks at the hypervisor (libvirt, QEMU, KVM), the clock, the ports, the rights on the daemon's directory, how fast it is and what
        is free there, and the storage; says what to do about what it finds. Changes nothing. With neither, it looks at
        /etc/redoubt/redoubt.conf if there is one. Exit code 1: a daemon could not run like this.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        if (words.Count == 0)
        {
            words = File.Exists(ServeConfigFile.UsualPath)
                ? ["--config", ServeConfigFile.UsualPath]
                : ["--data", ServeOptions.Data.Example, "--listen", ServeOptions.Listen.Example];
        }

        var config = ServeCommand.Parse(words);
        var findings = new List<DoctorFinding>();
        await foreach (var finding in FindAsync(config, cancellationToken))
        {
            findings.Add(finding);
            terminal.PrintLine($"{Word(finding.Standing),-8} {finding.Subject}: {finding.Text}");
        }

        var bad = findings.Count(f => f.Standing == DoctorStanding.Bad);
        var warnings = findings.Count(f => f.Standing == DoctorStanding.Warning);
        terminal.PrintLine(bad > 0
            ? $"{bad} to mend, {warnings} to know."
            : $"A pool can run here{(warnings > 0 ? $"; {warnings} to know" : "")}.");
        return bad > 0 ? ExitCode.Failure : ExitCode.Success;
    }

    private static async IAsyncEnumerable<DoctorFinding> FindAsync(
        Server.ServeConfig config, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var finding in await DoctorChecks.HypervisorAsync(config.HypervisorUri, cancellationToken))
        {
            yield return finding;
        }

        yield return await DoctorChecks.AgreementAsync(config.DataDirectory, config.MemberPort, cancellationToken);
        yield return DoctorChecks.Clock();
        foreach (var finding in config.ListenUrls.Select(DoctorChecks.Port)
            .Concat(DoctorChecks.Data(config.DataDirectory)).Concat(config.StorageRoots.Select(DoctorChecks.Storage)))
        {
            yield return finding;
        }
    }

    private static string Word(DoctorStanding standing) => standing switch
    {
        DoctorStanding.Good => "ok",
        DoctorStanding.Warning => "WARNING",
        DoctorStanding.Bad => "BAD",
        DoctorStanding.NotChecked => "-",
    };
}
