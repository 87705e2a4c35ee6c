using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>VMs' network interfaces.</summary>
internal static class VifCommands
{
    private const long EthernetMtu = 1500;

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "vif-create", "Gives a VM an interface on a network; prints its UUID. Without mac= the server chooses one.", CreateAsync) with
        {
            Required = ["vm-uuid", "network-uuid", "device"],
            Optional = ["mac", "mtu"],
        },
        Command.Make("vif-move", "Puts an interface on another network.", MoveAsync) with { Required = ["uuid", "network-uuid"] },
        Command.OnObject("vif-plug", "VIF", "plug", "Gives the running VM the interface at once."),
        Command.Make("vif-unplug", "Has the running VM let an interface go; the VM keeps it for its next start.", UnplugAsync) with
        {
            Required = ["uuid"],
            Optional = ["force"],
        },
        Command.OnObject("vif-destroy", "VIF", "destroy", "Takes an interface from a VM."),
    ];

    private static Task UnplugAsync(CommandContext context) => Unplugging.RunAsync(context, "VIF");

    private static async Task MoveAsync(CommandContext context) =>
        await context.CallAsync("VIF.move", await context.RefAsync("VIF"), await context.RefAsync("network", "network-uuid"));

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var mac = p.GetOr("mac", "");
        var vif = new VifRecord
        {
            Device = p.Get("device"),
            Mac = mac == "random" ? "" : mac,
            Mtu = p.FindInt("mtu") ?? EthernetMtu,
            LockingMode = VifLockingMode.NetworkDefault,
        };
        vif = vif with
        {
            Vm = new(await context.RefAsync("VM", "vm-uuid")),
            Network = new(await context.RefAsync("network", "network-uuid")),
        };
        await context.PrintUuidAsync("VIF", await context.CallAsync("VIF.create", vif));
    }
}
