using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Redoubt.Recovery;

/// <summary>How the VMs of a run came out: the one count, for whoever shows it.</summary>
/// <param name="Wanted">What the VMs were to do in the end.</param>
/// <param name="Well">How many came to that, and were looked at where there was something to look at.</param>
/// <param name="Unchecked">How many were started and had no check but their start delay, so that nobody knows whether they are
/// well.</param>
/// <param name="Total">How many there are.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct VmTally(PowerStateAfter Wanted, int Well, int Unchecked, int Total)
{
    /// <summary>The count for people, in a clause.</summary>
    public string ToText() => Wanted switch
    {
        PowerStateAfter.Start when Unchecked == 0 => $"{Well} of {Total} VMs healthy",
        PowerStateAfter.Start when Well == 0 => $"{Unchecked} of {Total} VMs started, not checked",
        PowerStateAfter.Start => $"{Well} of {Total} VMs healthy, {Unchecked} started, not checked",
        PowerStateAfter.Paused => $"{Well} of {Total} VMs started, and paused",
        PowerStateAfter.Halted => $"{Well} of {Total} VMs recovered",
    };

    internal static VmTally Of(ImmutableArray<VmProgress> vms, RecoveryPolicy policy)
    {
        var reached = vms.Where(v => v.IsAsWanted(policy)).ToList();
        var blind = policy.PowerState == PowerStateAfter.Start ? reached.Count(v => v.HealthyAt is null) : 0;
        return new(policy.PowerState, reached.Count - blind, blind, vms.Length);
    }
}
