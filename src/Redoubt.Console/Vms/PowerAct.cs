using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Console.Vms;

/// <summary>Something that is done with a VM's power. Pure.</summary>
/// <param name="Operation">What, as a VM says that it can be done.</param>
/// <param name="Message">The call that does it.</param>
/// <param name="Icon">Its picture.</param>
internal sealed record PowerAct(VmOperations Operation, string Message, string Icon)
{
    /// <summary>All of them, in the order in which they are offered.</summary>
    public static ImmutableArray<PowerAct> All { get; } =
    [
        new(VmOperations.Start, "VM.start", "play"),
        new(VmOperations.Resume, "VM.resume", "play"),
        new(VmOperations.Unpause, "VM.unpause", "play"),
        new(VmOperations.CleanShutdown, "VM.clean_shutdown", "stop"),
        new(VmOperations.CleanReboot, "VM.clean_reboot", "recover"),
        new(VmOperations.Suspend, "VM.suspend", "pause"),
        new(VmOperations.HardShutdown, "VM.hard_shutdown", "bad"),
    ];

    /// <summary>Whether what the guest has not written yet is lost by it.</summary>
    public bool IsHard => Operation == VmOperations.HardShutdown;

    /// <summary>Those that a VM says can be done with it now.</summary>
    public static IEnumerable<PowerAct> Of(VmRecord vm) => All.Where(a => vm.AllowedOperations.Contains(a.Operation));

    /// <summary>What the call is given.</summary>
    public IReadOnlyList<object?> Arguments(Ref<VmRecord> vm) =>
        Operation is VmOperations.Start or VmOperations.Resume ? [vm, false, false] : [vm];
}
