namespace Redoubt.Recovery;

/// <summary>How far a run has brought a VM.</summary>
public enum VmPhase
{
    /// <summary>Its turn has not come.</summary>
    Waiting,

    /// <summary>It is being recreated.</summary>
    Recovering,

    /// <summary>It is in the target pool, and off.</summary>
    Recovered,

    /// <summary>It is being started.</summary>
    Starting,

    /// <summary>It was started.</summary>
    Started,

    /// <summary>It runs, and its health check says that it is well.</summary>
    Healthy,

    /// <summary>
    /// It runs, and its start delay is over, which is all that was to be waited for: nothing has looked whether it is well.
    /// </summary>
    Unchecked,

    /// <summary>It was started, and its health check did not succeed in time.</summary>
    Unhealthy,

    /// <summary>It could not be recovered or started.</summary>
    Failed,

    /// <summary>What the run made of it was removed.</summary>
    Removed,
}
