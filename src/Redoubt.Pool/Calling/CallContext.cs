using Redoubt.Database;
using Redoubt.XenApi;

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

    /// <summary>The context of what the daemon does by itself: it may do anything, and no task tells of it.</summary>
    internal static CallContext OfDaemon(PoolServices pool, CancellationToken cancellation) => new(
        new SessionState(default, SessionOwner.Root, Role.LocalRoot, null), pool.State, TaskHandle.Unrecorded(), cancellation);

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
