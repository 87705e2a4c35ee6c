using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>The metadata of VMs as files, in the form of XenServer's <c>vm-export metadata=true</c>.</summary>
internal static class VmMetadataCommands
{
    private const string DisksStay =
        "Only metadata is exported and imported: give metadata=true. A VM's disks are copied with vdi-export and vdi-import, or replicated "
            + "with the SR they are on.";

    private static readonly string[] ExportOnly = ["filename", "metadata", "vapp", "include-snapshots", "database:"];

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("vm-export", "Writes VMs' metadata to a file, which must not exist yet; metadata=true.", ExportAsync) with
        {
            Required = ["filename"],
            Optional = ["metadata", "vapp", "database:"],
            AcceptsOther = VmSelection.Accepts,
            OtherNames = () => VmSelection.Names,
            HasCallersFiles = true,
            OtherHelp = VmSelection.Help + "; --multiple: all of them in one file; vapp=UUID or vapp=NAME: the VMs of a vApp",
        },
        Command.Make(
            "vm-import", "Makes the VMs of such a file, whose disks must be there already; metadata=true. Prints their UUIDs.",
            ImportAsync) with
        {
            Required = ["filename"],
            Optional = ["metadata", "sr-uuid", "preserve", "force", "dry-run", "vdi:"],
            HasCallersFiles = true,
        },
    ];

    private static Task ExportAsync(CommandContext context) => context.WithDatabaseAsync(async api =>
    {
        RequireMetadata(context);
        var vms = await SelectAsync(context, api);
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
        RequireMetadata(context);
        var p = context.Parameters;
        var api = await context.ConnectAsync();
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

        foreach (var vm in made)
        {
            context.Terminal.PrintLine(await api.Vm.GetUuidAsync(vm, context.CancellationToken));
        }
    }

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

    private static void RequireMetadata(CommandContext context)
    {
        if (!context.Parameters.Flag("metadata"))
        {
            throw new UsageException(DisksStay);
        }
    }
}
