namespace Redoubt.Desk;

/// <summary>The files that the desk keeps in the daemon's directory.</summary>
public static class DeskFiles
{
    /// <summary>
    /// Each by its name, with what reads it in a directory to find out whether it can be used, which throws
    /// <see cref="InvalidDataException"/>
    /// if not.
    /// </summary>
    public static IReadOnlyList<(string Name, Action<string> Check)> Checks { get; } =
    [
        ("sites.key", directory => SecretBox.Find(directory)),
        ("sites.json", SiteFile.Check),
        ("schedules.json", Schedules.Check),
        ("approvals.json", directory => Approvals.Kept(new(directory))),
        ("operators.json", directory => Operators.Kept(new(directory))),
    ];
}
