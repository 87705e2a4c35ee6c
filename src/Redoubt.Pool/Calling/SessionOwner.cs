using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Whom a session belongs to. What they may do is looked up whenever they do something, so that a change counts at once.</summary>
public sealed record SessionOwner
{
    /// <summary>What the machine's own superuser is called.</summary>
    public const string RootName = "root";

    /// <summary>The machine's own superuser, whom no table lists.</summary>
    public static SessionOwner Root { get; } = new() { UserName = RootName };

    /// <summary>The name they logged in with.</summary>
    public required string UserName { get; init; }

    /// <summary>
    /// Who opened the session, where it bears another name, as one on a foreign database does; null where it bears theirs.
    /// </summary>
    public string? OpenedBy { get; init; }

    /// <summary>The identifier of whoever logged in; nothing for the superuser.</summary>
    public string Identifier { get; init; } = "";

    /// <summary>Whether a directory vouched for them.</summary>
    public bool IsFromDirectory { get; init; }

    /// <summary>The subjects that let them in: themselves, or groups of a directory that they are in. None for the superuser.</summary>
    public ImmutableList<Ref<SubjectRecord>> Subjects { get; init; } = [];

    /// <summary>The highest role of the subjects, or null: there is none left.</summary>
    public Role? RoleIn(DatabaseState state) =>
        Subjects.IsEmpty
            ? Role.LocalRoot
            : StaticRoles.Highest(Subjects.Select(state.Find).OfType<SubjectRecord>().SelectMany(s => s.Roles));
}
