namespace Redoubt.Console;

/// <summary>What pages are told of.</summary>
public enum SignalKind
{
    /// <summary>Something that a page may show has changed; a session may have ended too.</summary>
    Pool,

    /// <summary>A session has ended, and nothing else has happened that a page shows.</summary>
    SessionEnd,
}
