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
    : ISortedRow<UserColumn>
{
    /// <summary>All there are.</summary>
    public static List<UserRow> All(DatabaseState state) =>
    [
        .. state.All<SubjectRecord>().Select(s => new UserRow(
            s.Ref, s.Record, Subjects.NameOf(s.Record), Subjects.IsLocal(s.Record),
            StaticRoles.Highest(s.Record.Roles) is { } role ? RoleNames.ToWire(role) : "")),
    ];

    /// <inheritdoc/>
    public bool Matches(string text) => text.Length == 0 || Name.Contains(text, StringComparison.OrdinalIgnoreCase)
        || Role.Contains(text, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public IComparable Key(UserColumn column) => column switch
    {
        UserColumn.Name => Name,
        UserColumn.Kind => IsLocal ? T.Local : T.Directory,
        UserColumn.Role => RoleNames.Parse(Role) is { } role ? -(int)role : 1,
    };
}
