using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Makes a VM from scratch, without a template.</summary>
internal static class VmCreate
{
    private const long DefaultMemoryBytes = 512L << 20;

    public static Command Command { get; } = Commands.Command.Make(
        "vm-create", "Makes a VM without disks; prints its UUID.", CreateAsync) with
    {
        Required = ["name-label"],
        Optional =
        [
            "name-description", "memory", "memory-static-min", "memory-static-max", "memory-dynamic-min", "memory-dynamic-max", "VCPUs",
            "VCPUs-max", "VCPUs-at-startup", "HVM-boot-policy", "HVM-boot-params:", "PV-kernel", "PV-ramdisk", "PV-args", "platform:",
            "other-config:", "order", "start-delay", "shutdown-delay", "appliance",
        ],
    };

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var memory = p.FindBytes("memory") ?? p.FindBytes("memory-static-max") ?? DefaultMemoryBytes;
        var vcpus = p.FindInt("VCPUs") ?? p.FindInt("VCPUs-max") ?? 1;
        var bootParams = p.Map("HVM-boot-params");
        var kernel = p.GetOr("PV-kernel", "");
        var vm = new VmRecord
        {
            NameLabel = p.Get("name-label"),
            NameDescription = p.GetOr("name-description", ""),
            UserVersion = 1,
            PowerState = VmPowerState.Halted,
            MemoryStaticMax = p.FindBytes("memory-static-max") ?? memory,
            MemoryDynamicMax = p.FindBytes("memory-dynamic-max") ?? memory,
            MemoryDynamicMin = p.FindBytes("memory-dynamic-min") ?? memory,
            MemoryStaticMin = p.FindBytes("memory-static-min") ?? p.FindBytes("memory-dynamic-min") ?? memory,
            VcpusMax = p.FindInt("VCPUs-max") ?? vcpus,
            VcpusAtStartup = p.FindInt("VCPUs-at-startup") ?? vcpus,
            ActionsAfterShutdown = OnNormalExit.Destroy,
            ActionsAfterReboot = OnNormalExit.Restart,
            ActionsAfterCrash = OnCrashBehaviour.Restart,
            HvmBootPolicy = p.GetOr("HVM-boot-policy", kernel.Length > 0 ? "" : "BIOS order"),
            HvmBootParams = (bootParams.Count > 0 ? bootParams : new() { ["order"] = "cd" }).ToImmutableSortedDictionary(),
            PvKernel = kernel,
            PvRamdisk = p.GetOr("PV-ramdisk", ""),
            PvArgs = p.GetOr("PV-args", ""),
            Platform = p.Map("platform").ToImmutableSortedDictionary(),
            OtherConfig = p.Map("other-config").ToImmutableSortedDictionary(),
            Order = p.FindInt("order") ?? 0,
            StartDelay = p.FindInt("start-delay") ?? 0,
            ShutdownDelay = p.FindInt("shutdown-delay") ?? 0,
        };
        if (p.Find("appliance") is { } appliance)
        {
            vm = vm with { Appliance = new(await context.RefOfAsync("VM_appliance", appliance)) };
        }

        await context.PrintUuidAsync("VM", await context.CallAsync("VM.create", vm));
    }
}
