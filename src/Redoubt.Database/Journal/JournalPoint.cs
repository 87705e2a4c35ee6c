namespace Redoubt.Database.Journal;

/// <summary>An earlier point of a database's life that a reader is asked for: the newest state at or before it. A closed set of two.</summary>
public abstract record JournalPoint
{
    private JournalPoint()
    {
    }

    /// <summary>By the count of changes.</summary>
    /// <param name="Generation">The highest generation wanted.</param>
    public sealed record AtGeneration(long Generation) : JournalPoint;

    /// <summary>By the clock of the writer. Only states with a proven time can be found so.</summary>
    /// <param name="Time">The latest time wanted.</param>
    public sealed record AtTime(DateTimeOffset Time) : JournalPoint;
}
