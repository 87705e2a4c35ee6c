namespace Redoubt.Database.Journal;

/// <summary>One of the two halves of a redo log; the number is the digit in the validity byte.</summary>
public enum JournalHalf
{
    /// <summary>The half right after the header.</summary>
    First = 1,

    /// <summary>The half after the first.</summary>
    Second = 2,
}
