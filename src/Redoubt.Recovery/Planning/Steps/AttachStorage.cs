using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Attaches an SR for the time of the recovery, read-only.</summary>
/// <param name="Sr">The SR.</param>
/// <param name="Type">The kind of storage.</param>
/// <param name="DeviceConfig">How it is reached, secrets masked.</param>
public sealed record AttachStorage(PlanObject Sr, string Type, ImmutableSortedDictionary<string, string> DeviceConfig) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"attach-storage:{Sr.Uuid}";

    /// <inheritdoc/>
    public override string What => $"Attach {Sr.Describe()}: {Command}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Sr];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.By("Destroy the DR task, which lets the SR go");

    private string Command => AttachCommand.Write(Type, DeviceConfig, Sr.Uuid);
}
