namespace Redoubt.Recovery;

/// <summary>Where the last of several measurements goes.</summary>
public enum TargetTrend
{
    /// <summary>It is about what the ones before it were.</summary>
    Steady,

    /// <summary>It is shorter than they were.</summary>
    Better,

    /// <summary>It is longer than they were.</summary>
    Worse,
}
