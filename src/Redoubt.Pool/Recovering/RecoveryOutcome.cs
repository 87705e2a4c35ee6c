using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What came of recreating VMs.</summary>
/// <param name="Vms">The VMs, snapshots left out, in the order in which they were asked for.</param>
/// <param name="Appliance">The vApp, if one was asked for.</param>
/// <param name="Notices">What people should know: a VM's UUID there, and a sentence.</param>
internal sealed record RecoveryOutcome(
    ImmutableArray<Ref<VmRecord>> Vms, Ref<VmApplianceRecord> Appliance, ImmutableArray<(string VmUuid, string Text)> Notices);
