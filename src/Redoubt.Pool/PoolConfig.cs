using Redoubt.Compute;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Database;
using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>What the operator says when starting the daemon.</summary>
public sealed record PoolConfig
{
    /// <summary>The daemon's own directory; made if it is not there.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The pool's name, given to it at the first start; null for the host's name.</summary>
    public string? NameLabel { get; init; }

    /// <summary>
    /// Where to take the database from when the pool's own journal is gone: a metadata volume, or a directory that has one; null for
    /// nowhere.
    /// </summary>
    public string? RestoreFrom { get; init; }

    /// <summary>Whether to begin a new, empty pool though the directory shows that there was one.</summary>
    public bool NewPool { get; init; }

    /// <summary>The names of files in the directory to go on without; they are set aside.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>Whether the pool begins with the templates that clients make VMs from.</summary>
    public bool DefaultTemplates { get; init; }

    /// <summary>The directories below which the kernels and ramdisks of guests lie.</summary>
    public IReadOnlyList<string> BootRoots { get; init; } = HostRoots.UsualBoot;

    /// <summary>The directories below which storage lies; none: where <see cref="HostRoots"/> says.</summary>
    public IReadOnlyList<string> StorageRoots { get; init; } = [];

    /// <summary>The libvirt URI of the hypervisor; null for one of the daemon's own, below its directory.</summary>
    public string? HypervisorUri { get; init; }

    /// <summary>The URIs of the libvirts of this host whose domains may be adopted.</summary>
    public IReadOnlyList<string> AdoptFrom { get; init; } = [HypervisorOptions.SystemUri];

    /// <inheritdoc cref="Compute.HypervisorOptions.TrialCommand"/>
    public IReadOnlyList<string>? HypervisorTrialCommand { get; init; }

    /// <summary>Where the operator is told of what goes wrong.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Which of the pool's hosts this is, and coordinates it; null in a pool of one.</summary>
    public string? HostUuid { get; init; }

    /// <summary>The UUIDs of the hosts that an operator takes for dead as this one takes the pool over from them.</summary>
    public IReadOnlyList<string> DeadHosts { get; init; } = [];

    /// <summary>Has the hosts of the pool agree to a batch of changes; null in a pool of one.</summary>
    public AgreeToBatch? Agree { get; init; }

    /// <summary>Has the hosts of the pool agree to what is kept beside the database; null in a pool of one.</summary>
    public PoolAgreement? AgreeToFiles { get; init; }

    /// <summary>Opens another host of the pool, of which this one then has both its hypervisor and what else it does.</summary>
    public OpenMember? OpenMember { get; init; }

    /// <summary>What tells one boot of the host from another; null for what the kernel says.</summary>
    public string? HostBootId { get; init; }
}
