using Redoubt.Cli.CommandLine;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>The links between VMs and disks.</summary>
internal static class VbdCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("vbd-create", "Gives a VM a disk, or an empty drive; prints the VBD's UUID.", CreateAsync) with
        {
            Required = ["vm-uuid", "device"],
            Optional = ["vdi-uuid", "bootable", "type", "mode", "unpluggable"],
        },
        Command.Make("vbd-destroy", "Takes a drive from a VM; the disk stays.", context => context.CallOnAsync("VBD", "destroy")) with { Required = ["uuid"] },
        Command.Make("vbd-plug", "Attaches a drive to a running VM.", context => context.CallOnAsync("VBD", "plug")) with { Required = ["uuid"] },
        Command.Make("vbd-unplug", "Detaches a drive from a running VM.", UnplugAsync) with { Required = ["uuid"], Optional = ["force"] },
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var type = p.GetOr("type", "Disk").ToLowerInvariant() switch
        {
            "disk" => VbdType.Disk,
            "cd" => VbdType.Cd,
            "floppy" => VbdType.Floppy,
            var other => throw new UsageException($"type= must be Disk, CD or Floppy, not '{other}'."),
        };
        var vbd = new VbdRecord
        {
            Userdevice = p.Get("device"),
            Bootable = p.Flag("bootable"),
            Type = type,
            Mode = p.GetOr("mode", type == VbdType.Cd ? "RO" : "RW").ToUpperInvariant() switch
            {
                "RO" => VbdMode.Ro,
                "RW" => VbdMode.Rw,
                var other => throw new UsageException($"mode= must be RO or RW, not '{other}'."),
            },
            Unpluggable = p.Flag("unpluggable", otherwise: true),
            Empty = p.Find("vdi-uuid") is null,
        };
        vbd = vbd with
        {
            Vm = new(await context.RefAsync("VM", "vm-uuid")),
            Vdi = vbd.Empty ? default : new(await context.RefAsync("VDI", "vdi-uuid")),
        };
        await context.PrintUuidAsync("VBD", await context.CallAsync("VBD.create", vbd));
    }

    private static Task UnplugAsync(CommandContext context) =>
        context.CallOnAsync("VBD", context.Parameters.Flag("force") ? "unplug_force" : "unplug");
}
