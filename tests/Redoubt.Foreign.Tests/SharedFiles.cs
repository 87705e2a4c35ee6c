namespace Redoubt.Foreign.Tests;

/// <summary>Genuine databases that are not part of the repository: beside it, or where REDOUBT_SHARED points.</summary>
internal static class SharedFiles
{
    public static readonly string[] OldDumps = ["boston-two-vapps.xml", "cowley-policies.xml", "george-ha-volume.xml", "tampa-snapshots.xml"];

    public static string OldDump(string name) => Path(System.IO.Path.Combine("data", "xapi-databases", name));

    public static string Genuine(string name) => Path(System.IO.Path.Combine("data", "genuine-24.10", name));

    public static string Reference(string name) => Path(System.IO.Path.Combine("reference", name));

    private static string Path(string relative)
    {
        var root = Environment.GetEnvironmentVariable("REDOUBT_SHARED");
        for (var folder = AppContext.BaseDirectory; root is null && folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(System.IO.Path.Combine(folder, "Redoubt.slnx")))
            {
                root = System.IO.Path.Combine(folder, "..", "shared");
            }
        }

        var path = System.IO.Path.Combine(root ?? "", relative);
        Assert.SkipUnless(File.Exists(path), $"the genuine data is not on this machine: {relative}");
        return path;
    }
}
