namespace Redoubt.Recovery;

/// <summary>What one call recovers: a vApp with all its VMs, or a loose VM.</summary>
/// <param name="Appliance">The vApp; null for a loose VM.</param>
/// <param name="Vms">The VMs, all from one volume.</param>
internal sealed record RecoveryUnit(ApplianceFacts? Appliance, IReadOnlyList<ChosenVm> Vms);
