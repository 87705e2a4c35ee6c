using Redoubt.Recovery;

namespace Redoubt.Console.Runs;

/// <summary>What stretches of a plan and of its run are called: steps that do the same kind of thing.</summary>
internal static class StretchText
{
    private static readonly Words Words = new(typeof(StretchText));

    public static string PhasePrepare => Words["PhasePrepare"];
    public static string PhaseFence => Words["PhaseFence"];
    public static string PhaseSync => Words["PhaseSync"];
    public static string PhaseArray => Words["PhaseArray"];
    public static string PhaseAttach => Words["PhaseAttach"];
    public static string PhaseClone => Words["PhaseClone"];
    public static string PhaseCopy => Words["PhaseCopy"];
    public static string PhaseRecover => Words["PhaseRecover"];
    public static string PhaseConnect => Words["PhaseConnect"];
    public static string PhaseHandOver => Words["PhaseHandOver"];
    public static string PhaseProtect => Words["PhaseProtect"];
    public static string PhaseCleanUp => Words["PhaseCleanUp"];
    public static string PhaseAfterwards => Words["PhaseAfterwards"];
    public static string Tier(long order) => Words.Of("Tier", order);

    /// <summary>The stretch that a step belongs to.</summary>
    public static string Of(RecoveryStep step) => step switch
    {
        ApplyFix or RunHookStep { Hook.Moment: HookMoment.BeforeRun } => PhasePrepare,
        FenceSource => PhaseFence,
        FinalSync => PhaseSync,
        WaitForOperator => PhaseArray,
        AttachStorage => PhaseAttach,
        CloneForTest => PhaseClone,
        CopyDisks => PhaseCopy,
        RecoverVm or RecoverAppliance => PhaseRecover,
        MapNetworks => PhaseConnect,
        HandOver => PhaseHandOver,
        StartTier tier => Tier(tier.Order),
        WaitHealthy wait => Tier(wait.Order),
        RunHookStep { Hook: { Moment: HookMoment.BeforeTier or HookMoment.AfterTier, Order: { } order } } => Tier(order),
        Protect => PhaseProtect,
        CleanUp => PhaseCleanUp,
        _ => PhaseAfterwards,
    };
}
