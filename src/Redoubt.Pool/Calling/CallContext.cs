using Redoubt.Database;

namespace Redoubt.Pool;

/// <summary>Who sends a message, what they look at, and the task that their call runs as.</summary>
public sealed class CallContext
{
    /// <summary>Makes the context of one call.</summary>
    public CallContext(SessionState session, DatabaseState state, TaskHandle task, CancellationToken cancellation)
    {
        Session = session;
        State = state;
        Task = task;
        Cancellation = cancellation;
    }

    /// <summary>The session the call was made with.</summary>
    public SessionState Session { get; }

    /// <summary>
    /// What the caller sees: the pool's database as it was when the call came in, or the foreign one that the session is on.
    /// </summary>
    public DatabaseState State { get; }

    /// <summary>The task that the call runs as.</summary>
    public TaskHandle Task { get; }

    /// <summary>Set when the client has gone or the task is cancelled.</summary>
    public CancellationToken Cancellation { get; }
}
