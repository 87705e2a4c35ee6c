namespace Redoubt.Cli.Commands;

/// <summary>Single VMs, recovered from the metadata on a disk.</summary>
internal static class VmRecoveryCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("vm-recover", "Recovers a VM that is in no vApp.", Recovery.RecoverAsync("VM")) with
        {
            Required = ["uuid"],
            Optional = ["database:", "force"],
        },
        Command.Make(
            "vm-assert-can-be-recovered", "Says nothing if the VM can be recovered, and what is missing if not.",
            Recovery.AssertAsync("VM")) with
        {
            Required = ["uuid"],
            Optional = ["database:"],
        },
    ];
}
