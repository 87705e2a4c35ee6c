using Redoubt.Cli.CommandLine;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>VMs: making them, power, memory, console.</summary>
internal static class VmCommands
{
    private static readonly string[] Limits = ["static-min", "dynamic-min", "dynamic-max", "static-max"];

    public static IEnumerable<Command> All { get; } =
    [
        VmCreate.Command,
        ForVms(
            "vm-clone", "Makes a copy of a VM and its disks; prints its UUID.", ["new-name-label"], ["new-name-description"], CloneAsync),
        Command.OnObject(
            "vm-memory-target-wait", "VM", "wait_memory_target_live", "Waits until a running VM has as much memory as it was told to."),
        Command.OnObject("vm-destroy", "VM", "destroy", "Removes a VM; its disks stay."),
        ForVms(
            "vm-start", "Starts VMs. With site-dead, on your word that these sites, which can't be asked, do not run them.", [],
            ["on", "paused", "force", "site-dead", "statement"], StartAsync),
        ForVms("vm-shutdown", "Shuts VMs down; with --force switches them off.", [], ["force"], Forcible("Shutting down", "shutdown")),
        ForVms("vm-reboot", "Reboots VMs; with --force resets them.", [], ["force"], Forcible("Rebooting", "reboot")),
        ForVms("vm-pause", "Stops VMs where they are; they keep their memory.", [], [], Plain("pause")),
        ForVms("vm-unpause", "Lets paused VMs go on.", [], [], Plain("unpause")),
        ForVms(
            "vm-suspend", "Suspends VMs: their memory is kept on an SR, and they are off.", [], [],
            (context, vm) => context.RunTaskAsync("Suspending", "VM.suspend", [vm])),
        ForVms(
            "vm-resume", "Lets suspended VMs go on where they were; site-dead as with vm-start.", [],
            ["on", "force", "site-dead", "statement"], ResumeAsync),
        ForVms(
            "vm-migrate", "Moves VMs to another host while they run; live=false: by way of storage, while they stand still.", ["host"],
            ["live"], MigrateAsync),
        ForVms(
            "vm-reset-powerstate", "States that VMs do not run, whatever the pool believes; --force, for it is your word.", [], ["force"],
            ResetPowerStateAsync),
        ForVms("vm-memory-limits-set", "Sets all memory limits of a halted VM.", Limits, [], SetLimitsAsync),
        ForVms(
            "vm-memory-dynamic-range-set", "Sets how far a VM's memory may shrink and grow while it runs.", ["min", "max"], [],
            SetDynamicRangeAsync),
        ForVms(
            "vm-take-back", "Lets a VM start here again that another pool has recovered. State in words that the copy there is given up.",
            ["statement"], [], TakeBackAsync),
        Command.Make("console-log", "Shows what a VM wrote to its serial console.", ConsoleLogAsync) with { Required = ["uuid"] },
    ];

    private static Command ForVms(
        string name, string help, IReadOnlyList<string> required, IReadOnlyList<string> optional,
        Func<CommandContext, string, Task> work) =>
        VmSelection.Command(name, help, required, optional, (context, vm) => work(context, vm.Ref));

    private static Func<CommandContext, string, Task> Plain(string message) => (context, vm) => context.CallAsync($"VM.{message}", vm);

    private static Func<CommandContext, string, Task> Forcible(string label, string operation) => (context, vm) =>
        context.RunTaskAsync(label, $"VM.{(context.Parameters.Flag("force") ? "hard" : "clean")}_{operation}", [vm]);

    private static Task ResetPowerStateAsync(CommandContext context, string vm) => context.Parameters.Flag("force")
        ? context.CallAsync("VM.power_state_reset", vm)
        : throw new UsageException(
            "A VM that runs all the same would run twice when it is started. See where it runs, switch it off there, and repeat "
                + "the command with --force.");

    private static async Task CloneAsync(CommandContext context, string vm)
    {
        var clone = await context.CallAsync("VM.clone", vm, context.Parameters.Get("new-name-label"));
        await FinishCopyAsync(context, clone);
    }

