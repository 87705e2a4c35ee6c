namespace Redoubt.XenApi;

/// <summary>What a pool can ask a second person's approval of.</summary>
public enum GuardedAct
{
    /// <summary>VMs are recovered here though their source does not hand them over.</summary>
    Failover,

    /// <summary>VMs are handed over and come here: migration and failback.</summary>
    Migration,

    /// <summary>An SR stops carrying the pool's metadata: by word, or by being let go.</summary>
    Unprotect,

    /// <summary>Less needs a second person than before. Asked wherever anything does.</summary>
    Policy,
}
