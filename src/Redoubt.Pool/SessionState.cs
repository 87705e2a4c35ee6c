using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>A session that is logged in.</summary>
/// <param name="Ref">Its reference, which is also the client's proof of having logged in.</param>
/// <param name="UserName">Who logged in.</param>
/// <param name="Role">What they may do.</param>
/// <param name="Foreign">The foreign database that the session reads; null for the pool's own.</param>
public sealed record SessionState(Ref<SessionRecord> Ref, string UserName, Role Role, DatabaseState? Foreign);
