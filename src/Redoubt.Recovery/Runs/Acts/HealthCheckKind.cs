namespace Redoubt.Recovery;

/// <summary>By what a VM is found to be well.</summary>
internal enum HealthCheckKind
{
    /// <summary>It has run for its start delay.</summary>
    Delay,

    /// <summary>Its guest agent has spoken.</summary>
    Agent,

    /// <summary>A TCP port takes a connection.</summary>
    Tcp,

    /// <summary>A text came on its serial console since it was started.</summary>
    Console,

    /// <summary>A script says so.</summary>
    Script,

    /// <summary>What is configured means nothing; such a check has failed.</summary>
    Unknown,
}
