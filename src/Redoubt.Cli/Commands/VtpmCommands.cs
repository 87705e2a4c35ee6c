namespace Redoubt.Cli.Commands;

/// <summary>VMs' virtual TPMs.</summary>
internal static class VtpmCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "vtpm-create", "Gives a VM that is off a virtual TPM; prints its UUID. What a unique one keeps is never copied.",
            CreateAsync) with
        {
            Required = ["vm-uuid"],
            Optional = ["is-unique"],
        },
        Command.OnObject("vtpm-destroy", "VTPM", "destroy", "Takes a virtual TPM from a VM that is off, with all that it keeps."),
    ];

    private static async Task CreateAsync(CommandContext context) => await context.PrintUuidAsync(
        "VTPM", await context.CallAsync("VTPM.create", await context.RefAsync("VM", "vm-uuid"), context.Parameters.Flag("is-unique")));
}
