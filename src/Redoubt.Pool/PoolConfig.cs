namespace Redoubt.Pool;

/// <summary>What the operator says when starting the daemon.</summary>
public sealed record PoolConfig
{
    /// <summary>The daemon's own directory; made if it is not there.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The pool's name, given to it at the first start; null for the host's name.</summary>
    public string? NameLabel { get; init; }

    /// <summary>The libvirt URI of the hypervisor; null for one of the daemon's own, below its directory.</summary>
    public string? HypervisorUri { get; init; }

    /// <inheritdoc cref="Compute.HypervisorOptions.TrialCommand"/>
    public IReadOnlyList<string>? HypervisorTrialCommand { get; init; }
}
