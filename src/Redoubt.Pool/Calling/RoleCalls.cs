using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What can be asked of roles beyond their fields.</summary>
internal sealed partial class RoleCalls
{
    [Message("role.get_permissions")]
    public static ImmutableList<Ref<RoleRecord>> GetPermissions(CallContext call, Ref<RoleRecord> self)
    {
        var role = Get(self);
        return role.Subroles.IsEmpty ? [self] : role.Subroles;
    }

    [Message("role.get_permissions_name_label")]
    public static ImmutableList<string> GetPermissionsNameLabel(CallContext call, Ref<RoleRecord> self) =>
        [.. GetPermissions(call, self).Select(p => Get(p).NameLabel)];

    [Message("role.get_by_permission")]
    public static ImmutableList<Ref<RoleRecord>> GetByPermission(CallContext call, Ref<RoleRecord> permission)
    {
        Get(permission);
        return With(permission.Opaque);
    }

    [Message("role.get_by_permission_name_label")]
    public static ImmutableList<Ref<RoleRecord>> GetByPermissionNameLabel(CallContext call, string label) =>
        StaticRoles.Table.FindByName(label).FirstOrDefault() is { } permission ? With(permission.Ref) : [];

    private static ImmutableList<Ref<RoleRecord>> With(string permission) =>
    [
        .. StaticRoles.Table.Rows
            .Where(r => r.Ref != permission && ((RoleRecord)r.Record).Subroles.Contains(new(permission)))
            .Select(r => new Ref<RoleRecord>(r.Ref)),
    ];

    private static RoleRecord Get(Ref<RoleRecord> role) => StaticRoles.Table.Find(role.Opaque)?.Record as RoleRecord
        ?? throw new XenApiException("HANDLE_INVALID", "role", role.Opaque);
}
