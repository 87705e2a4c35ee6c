namespace Redoubt.XenApi.Tests;

/// <summary>The checked-out repository that this test was built from.</summary>
internal static class Repository
{
    /// <summary>The folder of <c>Redoubt.slnx</c>.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Redoubt.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {from} has Redoubt.slnx.");
    }
}