    /// <summary>Gives a VM that was just made of another the description that was asked for, and prints its UUID.</summary>
    public static async Task FinishCopyAsync(CommandContext context, WireValue copy)
    {
        if (context.Parameters.Find("new-name-description") is { } description)
        {
            await context.CallAsync("VM.set_name_description", copy, description);
        }

        await context.PrintUuidAsync("VM", copy);
    }

    private static async Task ResumeAsync(CommandContext context, string vm)
    {
        var force = context.Parameters.Flag("force");
        await StateDeadAsync(context, "VM", vm);
        if (context.Parameters.Find("on") is { } host)
        {
            await context.RunTaskAsync("Resuming", "VM.resume_on", [vm, await HostCommands.FindAsync(context, host), false, force]);
        }
        else
        {
            await context.RunTaskAsync("Resuming", "VM.resume", [vm, false, force]);
        }
    }

    private static async Task MigrateAsync(CommandContext context, string vm)
    {
        var options = new WireStruct(
            context.Parameters.Find("live") is { } live ? [new("live", new WireString(live))] : []);
        await context.RunTaskAsync(
            "Moving", "VM.pool_migrate", [vm, await HostCommands.FindAsync(context, context.Parameters.Get("host")), options]);
    }

    private static async Task StartAsync(CommandContext context, string vm)
    {
        var (paused, force) = (context.Parameters.Flag("paused"), context.Parameters.Flag("force"));
        await StateDeadAsync(context, "VM", vm);
        if (context.Parameters.Find("on") is { } host)
        {
            await context.RunTaskAsync("Starting", "VM.start_on", [vm, await HostCommands.FindAsync(context, host), paused, force]);
        }
        else
        {
            await context.RunTaskAsync("Starting", "VM.start", [vm, paused, force]);
        }
    }

    /// <summary>States for the start of a VM or vApp what the command line says of sites that can't be asked.</summary>
    public static async Task StateDeadAsync(CommandContext context, string of, string reference)
    {
        var statement = context.Parameters.GetOr("statement", "its hosts are off, or cut off from storage and network");
        foreach (var site in context.Parameters.List("site-dead"))
        {
            await context.CallAsync($"{of}.state_site_dead", reference, site, statement);
        }
    }

    private static Task SetLimitsAsync(CommandContext context, string vm)
    {
        var p = context.Parameters;
        long Bytes(string key) => ByteSize.Parse(key, p.Get(key));
        return context.CallAsync(
            "VM.set_memory_limits", vm, Bytes("static-min"), Bytes("static-max"), Bytes("dynamic-min"), Bytes("dynamic-max"));
    }

    private static Task SetDynamicRangeAsync(CommandContext context, string vm)
    {
        var p = context.Parameters;
        return context.CallAsync(
            "VM.set_memory_dynamic_range", vm, ByteSize.Parse("min", p.Get("min")), ByteSize.Parse("max", p.Get("max")));
    }

    private static Task TakeBackAsync(CommandContext context, string vm) =>
        context.CallAsync("VM.take_back", vm, context.Parameters.Get("statement"));

    // The server gives the log in pieces, from a byte onwards; the end is an empty piece.
    private static async Task ConsoleLogAsync(CommandContext context)
    {
        var (server, vm) = (await context.ConnectAsync(), await context.RefAsync("VM"));
        var offset = 0L;
        while (true)
        {
            var (begin, piece) = await CommandContext.OrLackingAsync(
                "VM.get_console_log", () => ConsoleText.ReadAsync(server, new(vm), offset, context.CancellationToken));
            if (begin != offset)
            {
                context.Terminal.ErrorLine($"What was written before byte {begin} is not kept any more.");
            }

            if (piece.Length == 0)
            {
                return;
            }

            context.Terminal.Print(Output.PlainLines.Log(piece));
            offset = begin + System.Text.Encoding.UTF8.GetByteCount(piece);
        }
    }
}
