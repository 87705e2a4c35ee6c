namespace Redoubt.Recovery;

/// <summary>What a recovery is for.</summary>
public enum RecoveryKind
{
    /// <summary>Clones beside whatever exists, in an isolated network; removed afterwards.</summary>
    Test,

    /// <summary>The source is alive: shut down there, start here.</summary>
    Migration,

    /// <summary>The source is lost.</summary>
    Failover,

    /// <summary>A migration home.</summary>
    Failback,
}
