using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.Compute;

namespace Redoubt.Cli.Serving;

/// <summary>
/// <c>redoubt check-hypervisor URI</c>: opens a hypervisor and lets it go. <c>serve</c> has it run first, for an attempt of libvirt's
/// embedded driver that fails spoils the process that makes it.
/// </summary>
internal static class CheckHypervisorCommand
{
    public const string Name = "check-hypervisor";

    /// <summary>For the daemon, which reads what comes out and closes the input when it ends.</summary>
    public const string ForDaemon = "--for-daemon";

    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        switch (words)
        {
            case [ForDaemon, var uri]:
                return await HypervisorTrial.PlayAsync(uri, System.Console.In, terminal.Output);
            case [var uri]:
                try
                {
                    await using var hypervisor = await Hypervisor.OpenAsync(new HypervisorOptions { Uri = uri }, cancellationToken);
                    var facts = hypervisor.Facts;
                    await terminal.Output.WriteLineAsync(
                        $"{facts.Uri} can be used: {facts.Driver} {facts.HypervisorVersion}, libvirt {facts.LibvirtVersion}, "
                            + $"{facts.Platform.Accelerator}.");
                    foreach (var warning in facts.Warnings)
                    {
                        await terminal.Output.WriteLineAsync(warning);
                    }

                    return ExitCode.Success;
                }
                catch (HypervisorException refused)
                {
                    terminal.ErrorLine(refused.Message);
                    return ExitCode.Failure;
                }

            default:
                throw new UsageException($"redoubt {Name} LIBVIRT-URI");
        }
    }
}
