using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Redoubt.Recovery;

/// <summary>One step of a plan. The set is closed: whoever runs a plan makes no choices of its own.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "step")]
[JsonDerivedType(typeof(FenceSource), "fence-source")]
[JsonDerivedType(typeof(FinalSync), "final-sync")]
[JsonDerivedType(typeof(WaitForOperator), "wait-for-operator")]
[JsonDerivedType(typeof(AttachStorage), "attach-storage")]
[JsonDerivedType(typeof(CloneForTest), "clone-for-test")]
[JsonDerivedType(typeof(CopyDisks), "copy-disks")]
[JsonDerivedType(typeof(RecoverAppliance), "recover-appliance")]
[JsonDerivedType(typeof(RecoverVm), "recover-vm")]
[JsonDerivedType(typeof(MapNetworks), "map-networks")]
[JsonDerivedType(typeof(HandOver), "hand-over")]
[JsonDerivedType(typeof(StartTier), "start-tier")]
[JsonDerivedType(typeof(WaitHealthy), "wait-healthy")]
[JsonDerivedType(typeof(Protect), "protect")]
[JsonDerivedType(typeof(CleanUp), "clean-up")]
[JsonDerivedType(typeof(RunHookStep), "run-hook")]
[JsonDerivedType(typeof(ApplyFix), "apply-fix")]
public abstract record RecoveryStep
{
    private const int MostNames = 40;

    private protected RecoveryStep()
    {
    }

    /// <summary>Which step it is; the same in two plans that both have it.</summary>
    public abstract string Key { get; }

    /// <summary>What it does, in a sentence.</summary>
    public abstract string What { get; }

    /// <summary>The objects it works on.</summary>
    [JsonIgnore]
    public abstract ImmutableArray<PlanObject> Objects { get; }

    /// <summary>How it is undone.</summary>
    public abstract StepUndo Undo { get; }

    // A tier of thousands in one sentence is read by nobody; whoever needs them all finds them in the plan's JSON.
    private protected static string Names(IReadOnlyCollection<PlanObject> objects) =>
        string.Join(", ", objects.Take(MostNames).Select(o => o.Name.Length > 0 ? o.Name : o.Uuid))
            + (objects.Count > MostNames ? $" and {objects.Count - MostNames} more" : "");
}
