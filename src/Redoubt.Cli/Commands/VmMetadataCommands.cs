using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>VMs as files, in the form of XenServer's <c>vm-export</c>: with their disks, or only their metadata.</summary>
internal static class VmMetadataCommands
{
    private static readonly string[] ExportOnly = ["filename", "metadata", "compress", "vapp", "include-snapshots", "database:"];

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "vm-export", "Writes halted VMs with their disks to a file, which must not exist yet; or VMs' metadata (metadata=true).",
            ExportAsync) with
        {
            Required = ["filename"],
            Optional = ["metadata", "compress", "vapp", "database:"],
            AcceptsOther = VmSelection.Accepts,
            OtherNames = () => VmSelection.Names,
            HasCallersFiles = true,
            OtherHelp = VmSelection.Help + "; --multiple: all of them in one file; vapp=UUID or vapp=NAME: the VMs of a vApp",
        },
        Command.Make(
            "vm-import",
            "Makes the VMs of such a file, or of one that the server fetches (url=); of metadata (metadata=true) on disks that are there "
            + "already. Prints their UUIDs.",
            ImportAsync) with
        {
            Optional = ["filename", "url", "metadata", "sr-uuid", "preserve", "force", "dry-run", "vdi:"],
            HasCallersFiles = true,
        },
    ];

    private static Task ExportAsync(CommandContext context) => context.WithDatabaseAsync(async api =>
    {
        var compression = Compression(context);
        var isMetadata = context.Parameters.Flag("metadata");
        if (isMetadata && compression != "false")
        {
            throw new UsageException("Metadata are not compressed: leave compress= out.");
        }

        if (!isMetadata && context.Parameters.Map("database").Count > 0)
        {
            throw new UsageException("Disks are exported of this pool's VMs only: leave database: out, or give metadata=true.");
        }

        var vms = await SelectAsync(context, api);
        if (!isMetadata)
        {
            await context.Files.WriteNewAsync(context.Parameters.Get("filename"), async target =>
            {
                using var progress = new ProgressLine(context.Terminal, "Exporting", context.Time);
                await api.ExportVmsAsync(vms, compression, target, new ByteProgress(progress, 0), context.CancellationToken);
            }, context.CancellationToken);
            return vms.Count;
        }

        await context.Files.WriteNewAsync(context.Parameters.Get("filename"), async target =>
        {
            await (vms is [var one]
                ? api.ExportMetadataAsync(one, target, context.CancellationToken)
                : api.ExportMetadataAsync(vms, target, context.CancellationToken));
        }, context.CancellationToken);
        return vms.Count;
    });

    private static async Task ImportAsync(CommandContext context)
    {
        var p = context.Parameters;
        var api = await context.ConnectAsync();
        if (p.Find("url") is { } url)
        {
            await ImportFromAsync(context, api, url);
            return;
        }

        if (!p.Flag("metadata"))
        {
            await ImportWithDisksAsync(context, api);
            return;
        }

        if (p.Find("sr-uuid") is { Length: > 0 } sr)
        {
            // As with xe, the disks of metadata are where they are; that the SR is there is checked, since whoever names it relies on it.
            await context.RefOfAsync("SR", sr);
        }

        var import = new MetadataImport
        {
            Restore = p.Flag("preserve"),
            Force = p.Flag("force"),
            DryRun = p.Flag("dry-run"),
            Disks = p.Map("vdi"),
        };
        var text = "";
        IReadOnlyList<Ref<VmRecord>> made = [];
        await context.Files.ReadAsync(p.Get("filename"), async (archive, bytes) =>
        {
            using var progress = new ProgressLine(context.Terminal, "Sending", context.Time);
            (made, text) = await api.ImportMetadataAsync(archive, import, new ByteProgress(progress, bytes), context.CancellationToken);
        }, context.CancellationToken);

        if (import.DryRun)
        {
            foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                context.Terminal.PrintLine(line);
            }

            context.Terminal.PrintLine("Dry run: nothing has been changed.");
            return;
        }

        await PrintAsync(context, api, made);
    }

    private static async Task ImportWithDisksAsync(CommandContext context, XenApiClient api)
    {
        var p = context.Parameters;
        if (p.Find("dry-run") is not null || p.Map("vdi").Count > 0)
        {
            throw new UsageException("dry-run= and vdi: are for metadata (metadata=true), whose disks are there already.");
        }

        var sr = p.Find("sr-uuid") is { Length: > 0 } uuid ? uuid : null;
        IReadOnlyList<Ref<VmRecord>> made = [];
        await context.Files.ReadAsync(p.Get("filename"), async (archive, bytes) =>
        {
            using var progress = new ProgressLine(context.Terminal, "Sending", context.Time);
            (made, _) = await api.ImportVmsAsync(
                archive, sr, p.Flag("preserve"), p.Flag("force"), new ByteProgress(progress, bytes), context.CancellationToken);
        }, context.CancellationToken);
        await PrintAsync(context, api, made);
    }

    private static async Task ImportFromAsync(CommandContext context, XenApiClient api, string url)
    {
        var p = context.Parameters;
        if (p.Find("filename") is not null || p.Flag("metadata") || p.Find("dry-run") is not null || p.Map("vdi").Count > 0)
        {
            throw new UsageException("url= is for VMs with their disks: leave filename=, metadata=, dry-run= and vdi: out.");
        }

        var sr = p.Find("sr-uuid") is { Length: > 0 } uuid ? await context.RefOfAsync("SR", uuid) : RefText.Null;
        var made = (IReadOnlyList<Ref<VmRecord>>)(await context.RunTaskAsync(
            "Importing", "VM.import", [url, sr, p.Flag("preserve"), p.Flag("force")]))!;
        await PrintAsync(context, api, made);
    }

    private static async Task PrintAsync(CommandContext context, XenApiClient api, IReadOnlyList<Ref<VmRecord>> made)
    {
        foreach (var vm in made)
        {
            context.Terminal.PrintLine(await api.Vm.GetUuidAsync(vm, context.CancellationToken));
        }
    }

    // As xe: compress=true is gzip.
    private static string Compression(CommandContext context) => context.Parameters.GetOr("compress", "false") switch
    {
        "true" or "gzip" => "gzip",
        "zstd" => "zstd",
        "false" => "false",
        var other => throw new UsageException($"compress= must be true, gzip, zstd or false, not '{other}'."),
    };

    private static async Task<IReadOnlyList<string>> SelectAsync(CommandContext context, XenApiClient api)
    {
        if (context.Parameters.Find("vapp") is not { } wanted)
        {
            return [.. (await VmSelection.SelectAsync(context, ExportOnly, api)).Select(vm => vm.Uuid)];
        }

        var appliances = await api.GetAllRecordsAsync<VmApplianceRecord>(context.CancellationToken);
        var found = appliances.Values.Where(a => a.Uuid == wanted || a.NameLabel == wanted).ToList();
        if (found is not [var appliance])
        {
            throw new UsageException(
                found.Count == 0 ? $"No vApp is called '{wanted}'." : $"{found.Count} vApps are called '{wanted}'. Give the UUID.");
        }

        var uuids = new List<string>();
        foreach (var vm in appliance.Vms)
        {
            uuids.Add(await api.Vm.GetUuidAsync(vm, context.CancellationToken));
        }

        return uuids.Count > 0 ? uuids : throw new UsageException($"The vApp '{wanted}' has no VMs.");
    }
}
