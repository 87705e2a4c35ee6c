namespace Redoubt.Compute;

/// <summary>What a daemon that must run whether there is a hypervisor or not has of one.</summary>
public abstract record LinkState
{
    private LinkState()
    {
    }

    /// <summary>It is being opened for the first time.</summary>
    public sealed record Connecting : LinkState;

    /// <summary>It can be used.</summary>
    /// <param name="Hypervisor">The hypervisor; another one each time that it has come back.</param>
    public sealed record Up(IHypervisor Hypervisor) : LinkState;

    /// <summary>It can't be used, and is tried again.</summary>
    /// <param name="Since">When that began.</param>
    /// <param name="Why">Why, by the last that is known.</param>
    public sealed record Lost(DateTimeOffset Since, HypervisorException Why) : LinkState;
}
