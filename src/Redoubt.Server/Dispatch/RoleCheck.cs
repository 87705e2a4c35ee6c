using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Dispatch;

/// <summary>Who may do what.</summary>
internal static class RoleCheck
{
    /// <summary>Lets a call pass, or refuses it.</summary>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>.</exception>
    public static void Require(SessionState session, ClassModel model, MessageModel message)
    {
        if (!message.Roles.Allows(session.Role) || (session.Foreign is not null && WritesHere(model, message)))
        {
            throw Denied($"{model.Name.ToLowerInvariant()}.{message.Name}", message.Roles);
        }
    }

    /// <summary>Lets a request beside the messages pass, or refuses it.</summary>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>.</exception>
    public static void Require(SessionState session, string permission, Role lowest)
    {
        if (session.Role < lowest)
        {
            throw Denied(permission, new AllowedRoles(lowest, ClientCertificate: false));
        }
    }

    public static XenApiException Denied(string permission, AllowedRoles allowed) => new(
        "RBAC_PERMISSION_DENIED",
        permission,
        $"No permission in user session. (Roles with this permission: {string.Join(", ", RoleNames.Of(allowed))})");

    // A session on a foreign database sees that one only. What it may do to this pool's tables although everyone may, would hit rows that it
    // can't see.
    private static bool WritesHere(ClassModel model, MessageModel message) => message.Implicit switch
    {
        ImplicitKind.None => model.Name is "task" || (model.Name is "event" && message.Name is "inject"),
        ImplicitKind.SetField or ImplicitKind.AddTo or ImplicitKind.RemoveFrom or ImplicitKind.Add or ImplicitKind.Remove => true,
        _ => false,
    };
}
