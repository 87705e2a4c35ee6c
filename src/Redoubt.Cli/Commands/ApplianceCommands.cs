using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>vApps: VMs that are started, stopped and recovered together.</summary>
internal static class ApplianceCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "appliance-create", "Makes a vApp; prints its UUID.",
            CreateAsync) with { Required = ["name-label"], Optional = ["name-description"] },
        Command.OnObject("appliance-destroy", "VM_appliance", "destroy", "Removes a vApp; its VMs stay."),
        Command.Make(
            "appliance-start",
            "Starts a vApp's VMs in their order; site-dead as with vm-start.",
            StartAsync) with { Required = ["uuid"], Optional = ["paused", "site-dead", "statement"] },
        Command.Make("appliance-shutdown", "Shuts a vApp's VMs down in reverse order; with --force switches them off.", ShutdownAsync) with
        {
            Required = ["uuid"],
            Optional = ["force"],
        },
        Command.Make("appliance-recover", "Recovers a vApp from the metadata on a disk.", Recovery.RecoverAsync("VM_appliance")) with
        {
            Required = ["uuid"],
            Optional = ["database:", "force"],
        },
        Command.Make(
            "appliance-assert-can-be-recovered", "Says nothing if the vApp can be recovered, and what is missing if not.",
            Recovery.AssertAsync("VM_appliance")) with
        {
            Required = ["uuid"],
            Optional = ["database:"],
        },
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var appliance = new VmApplianceRecord { NameLabel = p.Get("name-label"), NameDescription = p.GetOr("name-description", "") };
        await context.PrintUuidAsync("VM_appliance", await context.CallAsync("VM_appliance.create", appliance));
    }

    private static async Task StartAsync(CommandContext context)
    {
        var paused = context.Parameters.Flag("paused");
        var appliance = await context.RefAsync("VM_appliance");
        await VmCommands.StateDeadAsync(context, "VM_appliance", appliance);
        await context.RunTaskAsync("Starting the vApp", "VM_appliance.start", [appliance, paused]);
    }

    private static async Task ShutdownAsync(CommandContext context)
    {
        var message = context.Parameters.Flag("force") ? "VM_appliance.hard_shutdown" : "VM_appliance.clean_shutdown";
        await context.RunTaskAsync("Shutting the vApp down", message, [await context.RefAsync("VM_appliance")]);
    }
}
