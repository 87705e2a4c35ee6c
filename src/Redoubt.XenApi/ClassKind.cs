namespace Redoubt.XenApi;

/// <summary>Where a class's objects live.</summary>
public enum ClassKind
{
    /// <summary>In a table that is written to the journal.</summary>
    Persistent,

    /// <summary>In a table that is lost when the daemon stops.</summary>
    Volatile,

    /// <summary>In no table: a value that only passes over the wire.</summary>
    Value,
}
