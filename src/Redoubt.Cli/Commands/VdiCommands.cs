using System.Collections.Immutable;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Disks.</summary>
internal static class VdiCommands
{
    private static readonly string[] Formats = ["raw", "qcow2"];

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("vdi-create", "Makes an empty disk; prints its UUID.", CreateAsync) with
        {
            Required = ["sr-uuid", "name-label", "virtual-size"],
            Optional = ["name-description", "type", "sharable", "sm-config:", "other-config:"],
        },
        Command.OnObject("vdi-destroy", "VDI", "destroy", "Destroys a disk and what is on it."),
        Command.OnObject("vdi-forget", "VDI", "forget", "Makes the pool forget a disk; what is on the storage stays."),
        Command.Make(
            "vdi-clone",
            "Makes a copy of a disk; prints its UUID.",
            CloneAsync) with { Required = ["uuid"], Optional = ["new-name-label", "new-name-description"] },
        Command.Make("vdi-copy", "Copies a disk to another SR, or into a disk that there is; prints the copy's UUID.", CopyAsync) with
        {
            Required = ["uuid"],
            Optional = ["sr-uuid", "into-vdi-uuid"],
        },
        Command.Make(
            "vdi-snapshot", "Keeps what is on a disk now as another disk; prints its UUID.", SnapshotAsync) with { Required = ["uuid"] },
        Command.OnObject(
            "vdi-enable-cbt", "VDI", "enable_cbt", "Has the changed blocks of a disk be told, for backup programs."),
        Command.OnObject("vdi-disable-cbt", "VDI", "disable_cbt", "Has them be told no longer, of snapshots that are made from now on."),
        Command.Make(
            "vdi-list-changed-blocks",
            "Prints which blocks of 64 KiB differ between two disks, a bit each, as base64.",
            ListChangedBlocksAsync) with { Required = ["vdi-from-uuid", "vdi-to-uuid"] },
        Command.Make(
            "vdi-data-destroy",
            "Destroys what is on a snapshot of a disk, and keeps what changed blocks are found by.",
            DataDestroyAsync) with { Required = ["uuid"] },
        Command.Make("vdi-resize", "Makes a disk larger.", ResizeAsync) with { Required = ["uuid", "disk-size"], Optional = ["online"] },
        Command.Make(
            "vdi-import",
            "Fills a disk from a file.",
            ImportAsync) with { Required = ["uuid", "filename"], Optional = ["format", "progress"], HasCallersFiles = true },
        Command.Make(
            "vdi-export",
            "Writes a disk to a file, which must not exist yet.",
            ExportAsync) with { Required = ["uuid", "filename"], Optional = ["format", "progress"], HasCallersFiles = true },
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var vdi = new VdiRecord
        {
            NameLabel = p.Get("name-label"),
            NameDescription = p.GetOr("name-description", ""),
            VirtualSize = ByteSize.Parse("virtual-size", p.Get("virtual-size")),
            Type = p.GetOr("type", "user").ToLowerInvariant() switch
            {
                "user" => VdiType.User,
                "system" => VdiType.System,
                "suspend" => VdiType.Suspend,
                "crashdump" => VdiType.Crashdump,
                var other => throw new UsageException($"type= must be user, system, suspend or crashdump, not '{other}'."),
            },
            Sharable = p.Flag("sharable"),
            SmConfig = p.Map("sm-config").ToImmutableSortedDictionary(),
            OtherConfig = p.Map("other-config").ToImmutableSortedDictionary(),
        };
        var made = await context.CallAsync("VDI.create", vdi with { Sr = new(await context.RefAsync("SR", "sr-uuid")) });
        await context.PrintUuidAsync("VDI", made);
    }

    private static async Task CloneAsync(CommandContext context)
    {
        var clone = await context.CallAsync("VDI.clone", await context.RefAsync("VDI"), new Dictionary<string, string>());
        foreach (var (parameter, field) in new[] { ("new-name-label", "name_label"), ("new-name-description", "name_description") })
        {
            if (context.Parameters.Find(parameter) is { } text)
            {
                await context.CallAsync($"VDI.set_{field}", clone, text);
            }
        }

        await context.PrintUuidAsync("VDI", clone);
    }

    private static async Task CopyAsync(CommandContext context)
    {
        var sr = await context.FindRefAsync<SrRecord>("sr-uuid");
        var into = await context.FindRefAsync<VdiRecord>("into-vdi-uuid");
        var copy = await context.RunTaskAsync("Copying", "VDI.copy", [await context.RefAsync("VDI"), sr, default(Ref<VdiRecord>), into]);
        await context.PrintUuidAsync("VDI", new WireString(((Ref<VdiRecord>)copy!).Opaque));
    }

    private static async Task SnapshotAsync(CommandContext context)
    {
        var snapshot = await context.RunTaskAsync(
            "Copying", "VDI.snapshot", [await context.RefAsync("VDI"), ImmutableSortedDictionary<string, string>.Empty]);
        await context.PrintUuidAsync("VDI", new WireString(((Ref<VdiRecord>)snapshot!).Opaque));
    }

    private static async Task ListChangedBlocksAsync(CommandContext context)
    {
        var (from, to) = (await context.RefAsync("VDI", "vdi-from-uuid"), await context.RefAsync("VDI", "vdi-to-uuid"));
        var bitmap = await context.RunTaskAsync("Comparing", "VDI.list_changed_blocks", [from, to]);
        await context.Terminal.Output.WriteLineAsync((string)bitmap!);
    }

    private static async Task DataDestroyAsync(CommandContext context) =>
        await context.RunTaskAsync("Reading", "VDI.data_destroy", [await context.RefAsync("VDI")]);

    private static async Task ResizeAsync(CommandContext context)
    {
        var size = ByteSize.Parse("disk-size", context.Parameters.Get("disk-size"));
        var message = context.Parameters.Flag("online") ? "VDI.resize_online" : "VDI.resize";
        await context.CallAsync(message, await context.RefAsync("VDI"), size);
    }

    private static async Task ImportAsync(CommandContext context)
    {
        var format = Format(context);
        var file = context.Parameters.Get("filename");
        await context.Files.ReadAsync(file, async (content, bytes) =>
        {
            var api = await context.ConnectAsync();
            var vdi = new Ref<VdiRecord>(await context.RefAsync("VDI"));
            using var progress = new ProgressLine(context.Terminal, "Importing", context.Time);
            await api.ImportRawVdiAsync(vdi, format, content, new ByteProgress(progress, bytes), context.CancellationToken);
        }, context.CancellationToken);
    }

    private static async Task ExportAsync(CommandContext context)
    {
        var format = Format(context);
        var api = await context.ConnectAsync();
        var vdi = new Ref<VdiRecord>(await context.RefAsync("VDI"));
        var size = await api.Vdi.GetVirtualSizeAsync(vdi, context.CancellationToken);
        await context.Files.WriteNewAsync(context.Parameters.Get("filename"), async target =>
        {
            using var progress = new ProgressLine(context.Terminal, "Exporting", context.Time);
            await api.ExportRawVdiAsync(vdi, format, target, new ByteProgress(progress, size), context.CancellationToken);
        }, context.CancellationToken);
    }

    private static string Format(CommandContext context) =>
        context.Parameters.GetOr("format", "raw") is var format && Formats.Contains(format)
        ? format
        : throw new UsageException($"format= must be raw or qcow2, not '{format}'.");
}
