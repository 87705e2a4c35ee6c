using System.Xml.Linq;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>VMs made from templates and from each other, and VMs that go with their disks.</summary>
internal static class VmInstallCommands
{
    // Where a template keeps what disks VMs made from it get.
    private const string Disks = "disks";

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("vm-install", "Makes a VM from a template, with the disks that it asks for; prints its UUID.", InstallAsync) with
        {
            Required = ["new-name-label"],
            Optional = ["template", "template-uuid", "sr-uuid", "sr-name-label"],
        },
        ForVms(
            "vm-copy", "Makes a copy of a VM and its disks, on another SR if one is named; prints its UUID.", ["new-name-label"],
            ["new-name-description", "sr-uuid"], CopyAsync),
        ForVms(
            "vm-uninstall", "Removes VMs with their disks and what is on them. Asks first, unless --force.", [], ["force"], UninstallAsync),
        Command.Make("template-uninstall", "Removes a template with its disks. Asks first, unless --force.", UninstallTemplateAsync) with
        {
            Required = ["template-uuid"],
            Optional = ["force"],
        },
    ];

    private static Command ForVms(
        string name, string help, IReadOnlyList<string> required, IReadOnlyList<string> optional,
        Func<CommandContext, Ref<VmRecord>, Task> work) =>
        VmSelection.Command(name, help, required, optional, (context, vm) => work(context, new(vm.Ref)));

    private static async Task InstallAsync(CommandContext context)
    {
        var p = context.Parameters;
        var (api, token) = (await context.ConnectAsync(), context.CancellationToken);
        var (template, record) = await TemplateAsync(context);
        var sr = await SrAsync(context);
        var hasDisks = (await OwnDisksAsync(api, record, token)).Count > 0;
        var name = p.Get("new-name-label");
        var made = (Ref<VmRecord>)(!sr.IsNull && hasDisks
            ? await context.RunTaskAsync("Copying", "VM.copy", [template, name, sr])
            : await context.RunTaskAsync("Copying", "VM.clone", [template, name]))!;
        try
        {
            if (!sr.IsNull && record.OtherConfig.TryGetValue(Disks, out var asked))
            {
                await api.Vm.RemoveFromOtherConfigAsync(made, Disks, token);
                await api.Vm.AddToOtherConfigAsync(made, Disks, On(await api.Sr.GetUuidAsync(sr, token), asked), token);
            }

            await context.RunTaskAsync("Making disks", "VM.provision", [made]);
        }
        catch
        {
            // Not with the command's token: what was made must go also when it was broken off.
            await RemoveAsync(api, made, CancellationToken.None);
            throw;
        }

        await context.PrintUuidAsync("VM", new WireString(made.Opaque));
    }

    private static async Task CopyAsync(CommandContext context, Ref<VmRecord> vm)
    {
        var p = context.Parameters;
        var sr = await context.FindRefAsync<SrRecord>("sr-uuid");
        var copy = (Ref<VmRecord>)(await context.RunTaskAsync("Copying", "VM.copy", [vm, p.Get("new-name-label"), sr]))!;
        await VmCommands.FinishCopyAsync(context, new WireString(copy.Opaque));
    }

    /// <summary>Removes a VM, a template or a snapshot with its disks, if that is meant.</summary>
    public static async Task UninstallAsync(CommandContext context, Ref<VmRecord> vm)
    {
        var (api, token) = (await context.ConnectAsync(), context.CancellationToken);
        var record = await api.Vm.GetRecordAsync(vm, token);
        if (!context.Parameters.Flag("force"))
        {
            await RequireConsentAsync(context, api, record);
        }

        // A checkpoint is suspended for good, and its memory goes with it.
        if (record is { PowerState: not VmPowerState.Halted, IsASnapshot: false })
        {
            await context.RunTaskAsync("Switching off", "VM.hard_shutdown", [vm]);
        }

        await RemoveAsync(api, vm, token);
    }

    private static async Task UninstallTemplateAsync(CommandContext context) =>
        await UninstallAsync(context, new(await context.RefAsync("VM", "template-uuid")));

    private static async Task RequireConsentAsync(CommandContext context, XenApiClient api, VmRecord vm)
    {
        var terminal = context.Terminal;
        if (!terminal.CanAsk)
        {
            throw new UsageException(
                $"Nobody can be asked here whether {PlainLines.OneLine(vm.NameLabel)} and its disks are to go. "
                + "Give --force if that is meant; nothing was removed.");
        }

        terminal.ErrorLine("These are about to be destroyed:");
        terminal.ErrorLine(
            $"VM : {vm.Uuid} ({PlainLines.OneLine(vm.NameLabel)}){(vm.PowerState == VmPowerState.Halted ? "" : ", which is not halted")}");
        foreach (var disk in await OwnDisksAsync(api, vm, context.CancellationToken))
        {
            var record = await api.Vdi.GetRecordAsync(disk, context.CancellationToken);
            terminal.ErrorLine($"VDI: {record.Uuid} ({PlainLines.OneLine(record.NameLabel)})");
        }

        if (terminal.Ask("Type 'yes' to continue: ")?.Trim() != "yes")
        {
            throw new UsageException("Nothing was removed.");
        }
    }

    private static async Task RemoveAsync(XenApiClient api, Ref<VmRecord> vm, CancellationToken cancellationToken)
    {
        var disks = await OwnDisksAsync(api, await api.Vm.GetRecordAsync(vm, cancellationToken), cancellationToken);
        await api.Vm.DestroyAsync(vm, cancellationToken);
        foreach (var disk in disks)
        {
            await api.Vdi.DestroyAsync(disk, cancellationToken);
        }
    }

    /// <summary>The disks that a VM has for itself: what is in its CD drives, and what another VM has too, is not its own.</summary>
    private static async Task<List<Ref<VdiRecord>>> OwnDisksAsync(XenApiClient api, VmRecord vm, CancellationToken cancellationToken)
    {
        var own = new List<Ref<VdiRecord>>();
        foreach (var vbd in vm.Vbds)
        {
            if (await api.Vbd.GetRecordAsync(vbd, cancellationToken) is { Type: VbdType.Disk, Vdi: { IsNull: false } vdi }
                && (await api.Vdi.GetRecordAsync(vdi, cancellationToken)).Vbds.All(vm.Vbds.Contains))
            {
                own.Add(vdi);
            }
        }

        return own;
    }

    private static async Task<(Ref<VmRecord> Ref, VmRecord Record)> TemplateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var wanted = p.Find("template-uuid") ?? p.Find("template")
            ?? throw new UsageException("From which template? Give template=NAME or template-uuid=UUID; template-list shows them.");
        var all = await (await context.ConnectAsync()).GetAllRecordsAsync<VmRecord>(context.CancellationToken);
        var isUuid = p.Find("template-uuid") is not null;
        var found = all.Where(v => v.Value.IsATemplate && (v.Value.Uuid == wanted || (!isUuid && v.Value.NameLabel == wanted))).ToList();
        return found is [var only]
            ? (only.Key, only.Value)
            : throw new UsageException($"{found.Count} templates are named '{wanted}'. template-list shows them.");
    }

    private static async Task<Ref<SrRecord>> SrAsync(CommandContext context)
    {
        var sr = await context.FindRefAsync<SrRecord>("sr-uuid");
        if (!sr.IsNull || context.Parameters.Find("sr-name-label") is not { } name)
        {
            return sr;
        }

        var found = await (await context.ConnectAsync()).Sr.GetByNameLabelAsync(name, context.CancellationToken);
        return found is [var only] ? only : throw new UsageException($"{found.Count} SRs are named '{name}'.");
    }

    private static string On(string sr, string asked)
    {
        try
        {
            var disks = XElement.Parse(asked);
            foreach (var disk in disks.Elements("disk"))
            {
                disk.SetAttributeValue("sr", sr);
            }

            return disks.ToString(SaveOptions.DisableFormatting);
        }
        catch (System.Xml.XmlException)
        {
            // The server says what is wrong with it.
            return asked;
        }
    }
}
