using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Demo;
using Redoubt.Cli.Inspecting;
using Redoubt.Cli.Recovering;
using Redoubt.Cli.Serving;

namespace Redoubt.Cli;

/// <summary>
/// The commands that need no server. They get the words after their name as they stand, since they have options of their own
/// (<c>serve --data DIR</c>) and not the grammar of the others.
/// </summary>
internal static class LocalCommands
{
    public static IReadOnlyDictionary<string, LocalCommand> All { get; } = new[]
    {
        new LocalCommand(
            CheckHypervisorCommand.Name, "Opens the hypervisor of a pool that doesn't run, and says why it can't be opened: LIBVIRT-URI.",
            CheckHypervisorCommand.RunAsync),
        new LocalCommand(
            ConfigCommand.Name, "Judges a daemon's configuration file, or explains it: --check [FILE] | --explain.", ConfigCommand.RunAsync)
        {
            Details = ConfigCommand.Details,
        },
        new LocalCommand(
            "help", "Lists the commands; 'help COMMAND' explains one, 'help --all' lists those of every class.",
            (words, terminal, _) => Task.FromResult(HelpCommand.Run(CommandLineParser.Parse(["help", .. words]), terminal))),
        new LocalCommand(
            "demo",
            "Shows a disaster and the recovery from it on this machine: [--hosts N] [--keep] [--data DIR] --guest IMAGE.",
            DemoCommand.RunAsync) { Details = DemoOptions.Details },
        new LocalCommand(
            DoctorCommand.Name, "Looks whether a pool can run here, and says what to do: [--config FILE].", DoctorCommand.RunAsync)
        {
            Details = DoctorCommand.Details,
        },
        new LocalCommand(
            "inspect",
            "Shows what is on a metadata volume, in a database dump or at an SR's location, without a server: FILE "
                + "[--vm NAME|UUID] [--json].",
            InspectCommand.RunAsync) { Details = InspectOptions.Details },
        new LocalCommand(
            NotifyTestCommand.Name, "Sends a test to everybody whom a daemon notifies: [--config FILE].", NotifyTestCommand.RunAsync)
        {
            Details = NotifyTestCommand.Details,
        },
        new LocalCommand(
            ReportVerifyCommand.Name, "Says whether a report is what a pool has signed, without a server: FILE --key FINGERPRINT.",
            ReportVerifyCommand.RunAsync) { Details = ReportVerifyCommand.Details },
        new LocalCommand("serve", "Runs a pool: [--config FILE] --data DIR --listen URL […].", ServeCommand.RunAsync)
        {
            Details = ServeOptions.Details,
        },
        new LocalCommand(
            WitnessCommand.Name, "Runs a vote in a pool's agreement without VMs, for pools of two hosts: --data DIR [--join ADDRESS …].",
            WitnessCommand.RunAsync) { Details = WitnessCommand.Details },
        new LocalCommand("version", "Shows the version.", VersionCommand.RunAsync),
    }.ToDictionary(c => c.Name);
}
