using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Does what a finding's automatic fix says, because the operator asked for it.</summary>
/// <param name="Fix">What.</param>
/// <param name="Object">What it is done to.</param>
public sealed record ApplyFix(FixKind Fix, PlanObject Object) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"apply-fix:{Fix}:{Object.Uuid}";

    /// <inheritdoc/>
    public override string What => Fix switch
    {
        FixKind.PlugPbd => $"Attach {Object.Describe()} where it is detached",
        FixKind.ShutDownHere => $"Shut {Object.Describe()} down in the target pool, cleanly and then hard",
        FixKind.CreateNetwork => $"Make an internal network {Object.Name} in the target pool",
        FixKind.DisableHa => $"Switch high availability of {Object.Describe()} off",
        FixKind.AttachStorage or FixKind.ShutDownAtSource or FixKind.ChooseCopy or FixKind.DropDisk or FixKind.ChooseAppliance =>
            $"Take {Object.Describe()} as the plan has it",
    };

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Object];

    /// <inheritdoc/>
    public override StepUndo Undo => Fix switch
    {
        FixKind.PlugPbd => StepUndo.By("Detach it there again"),
        FixKind.ShutDownHere => StepUndo.By("Start the VM again"),
        FixKind.CreateNetwork => StepUndo.By("Destroy the network, if nothing is connected to it"),
        FixKind.DisableHa => StepUndo.By("Switch high availability on again, with the heartbeat on the same storage"),
        FixKind.AttachStorage or FixKind.ShutDownAtSource or FixKind.ChooseCopy or FixKind.DropDisk or FixKind.ChooseAppliance =>
            StepUndo.None("nothing is changed"),
    };
}
