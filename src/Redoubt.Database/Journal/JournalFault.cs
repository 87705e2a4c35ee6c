namespace Redoubt.Database.Journal;

/// <summary>Reasons for which a writer refuses a volume or a database.</summary>
public enum JournalFault
{
    /// <summary>The volume does not begin as a redo log does; nothing was written.</summary>
    NotARedoLog,

    /// <summary>The volume holds something already, so it is not initialised; nothing was written.</summary>
    NotBlank,

    /// <summary>The volume is shorter than a log; nothing was written.</summary>
    VolumeTooSmall,

    /// <summary>The database is larger than a half, and our area has no space for it; the one before it is still there.</summary>
    DatabaseTooLarge,

    /// <summary>
    /// What lies at the path is no longer what was written to: it is gone, another file, cut, or written by somebody else.
    /// </summary>
    Displaced,

    /// <summary>Another daemon has taken the volume over.</summary>
    Superseded,
}
