using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The table of roles. As in xapi it is no part of the database but follows from the data model: a role for each level, and below them a
/// role without subroles for each permission. Their references are the same on every pool, made from their names as xapi makes them, so
/// that a subject's roles mean the same wherever its row is read.
/// </summary>
public static class StaticRoles
{
    private const string PermissionDescription = "A basic permission";

    private static readonly (Role? Role, string Name, string Description)[] Levels =
    [
        (Role.PoolAdmin, "pool-admin", "The Pool Administrator role has full access to all features and settings, "
            + "including users and roles"),
        (Role.PoolOperator, "pool-operator", "The Pool Operator role manages hosts, storage, networks and recovery, but no users"),
        (Role.VmPowerAdmin, "vm-power-admin", "The VM Power Administrator role has full access to VMs, snapshots and placement included"),
        (Role.VmAdmin, "vm-admin", "The VM Administrator role makes, changes and removes VMs"),
        (Role.VmOperator, "vm-operator", "The VM Operator role uses VMs: starts, stops and watches them"),
        (Role.ReadOnly, "read-only", "The Read-Only role can look at everything and change nothing"),
        (null, "client-cert", "Sessions that logged in with a client certificate"),
    ];

    private static readonly Dictionary<string, Role> ByReference =
        Levels.Where(l => l.Role is not null).ToDictionary(l => Reference(l.Name), l => l.Role!.Value);

    private static readonly Dictionary<Role, ImmutableList<string>> Labels = Enum.GetValues<Role>()
        .ToDictionary(r => r, r => Granted(p => p.Roles.Allows(r)).Select(p => p.Label).Order(StringComparer.Ordinal).ToImmutableList());

    /// <summary>All roles, permissions included.</summary>
    public static Table Table { get; } = Table.Of(RoleRecord.Declaration, Rows());

    /// <summary>The level that a reference stands for, or null: the role is a mere permission, or there is none.</summary>
    public static Role? LevelOf(Ref<RoleRecord> reference) => ByReference.TryGetValue(reference.Opaque, out var role) ? role : null;

    /// <summary>The highest level of several roles, or null if none of them is one.</summary>
    public static Role? Highest(IEnumerable<Ref<RoleRecord>> roles) => roles.Select(LevelOf).Max();

    /// <summary>What a level permits: the labels, sorted.</summary>
    public static ImmutableList<string> PermissionsOf(Role role) => Labels[role];

    private static IEnumerable<Row> Rows()
    {
        // What nobody may do over the network is not in the table at all.
        var permissions = Granted(p => p.Roles.Lowest < Role.LocalRoot).ToList();
        var references = permissions.ToDictionary(p => p, p => new Ref<RoleRecord>(Reference(p.Name)));
        foreach (var permission in permissions)
        {
            yield return RowOf(permission.Name, permission.Label, PermissionDescription, [], isInternal: true);
        }

        foreach (var (role, name, description) in Levels)
        {
            var mine = permissions.Where(p => role is { } level ? p.Roles.Allows(level) : p.Roles.ClientCertificate);
            yield return RowOf(name, name, description, [.. mine.Select(p => references[p])], isInternal: role is null);
        }
    }

    private static IEnumerable<Permission> Granted(Func<Permission, bool> isGranted) =>
        Permission.All.Values.Where(isGranted).OrderBy(p => p.Name, StringComparer.Ordinal);

    private static Row RowOf(string name, string label, string description, ImmutableList<Ref<RoleRecord>> subroles, bool isInternal)
    {
        var id = Id(name);
        var record = new RoleRecord
        {
            Uuid = id.ToString("D"),
            NameLabel = label,
            NameDescription = description,
            Subroles = subroles,
            IsInternal = isInternal,
        };
        return new(RefText.Of(id), record, 0, 0);
    }

    private static string Reference(string name) => RefText.Of(Id(name));

#pragma warning disable CA5351 // xapi's rule for a role's UUID; nothing is kept safe by it.
    private static Guid Id(string name) => new(MD5.HashData(Encoding.UTF8.GetBytes(name)), bigEndian: true);
#pragma warning restore CA5351
}
