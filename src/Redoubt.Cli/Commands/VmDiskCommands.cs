using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Fields;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>The disks and CD drives of VMs, each disk together with its drive.</summary>
internal static class VmDiskCommands
{
    private static readonly string[] VbdParams = ["uuid", "vm-name-label", "userdevice"];
    private static readonly string[] VdiParams = ["uuid", "name-label", "sr-name-label", "virtual-size"];

    public static IEnumerable<Command> All { get; } =
    [
        VmSelection.Command(
            "vm-disk-add", "Makes an empty disk and gives it to a VM, at once if that runs.", ["disk-size", "device"], ["sr-uuid"],
            AddDiskAsync),
        VmSelection.Command(
            "vm-disk-list", "Lists the disks of VMs.", [], ["vbd-params", "vdi-params", "json"],
            (context, vm) => ListAsync(context, vm, "Disk")),
        VmSelection.Command(
            "vm-disk-remove", "Takes a disk from a VM and destroys it with what is on it.", ["device"], [], RemoveDiskAsync),
        VmSelection.Command("vm-cd-add", "Gives a VM a CD drive with a disk in it.", ["cd-name", "device"], [], AddCdAsync),
        VmSelection.Command(
            "vm-cd-list", "Lists the CD drives of VMs.", [], ["vbd-params", "vdi-params", "json"],
            (context, vm) => ListAsync(context, vm, "CD")),
        VmSelection.Command("vm-cd-insert", "Puts a disk into the empty CD drive of a VM.", ["cd-name"], [], InsertAsync),
        VmSelection.Command("vm-cd-eject", "Takes what is in the CD drive of a VM out of it.", [], [], EjectAsync),
        VmSelection.Command("vm-cd-remove", "Takes the CD drive from a VM in which a disk is.", ["cd-name"], [], RemoveCdAsync),
    ];

    private static async Task AddDiskAsync(CommandContext context, XeObject vm)
    {
        var (p, api, token) = (context.Parameters, await context.ConnectAsync(), context.CancellationToken);
        var named = await context.FindRefAsync<SrRecord>("sr-uuid");
        var sr = named.IsNull ? await DefaultSrAsync(api, token) : named;
        var vdi = await api.Vdi.CreateAsync(
            new VdiRecord
            {
                NameLabel = "Created by xe",
                Sr = sr,
                VirtualSize = ByteSize.Parse("disk-size", p.Get("disk-size")),
                Type = VdiType.User,
            },
            token);
        Ref<VbdRecord> vbd = default;
        try
        {
            vbd = await api.Vbd.CreateAsync(Vbd(vm, vdi, p.Get("device"), VbdType.Disk), token);
            if (await IsRunningAsync(api, vm, token))
            {
                await api.Vbd.PlugAsync(vbd, token);
            }
        }
        catch
        {
            if (!vbd.IsNull)
            {
                await api.Vbd.DestroyAsync(vbd, CancellationToken.None);
            }

            await api.Vdi.DestroyAsync(vdi, CancellationToken.None);
            throw;
        }
    }

    private static async Task<bool> IsRunningAsync(XenApiClient api, XeObject vm, CancellationToken token) =>
        await api.Vm.GetPowerStateAsync(new(vm.Ref), token) is VmPowerState.Running or VmPowerState.Paused;

    private static VbdRecord Vbd(XeObject vm, Ref<VdiRecord> vdi, string device, VbdType type) => new()
    {
        Vm = new(vm.Ref),
        Vdi = vdi,
        Userdevice = device,
        Mode = type == VbdType.Cd ? VbdMode.Ro : VbdMode.Rw,
        Type = type,
        Bootable = type == VbdType.Cd,
        Unpluggable = true,
    };

    private static async Task RemoveDiskAsync(CommandContext context, XeObject vm)
    {
        var (api, token) = (await context.ConnectAsync(), context.CancellationToken);
        var device = context.Parameters.Get("device");
        var (vbd, record) = Only(
            await DrivesAsync(context, vm, v => v.Type == VbdType.Disk && v.Userdevice == device), $"disks with device={device}");
        if (record.CurrentlyAttached && await IsRunningAsync(api, vm, token))
        {
            await api.Vbd.UnplugAsync(vbd, token);
        }

        await api.Vbd.DestroyAsync(vbd, token);
        await api.Vdi.DestroyAsync(record.Vdi, token);
    }

    private static async Task AddCdAsync(CommandContext context, XeObject vm)
    {
        var vdi = await CdAsync(context);
        var api = await context.ConnectAsync();
        await api.Vbd.CreateAsync(Vbd(vm, vdi, context.Parameters.Get("device"), VbdType.Cd), context.CancellationToken);
    }

    private static async Task InsertAsync(CommandContext context, XeObject vm)
    {
        var vdi = await CdAsync(context);
        var (vbd, _) = Only(await DrivesAsync(context, vm, v => v is { Type: VbdType.Cd, Empty: true }), "empty CD drives");
        await (await context.ConnectAsync()).Vbd.InsertAsync(vbd, vdi, context.CancellationToken);
    }

    private static async Task EjectAsync(CommandContext context, XeObject vm)
    {
        var (vbd, _) = Only(
            await DrivesAsync(context, vm, v => v is { Type: VbdType.Cd, Empty: false }), "CD drives with something in them");
        await (await context.ConnectAsync()).Vbd.EjectAsync(vbd, context.CancellationToken);
    }

