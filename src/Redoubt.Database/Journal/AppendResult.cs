namespace Redoubt.Database.Journal;

/// <summary>How appending went.</summary>
public enum AppendResult
{
    /// <summary>All transactions are durable.</summary>
    Durable,

    /// <summary>
    /// They do not fit the rest of the half and nothing was written: the whole database must be written, with them in it.
    /// </summary>
    NotEnoughSpace,

    /// <summary>
    /// This writer has written no whole database yet, or its last write failed and what is on the volume is in doubt. Nothing was
    /// written: the whole database must be.
    /// </summary>
    WholeDatabaseNeeded,
}
