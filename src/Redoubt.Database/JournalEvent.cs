namespace Redoubt.Database;

/// <summary>What happens to a durable copy of the database.</summary>
internal abstract record JournalEvent
{
    private JournalEvent()
    {
    }

    /// <summary>It is to be written whole.</summary>
    internal sealed record StartedOver : JournalEvent;

    /// <summary>It has everything, and from now on changes wait for it.</summary>
    internal sealed record Joined : JournalEvent;

    /// <summary>It is slow for a good reason, and changes stop waiting for it.</summary>
    internal sealed record Lagged : JournalEvent;

    /// <summary>It can't be written, not in time, or not where a reader would find it.</summary>
    internal sealed record Failed(string Reason, DateTimeOffset At, bool IsDisplaced = false) : JournalEvent;

    /// <summary>Another daemon has taken the volume over.</summary>
    internal sealed record Superseded(string Reason, DateTimeOffset At) : JournalEvent;
}
