using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Puts the recovered VMs' interfaces on the networks of the target.</summary>
/// <param name="Vms">The VMs.</param>
/// <param name="Networks">Which network stands for which.</param>
public sealed record MapNetworks(ImmutableArray<PlanObject> Vms, ImmutableArray<NetworkMapping> Networks) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => "map-networks";

    /// <inheritdoc/>
    public override string What =>
        "Connect " + string.Join(", ", Networks.Select(n => $"{n.From.Name} to {n.To?.Name ?? "an isolated network"}"));

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects =>
        [.. Vms, .. Networks.SelectMany(n => n.To is null ? [n.From] : new[] { n.From, n.To })];

    /// <inheritdoc/>
    public override StepUndo Undo => Networks.Any(n => n.To is null)
        ? StepUndo.By("Destroy the isolated networks")
        : StepUndo.None("the interfaces go with their VMs");
}
