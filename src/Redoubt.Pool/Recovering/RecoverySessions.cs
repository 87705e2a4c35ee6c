using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The two sessions of a recovery: the call's is on a foreign database, <c>session_to</c> on this pool.</summary>
internal static class RecoverySessions
{
    /// <summary>Checks that the sessions are of these kinds, and that whoever recovers may.</summary>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>, <c>OPERATION_NOT_ALLOWED</c>, <c>SESSION_INVALID</c>.</exception>
    public static void RequireForeign(this PoolServices pool, CallContext call, string message, Ref<SessionRecord> sessionTo)
    {
        var session = pool.Sessions.Get(sessionTo, sessionTo.Opaque);
        if (session.Role < Role.PoolOperator || session.Foreign is not null)
        {
            throw new XenApiException(
                "RBAC_PERMISSION_DENIED", message,
                "No permission in the session recovered to. (Roles with this permission: pool-admin, pool-operator)");
        }

        if (call.Session.Foreign is null)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"{message} takes a session on a foreign database (VDI.open_database); this one is on the pool itself.");
        }
    }
}
