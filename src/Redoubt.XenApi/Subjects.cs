namespace Redoubt.XenApi;

/// <summary>
/// What subjects are called, and which of them are a pool's own users: those have a password there and need no directory, which has
/// identifiers of another form. Pure.
/// </summary>
public static class Subjects
{
    /// <summary>The key in <c>other_config</c> of the name.</summary>
    public const string NameKey = "subject-name";

    private const string LocalPrefix = "local:";

    /// <summary>A new user of the pool's own.</summary>
    /// <param name="name">The name to log in with.</param>
    public static SubjectRecord Local(string name) => Named(LocalPrefix + name, name);

    /// <summary>A new subject.</summary>
    /// <param name="identifier">What tells it from all others; a directory has given it.</param>
    /// <param name="name">What it is called.</param>
    public static SubjectRecord Named(string identifier, string name) => new()
    {
        SubjectIdentifier = identifier,
        OtherConfig = new SubjectRecord().OtherConfig.Add(NameKey, name),
    };

    /// <summary>Whether a subject is a user of the pool's own, and not somebody, or a group, of a directory.</summary>
    public static bool IsLocal(SubjectRecord subject) => subject.SubjectIdentifier.StartsWith(LocalPrefix, StringComparison.Ordinal);

    /// <summary>The name a subject logs in with; null if it has none and so can't by itself.</summary>
    public static string? LoginName(SubjectRecord subject) =>
        subject.OtherConfig.TryGetValue(NameKey, out var name) && name.Length > 0 ? name : null;

    /// <summary>What people call a subject.</summary>
    public static string NameOf(SubjectRecord subject) => LoginName(subject) ?? subject.SubjectIdentifier;
}
