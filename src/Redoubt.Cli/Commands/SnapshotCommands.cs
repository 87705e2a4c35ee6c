using System.Collections.Immutable;
using Redoubt.Cli.CommandLine;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Snapshots of VMs.</summary>
internal static class SnapshotCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        VmSelection.Command(
            "vm-snapshot", "Keeps VMs as they are now, with whole copies of their disks; prints the snapshot's UUID.", ["new-name-label"],
            ["new-name-description", "ignore-vdi-uuids"], (context, vm) => SnapshotAsync(context, new(vm.Ref))),
        VmSelection.Command(
            "vm-snapshot-with-quiesce",
            "As vm-snapshot, of VMs that run, while their agents hold their file systems still; prints the snapshot's UUID.",
            ["new-name-label"], ["new-name-description"], (context, vm) => SnapshotQuietAsync(context, new(vm.Ref))),
        VmSelection.Command(
            "vm-checkpoint",
            "As vm-snapshot, with the memory of VMs that run or are suspended, which go on from there when they are reverted to it and "
            + "resumed; prints the snapshot's UUID.",
            ["new-name-label"], ["new-name-description"], (context, vm) => CheckpointAsync(context, new(vm.Ref))),
        OnSnapshot(
            "snapshot-revert",
            "Makes a VM as it was when a snapshot was made. A VM that runs is switched off, and what it wrote since is lost. Reverted to "
            + "a checkpoint it is suspended.", [],
            RevertAsync),
        OnSnapshot(
            "snapshot-uninstall", "Removes a snapshot with its disks. Asks first, unless --force.", ["force"],
            VmInstallCommands.UninstallAsync),
        OnSnapshot("snapshot-destroy", "Removes a snapshot; its disks stay.", [], DestroyAsync),
    ];

    private static Command OnSnapshot(
        string name, string help, IReadOnlyList<string> optional, Func<CommandContext, Ref<VmRecord>, Task> work) =>
        Command.Make(name, help, async context => await work(context, await SnapshotAsync(context))) with
        {
            Optional = ["uuid", "snapshot-uuid", .. optional],
        };

    private static async Task SnapshotAsync(CommandContext context, Ref<VmRecord> vm)
    {
        var p = context.Parameters;
        var ignored = ImmutableList<Ref<VdiRecord>>.Empty;
        foreach (var uuid in p.List("ignore-vdi-uuids"))
        {
            ignored = ignored.Add(new(await context.RefOfAsync("VDI", uuid)));
        }

        await TakeAsync(context, "VM.snapshot", [vm, p.Get("new-name-label"), ignored]);
    }

    private static Task SnapshotQuietAsync(CommandContext context, Ref<VmRecord> vm) =>
        TakeAsync(context, "VM.snapshot_with_quiesce", [vm, context.Parameters.Get("new-name-label")]);

    private static Task CheckpointAsync(CommandContext context, Ref<VmRecord> vm) =>
        TakeAsync(context, "VM.checkpoint", [vm, context.Parameters.Get("new-name-label")]);

    private static async Task TakeAsync(CommandContext context, string message, object?[] arguments)
    {
        var made = (Ref<VmRecord>)(await context.RunTaskAsync("Copying", message, arguments))!;
        await VmCommands.FinishCopyAsync(context, new WireString(made.Opaque));
    }

    private static Task RevertAsync(CommandContext context, Ref<VmRecord> snapshot) =>
        context.RunTaskAsync("Reverting", "VM.revert", [snapshot]);

    private static async Task DestroyAsync(CommandContext context, Ref<VmRecord> snapshot) =>
        await (await context.ConnectAsync()).Vm.DestroyAsync(snapshot, context.CancellationToken);

    // As with xe, either name will do.
    private static async Task<Ref<VmRecord>> SnapshotAsync(CommandContext context)
    {
        var p = context.Parameters;
        var uuid = p.Find("snapshot-uuid") ?? p.Find("uuid") ?? throw new UsageException(
            "Which snapshot? Give uuid=UUID; snapshot-list shows them.");
        var snapshot = new Ref<VmRecord>(await context.RefOfAsync("VM", uuid));
        return await (await context.ConnectAsync()).Vm.GetIsASnapshotAsync(snapshot, context.CancellationToken)
            ? snapshot
            : throw new UsageException($"{uuid} is no snapshot. snapshot-list shows them.");
    }
}
