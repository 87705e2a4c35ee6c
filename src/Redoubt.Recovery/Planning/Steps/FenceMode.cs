namespace Redoubt.Recovery;

/// <summary>What makes sure that a VM does not run at its source.</summary>
public enum FenceMode
{
    /// <summary>The operator's statement that the source is dead.</summary>
    Statement,

    /// <summary>The source is asked once more just before, and says that the VMs are off.</summary>
    Check,

    /// <summary>The VMs are shut down there, tier by tier in reverse, and then checked.</summary>
    ShutDown,
}
