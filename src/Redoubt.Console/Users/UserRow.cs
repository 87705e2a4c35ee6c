using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;
using T = Redoubt.Console.Users.UsersText;

namespace Redoubt.Console.Users;

/// <summary>A user, or a group of a directory, as a list shows them.</summary>
/// <param name="Ref">The subject's reference.</param>
/// <param name="Record">Its record.</param>
/// <param name="Name">What they sign in with, or what the directory calls them.</param>
/// <param name="IsLocal">Whether they are this pool's own, with a password here.</param>
/// <param name="Role">The name of their highest role; empty for none.</param>
internal sealed record UserRow(Ref<SubjectRecord> Ref, SubjectRecord Record, string Name, bool IsLocal, string Role)
{
    /// <summary>The key in <c>other_config</c> of the name.</summary>
    public const string NameKey = "subject-name";

    /// <summary>What the identifiers of the pool's own begin with.</summary>
    public const string LocalPrefix = "local:";

    /// <summary>All roles that somebody can have, from the highest down.</summary>
    public static IReadOnlyList<string> Roles { get; } = RoleNames.Of(new AllowedRoles(XenApi.Role.ReadOnly, ClientCertificate: false));

    /// <summary>All there are.</summary>
    public static List<UserRow> All(DatabaseState state) =>
        [.. state.All<SubjectRecord>().Select(s => Of(s.Ref, s.Record))];

    /// <summary>Whether it is who somebody looks for.</summary>
    public bool Matches(string text) => text.Length == 0 || Name.Contains(text, StringComparison.OrdinalIgnoreCase)
        || Role.Contains(text, StringComparison.OrdinalIgnoreCase);

    /// <summary>What they are sorted by.</summary>
    public IComparable Key(UserColumn column) => column switch
    {
        UserColumn.Name => Name,
        UserColumn.Kind => IsLocal ? T.Local : T.Directory,
        UserColumn.Role => Role.Length == 0 ? Roles.Count : Roles.ToList().IndexOf(Role),
    };

    private static UserRow Of(Ref<SubjectRecord> subject, SubjectRecord record)
    {
        var name = record.OtherConfig.GetValueOrDefault(NameKey, "");
        return new(
            subject, record, name.Length > 0 ? name : record.SubjectIdentifier,
            record.SubjectIdentifier.StartsWith(LocalPrefix, StringComparison.Ordinal),
            StaticRoles.Highest(record.Roles) is { } role ? RoleNames.ToWire(role) : "");
    }
}
