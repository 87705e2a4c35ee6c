namespace Redoubt.Recovery;

/// <summary>How what was measured stands to its target.</summary>
public enum TargetVerdict
{
    /// <summary>It is kept.</summary>
    Met,

    /// <summary>It is not kept.</summary>
    Exceeded,

    /// <summary>There is nothing to measure it by.</summary>
    Unknown,
}
