namespace Redoubt.Tests;

/// <summary>Genuine databases and references that are not part of the repository: beside it, or where REDOUBT_SHARED points.</summary>
internal static class SharedFiles
{
    public static readonly string[] OldDumps =
        ["boston-two-vapps.xml", "cowley-policies.xml", "george-ha-volume.xml", "tampa-snapshots.xml"];

    private static readonly string Folder = Environment.GetEnvironmentVariable("REDOUBT_SHARED")
        ?? Path.Combine(Repository.Root, "..", "shared");

    /// <summary>The recordings of requests to a genuine xapi and its answers; null if they are not on this machine.</summary>
    public static string? Transcripts { get; } = Path.Combine(Folder, "data", "genuine-24.10", "transcripts") is var path
        && Directory.Exists(path) ? path : null;

    public static string OldDump(string name) => Find("data", "xapi-databases", name);

    public static string Genuine(string name) => Find("data", "genuine-24.10", name);

    public static string Reference(string name) => Find("reference", name);

    public static string Data(string name) => Find("data", name);

    private static string Find(params string[] names)
    {
        var path = Path.Combine([Folder, .. names]);
        Assert.SkipUnless(
            File.Exists(path), $"this is not on this machine: {Path.Combine(names)}; REDOUBT_SHARED may name the folder that has it.");
        return path;
    }
}
