using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What may be done with an object in its present state. Pure.</summary>
internal static class AllowedOperations
{
    private static readonly ImmutableList<VmOperations> Halted =
        [VmOperations.Start, VmOperations.StartOn, VmOperations.Clone, VmOperations.Copy, VmOperations.Snapshot, VmOperations.Export,
            VmOperations.Destroy, VmOperations.ChangingMemoryLimits, VmOperations.ChangingStaticRange, VmOperations.ChangingDynamicRange,
            VmOperations.ChangingVcpus, VmOperations.ChangingNvram];

    private static readonly ImmutableList<VmOperations> Template =
        [VmOperations.Clone, VmOperations.Copy, VmOperations.Provision, VmOperations.Export, VmOperations.Destroy];

    private static readonly ImmutableList<VmOperations> Snapshot =
        [VmOperations.Revert, VmOperations.Clone, VmOperations.Copy, VmOperations.Export, VmOperations.Destroy];

    // What it was exported with nobody could take in.
    private static readonly ImmutableList<VmOperations> Checkpoint = Snapshot.Remove(VmOperations.Export);

    private static readonly ImmutableList<VmOperations> Running =
        [VmOperations.Snapshot, VmOperations.Checkpoint, VmOperations.SnapshotWithQuiesce, VmOperations.Pause, VmOperations.Suspend,
            VmOperations.PoolMigrate, VmOperations.CleanShutdown, VmOperations.HardShutdown, VmOperations.Shutdown,
            VmOperations.CleanReboot, VmOperations.HardReboot, VmOperations.ChangingDynamicRange, VmOperations.ChangingVcpusLive];

    private static readonly ImmutableList<VmOperations> Paused =
        [VmOperations.Snapshot, VmOperations.Checkpoint, VmOperations.Unpause, VmOperations.HardShutdown, VmOperations.Shutdown,
            VmOperations.HardReboot];

    private static readonly ImmutableList<VmOperations> Suspended =
        [VmOperations.Resume, VmOperations.ResumeOn, VmOperations.Checkpoint, VmOperations.HardShutdown, VmOperations.Shutdown,
            VmOperations.Destroy];

    /// <summary>The operations on a VM; none while one is under way.</summary>
    public static ImmutableList<VmOperations> Of(VmRecord vm)
    {
        if (!vm.CurrentOperations.IsEmpty || vm.IsControlDomain)
        {
            return [];
        }

        var byState = vm.PowerState switch
        {
            VmPowerState.Halted => vm.IsASnapshot ? Snapshot : vm.IsATemplate ? Template : Halted,
            VmPowerState.Running => Running,
            VmPowerState.Paused => Paused,
            VmPowerState.Suspended => vm.IsASnapshot ? Checkpoint : Suspended,
            VmPowerState.Unrecognized => [],
        };
        return byState.RemoveAll(o => vm.BlockedOperations.ContainsKey(o) || !AdoptedVm.Allows(vm, o));
    }

    /// <summary>The operations on a drive of a VM in a power state. CD drives come and go with the guest, CDs at any time.</summary>
    public static ImmutableList<VbdOperations> Of(VbdRecord vbd, VmPowerState vm)
    {
        var (isLive, isCd) = (vm is VmPowerState.Running or VmPowerState.Paused, vbd.Type == VbdType.Cd);
        return !vbd.CurrentOperations.IsEmpty ? [] :
        [
            VbdOperations.Attach,
            .. isCd && vm != VmPowerState.Suspended
                ? [vbd.Empty ? VbdOperations.Insert : VbdOperations.Eject] : Array.Empty<VbdOperations>(),
            .. isLive && !isCd && !vbd.CurrentlyAttached ? [VbdOperations.Plug] : Array.Empty<VbdOperations>(),
            .. vm == VmPowerState.Running && !isCd && vbd is { CurrentlyAttached: true, Unpluggable: true }
                ? [VbdOperations.Unplug, VbdOperations.UnplugForce] : Array.Empty<VbdOperations>(),
        ];
    }

    /// <summary>The operations on an interface of a VM in a power state.</summary>
    public static ImmutableList<VifOperations> Of(VifRecord vif, VmPowerState vm) => !vif.CurrentOperations.IsEmpty ? [] :
    [
        VifOperations.Attach,
        .. vm is VmPowerState.Running or VmPowerState.Paused && !vif.CurrentlyAttached
            ? [VifOperations.Plug] : Array.Empty<VifOperations>(),
        .. vm == VmPowerState.Running && vif.CurrentlyAttached ? [VifOperations.Unplug] : Array.Empty<VifOperations>(),
    ];

    /// <summary>The power states in which an operation is possible, of a VM with nothing else about it.</summary>
    public static IEnumerable<VmPowerState> StatesFor(VmOperations operation) =>
        new[] { VmPowerState.Halted, VmPowerState.Running, VmPowerState.Paused, VmPowerState.Suspended }
            .Where(s => Of(new VmRecord { PowerState = s }).Contains(operation));

    /// <summary>A vApp with the operations that its members' states allow.</summary>
    public static VmApplianceRecord Apply(Transaction tx, VmApplianceRecord appliance)
    {
        var states = appliance.Vms.Select(tx.Get).Select(v => v.PowerState).ToList();
        ImmutableList<VmApplianceOperation> allowed = appliance.CurrentOperations.IsEmpty ? [
            .. states.Contains(VmPowerState.Halted) ? [VmApplianceOperation.Start] : Array.Empty<VmApplianceOperation>(),
            .. states.Any(s => s != VmPowerState.Halted)
                ? [VmApplianceOperation.CleanShutdown, VmApplianceOperation.HardShutdown, VmApplianceOperation.Shutdown]
                : Array.Empty<VmApplianceOperation>()] : [];
        return appliance with { AllowedOperations = allowed };
    }
}
