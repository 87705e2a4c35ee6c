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
        Command.OnObject("vbd-destroy", "VBD", "destroy", "Takes a drive from a VM; the disk stays."),
        Command.OnObject("vbd-plug", "VBD", "plug", "Gives the running VM the drive's disk at once."),
        Command.Make("vbd-unplug", "Has the running VM let a drive's disk go; the drive stays.", UnplugAsync) with
        {
            Required = ["uuid"],
            Optional = ["force"],
        },
        Command.Make("vbd-insert", "Puts a disk into an empty CD drive.", InsertAsync) with { Required = ["uuid", "vdi-uuid"] },
        Command.OnObject("vbd-eject", "VBD", "eject", "Takes what is in a CD drive out of it."),
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

    private static Task UnplugAsync(CommandContext context) => Unplugging.RunAsync(context, "VBD");

    private static async Task InsertAsync(CommandContext context) =>
        await context.CallAsync("VBD.insert", await context.RefAsync("VBD"), await context.RefAsync("VDI", "vdi-uuid"));
}
