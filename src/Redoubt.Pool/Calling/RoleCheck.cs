using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Who may do what.</summary>
public static class RoleCheck
{
    /// <summary>Lets a call pass, or refuses it.</summary>
    /// <param name="session">Who calls.</param>
    /// <param name="model">The class.</param>
    /// <param name="message">The message.</param>
    /// <param name="given">Its parameters as they came: a key of a map may have a role of its own.</param>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>.</exception>
    public static void Require(SessionState session, ClassModel model, MessageModel message, IReadOnlyList<WireValue> given)
    {
        var keyRole = given is [_, WireString key, ..] ? message.KeyRoles.FirstOrDefault(k => k.Matches(key.Value)) : null;
        var roles = keyRole?.Roles ?? message.Roles;
        if (!roles.Allows(session.Role) || (session.Foreign is not null && WritesHere(model, message)))
        {
            var name = $"{model.Name}.{message.Name}";
            throw Denied(Permission.Lower(keyRole is null ? name : Permission.OfKey(name, keyRole.Key)), roles);
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

    /// <summary>The refusal of what needs one of some roles.</summary>
    public static XenApiException Denied(string permission, AllowedRoles allowed) => new(
        "RBAC_PERMISSION_DENIED",
        permission,
        $"No permission in user session. (Roles with this permission: {string.Join(", ", RoleNames.Of(allowed))})");

    // A session on a foreign database sees that one only. What it may do to this pool's tables although everyone may, would hit rows that
    // it can't see.
    private static bool WritesHere(ClassModel model, MessageModel message) => message.Implicit switch
    {
        ImplicitKind.None => model.Name is "task" || (model.Name is "event" && message.Name is "inject"),
        ImplicitKind.SetField or ImplicitKind.AddTo or ImplicitKind.RemoveFrom or ImplicitKind.Add or ImplicitKind.Remove => true,
        _ => false,
    };
}
