namespace Redoubt.Recovery.Tests;

/// <summary>Genuine databases that are not part of the repository: beside it, or where REDOUBT_SHARED points.</summary>
internal static class SharedFiles
{
    public static string Genuine(string name)
    {
        var root = Environment.GetEnvironmentVariable("REDOUBT_SHARED") ?? Path.Combine(Repository.Root, "..", "shared");
        var path = Path.Combine(root, "data", "genuine-24.10", name);
        Assert.SkipUnless(File.Exists(path), $"the genuine data is not on this machine: {name}");
        return path;
    }
}
