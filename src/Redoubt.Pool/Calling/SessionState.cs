using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>A session that is logged in.</summary>
/// <param name="Ref">Its reference, which is also the client's proof of having logged in.</param>
/// <param name="Owner">Who logged in.</param>
/// <param name="Role">What they may do, as of the call that asked for the session.</param>
/// <param name="Foreign">The foreign database that the session reads; null for the pool's own.</param>
public sealed record SessionState(Ref<SessionRecord> Ref, SessionOwner Owner, Role Role, DatabaseState? Foreign)
{
    /// <summary>The name they logged in with.</summary>
    public string UserName => Owner.UserName;

    /// <summary>
    /// Of a session on a foreign database: what the volume that it lies on says of itself, by which it is judged whether it is believed.
    /// </summary>
    internal VolumeClaim? Claim { get; init; }
}
