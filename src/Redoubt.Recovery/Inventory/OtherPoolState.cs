namespace Redoubt.Recovery;

/// <summary>What is known of another pool.</summary>
public enum OtherPoolState
{
    /// <summary>It answered.</summary>
    Live,

    /// <summary>It did not answer, which is no proof that it is dead.</summary>
    Unreachable,

    /// <summary>The operator has stated that it is dead; it was not asked.</summary>
    StatedDead,
}
