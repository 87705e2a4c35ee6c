namespace Redoubt.Database;

/// <summary>How a durable copy of the database stands.</summary>
public enum JournalHealth
{
    /// <summary>It is written before a change is acknowledged.</summary>
    Healthy,

    /// <summary>It is being brought up to date; changes are not waiting for it.</summary>
    CatchingUp,

    /// <summary>It could not be written in time. It is tried again, at growing intervals.</summary>
    Broken,

    /// <summary>Another daemon has taken the volume over and writes it now. This one does not try again by itself.</summary>
    Superseded,
}
