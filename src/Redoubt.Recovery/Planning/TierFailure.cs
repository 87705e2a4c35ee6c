namespace Redoubt.Recovery;

/// <summary>What happens to the tiers after one of which a VM did not become healthy.</summary>
public enum TierFailure
{
    /// <summary>They are started all the same: losing one VM does not stop the others.</summary>
    Continue,

    /// <summary>They are not started.</summary>
    Stop,

    /// <summary>The operator is asked.</summary>
    Ask,
}
