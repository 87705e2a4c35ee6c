namespace Redoubt.Database.Journal;

/// <summary>Kinds of damage. Proofs beyond the format itself, such as checksums, would add to these.</summary>
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

    /// <summary>The device would not give the bytes.</summary>
    Unreadable,
}
