namespace Redoubt.XenApi.Tests.Reference;

/// <summary>
/// Where the reference documents lie: a folder <c>shared</c> beside the repository, or the one that <c>REDOUBT_SHARED</c> names. They
/// are no part of the repository, so a test that needs them is skipped where there are none.
/// </summary>
internal static class SharedFolder
{
    public static string FileOrSkip(string name) => PathOrSkip(Path.Combine("reference", name));

    public static string DataOrSkip(string name) => PathOrSkip(Path.Combine("data", name));

    private static string PathOrSkip(string name)
    {
        var shared = Environment.GetEnvironmentVariable("REDOUBT_SHARED") ?? Path.Combine(Repository.Root, "..", "shared");
        var path = Path.Combine(shared, name);
        Assert.SkipUnless(File.Exists(path), $"{name} is not on this machine; set REDOUBT_SHARED to the folder that has it.");
        return path;
    }
}
