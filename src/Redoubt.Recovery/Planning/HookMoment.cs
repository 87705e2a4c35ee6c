namespace Redoubt.Recovery;

/// <summary>When a hook is run.</summary>
public enum HookMoment
{
    /// <summary>Before anything else. If it fails, nothing is done.</summary>
    BeforeRun,

    /// <summary>Before a tier is started.</summary>
    BeforeTier,

    /// <summary>After a tier is healthy.</summary>
    AfterTier,

    /// <summary>After everything but the clean-up.</summary>
    AfterRun,
}
