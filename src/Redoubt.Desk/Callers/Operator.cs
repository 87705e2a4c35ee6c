using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Who ordered something that goes on without them: a run that is resumed after a restart, a test in the night. What they may do is
/// looked up again when it goes on, so that whoever has lost their role stops then.
/// </summary>
internal sealed record Operator
{
    /// <summary>The name they logged in with.</summary>
    public required string UserName { get; init; }

    /// <summary>Their identifier; nothing for the superuser.</summary>
    public string Identifier { get; init; } = "";

    /// <summary>Whether a directory vouched for them.</summary>
    public bool IsFromDirectory { get; init; }

    /// <summary>The subjects that let them in.</summary>
    public ImmutableArray<string> SubjectUuids { get; init; } = [];

    public static Operator Of(SessionOwner owner, DatabaseState state) => new()
    {
        UserName = owner.UserName,
        Identifier = owner.Identifier,
        IsFromDirectory = owner.IsFromDirectory,
        SubjectUuids = [.. owner.Subjects.Select(state.Find).OfType<SubjectRecord>().Select(s => s.Uuid)],
    };

    /// <summary>The owner of a session for them.</summary>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>: they are no user of this pool any more.</exception>
    public SessionOwner ToOwner(DatabaseState state)
    {
        var subjects = state.All<SubjectRecord>().Where(s => SubjectUuids.Contains(s.Record.Uuid)).Select(s => s.Ref).ToImmutableList();

        // An owner without subjects is the superuser, which nobody becomes by being removed.
        return subjects.IsEmpty && UserName != SessionOwner.RootName
            ? throw new XenApiException("RBAC_PERMISSION_DENIED", UserName, $"{UserName} is no user of this pool any more.")
            : new() { UserName = UserName, Identifier = Identifier, IsFromDirectory = IsFromDirectory, Subjects = subjects };
    }
}
