namespace Redoubt.Database.Journal;

/// <summary>Kinds of damage, and of other reasons for which a state is not to be had.</summary>
public enum JournalDamageKind
{
    /// <summary>The validity byte is none of the three.</summary>
    ValidityByte,

    /// <summary>A half begins with no whole database record, or one whose frame contradicts itself.</summary>
    DatabaseRecord,

    /// <summary>The frame of the database record is whole, what is in it is not.</summary>
    DatabaseContent,

    /// <summary>A record begins but is not whole: torn, or overwritten.</summary>
    TornRecord,

    /// <summary>The frame of a delta is whole, what is in it is not.</summary>
    UndecodableDelta,

    /// <summary>A delta does not fit the database it is for.</summary>
    InapplicableDelta,

    /// <summary>A generation does not follow from the one before.</summary>
    Generation,

    /// <summary>The log ends, and later records follow after the end.</summary>
    RecordsAfterEnd,

    /// <summary>Our checksum shows that the bytes are not those that were written.</summary>
    Checksum,

    /// <summary>The volume does not begin as a redo log does, yet our area proves that it is one.</summary>
    Magic,

    /// <summary>A state of the history cannot be used.</summary>
    History,

    /// <summary>Nothing on the volume is as old as was asked for.</summary>
    NothingThatOld,

    /// <summary>The device would not give the bytes.</summary>
    Unreadable,
}
