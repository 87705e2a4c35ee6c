namespace Redoubt.XenApi;

/// <summary>The wire's names of roles.</summary>
public static class RoleNames
{
    private static readonly (Role Role, string Name)[] All =
    [
        (Role.PoolAdmin, "pool-admin"), (Role.PoolOperator, "pool-operator"), (Role.VmPowerAdmin, "vm-power-admin"),
        (Role.VmAdmin, "vm-admin"), (Role.VmOperator, "vm-operator"), (Role.ReadOnly, "read-only"),
    ];

    /// <summary>All that a subject can have, from the highest down.</summary>
    public static IReadOnlyList<string> OfSubjects { get; } = [.. All.Select(r => r.Name)];

    /// <summary>A role's name; the superuser's is <c>local-root</c>.</summary>
    public static string ToWire(Role role) => Array.Find(All, r => r.Role == role).Name ?? "local-root";

    /// <summary>The role of this name, or null if there is none.</summary>
    public static Role? Parse(string name) => Array.FindIndex(All, r => r.Name == name) is >= 0 and var index ? All[index].Role : null;

    /// <summary>The names of all roles that may, from the highest down.</summary>
    public static IReadOnlyList<string> Of(AllowedRoles allowed)
    {
        var names = All.Where(r => allowed.Allows(r.Role)).Select(r => r.Name).ToList();
        if (allowed.ClientCertificate)
        {
            names.Insert(names.Contains("read-only") ? names.Count - 1 : names.Count, "client-cert");
        }

        return names;
    }
}
