using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Redoubt.Recovery;

/// <summary>What an engine is made with.</summary>
public sealed record RunEngineConfig
{
    /// <summary>The journal: a SQLite file, which only its owner can read, since requests hold passwords of storage.</summary>
    public required string JournalPath { get; init; }

    /// <summary>
    /// Does a write to the journal, with what has the hosts of a pool of several agree to it before: null in a pool of one. One is done at
    /// a time.
    /// </summary>
    public Action<Action<RunAgreement?>> Keep { get; init; } = write => write(null);

    /// <summary>Connects to pools.</summary>
    public required PoolConnector Connect { get; init; }

    /// <summary>The only directory that hooks are run from; null for none.</summary>
    public string? HooksDirectory { get; init; }

    /// <summary>The only directory that health scripts are run from, which a VM's own metadata may name; null for none.</summary>
    public string? HealthDirectory { get; init; }

    /// <summary>How long between two looks at something that is waited for.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Told when runs start and end.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>How long a clean shutdown may take before a VM is switched off.</summary>
    public TimeSpan ShutdownLimit { get; init; } = TimeSpan.FromMinutes(5);
}