    private static async Task RemoveCdAsync(CommandContext context, XeObject vm)
    {
        var vdi = await CdAsync(context);
        var (vbd, _) = Only(
            await DrivesAsync(context, vm, v => v.Type == VbdType.Cd && v.Vdi == vdi),
            $"CD drives with {context.Parameters.Get("cd-name")} in them");
        await (await context.ConnectAsync()).Vbd.DestroyAsync(vbd, context.CancellationToken);
    }

    // As xe has it: each drive and each disk with a heading of its own. As JSON a drive and its disk are one object.
    private static async Task ListAsync(CommandContext context, XeObject vm, string type)
    {
        var terminal = context.Terminal;
        var drives = await DrivesAsync(context, vm, v => VbdTypeType.Instance.Encode(v.Type) == type);
        if (context.Parameters.Minimal)
        {
            RecordPrinter.PrintMinimal(terminal, drives.Select(d => d.Record.Uuid));
            return;
        }

        var cache = new RecordCache(await context.ConnectAsync(), context.CancellationToken);
        var objects = new List<IEnumerable<KeyValuePair<string, string>>>();
        foreach (var (vbd, record) in drives)
        {
            var drive = await ReadAsync(context, cache, "vbd", VbdParams, vbd.Opaque);
            var disk = record.Vdi.IsNull ? [] : await ReadAsync(context, cache, "vdi", VdiParams, record.Vdi.Opaque);
            objects.Add(
            [
                .. drive.Select(f => KeyValuePair.Create(f.Field.Name, f.Text)),
                .. disk.Select(f => KeyValuePair.Create($"vdi-{f.Field.Name}", f.Text)),
            ]);
            if (!context.Parameters.Flag("json"))
            {
                Print("VBD", drive);
                Print("VDI", disk);
            }

            void Print(string what, List<(XeField Field, string Text)> shown)
            {
                if (shown.Count > 0)
                {
                    terminal.PrintLine($"{type} {PlainLines.OneLine(record.Userdevice)} {what}:");
                    RecordPrinter.Print(terminal, [[.. shown.Select(f => KeyValuePair.Create(f.Field.Title, f.Text))]], minimal: false);
                }
            }
        }

        if (context.Parameters.Flag("json"))
        {
            RecordJson.PrintTexts(terminal, objects);
        }
    }

    private static async Task<List<(XeField Field, string Text)>> ReadAsync(
        CommandContext context, RecordCache cache, string prefix, string[] usual, string reference)
    {
        var (api, of) = (await context.ConnectAsync(), XeClasses.Find(prefix)!);
        var fields = Fields(context, of, $"{prefix}-params", usual);
        var answer = await api.CallRawAsync($"{of.ClassName}.get_record", [reference], context.CancellationToken);
        var row = new XeObject(reference, answer as WireStruct ?? throw new WireFormatException("record", answer));
        var reader = new FieldReader(of, cache);
        return await cache.SettleAsync(() => fields.ConvertAll(f => (f, reader.Read(f, row).Text)));
    }

    private static List<XeField> Fields(CommandContext context, XeClass of, string parameter, string[] usual)
    {
        var wanted = context.Parameters.Find(parameter) is { } names ? names.Split(',', StringSplitOptions.TrimEntries) : usual;
        return [.. wanted.Select(name => of.Find(name)
            ?? throw new UsageException($"{of.Prefix} has no field '{name}'. '{of.Prefix}-list params=all' shows all."))];
    }

    private static async Task<List<(Ref<VbdRecord> Ref, VbdRecord Record)>> DrivesAsync(
        CommandContext context, XeObject vm, Func<VbdRecord, bool> isMeant)
    {
        var api = await context.ConnectAsync();
        var drives = new List<(Ref<VbdRecord> Ref, VbdRecord Record)>();
        foreach (var vbd in await api.Vm.GetVbdsAsync(new(vm.Ref), context.CancellationToken))
        {
            var record = await api.Vbd.GetRecordAsync(vbd, context.CancellationToken);
            if (isMeant(record))
            {
                drives.Add((vbd, record));
            }
        }

        return [.. drives.OrderBy(d => int.TryParse(d.Record.Userdevice, out var number) ? number : int.MaxValue)];
    }

    private static async Task<Ref<VdiRecord>> CdAsync(CommandContext context)
    {
        var name = context.Parameters.Get("cd-name");
        var found = await (await context.ConnectAsync()).Vdi.GetByNameLabelAsync(name, context.CancellationToken);
        return found is [var only] ? only : throw new UsageException($"{found.Count} disks are named '{name}'.");
    }

    private static async Task<Ref<SrRecord>> DefaultSrAsync(XenApiClient api, CancellationToken cancellationToken)
    {
        var pool = (await api.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.First();
        return !pool.DefaultSr.IsNull
            ? pool.DefaultSr
            : throw new UsageException("On which SR? Give sr-uuid=, or choose a default one (pool-param-set default-SR=).");
    }

    private static (Ref<VbdRecord> Ref, VbdRecord Record) Only(List<(Ref<VbdRecord> Ref, VbdRecord Record)> found, string what) =>
        found is [var only] ? only : throw new UsageException($"The VM has {found.Count} {what}; there must be one.");
}
