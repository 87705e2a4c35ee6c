namespace Redoubt.Console.Tests;

/// <summary>Where the repository is that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Redoubt.slnx")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("These tests were not built inside the repository.");
        }

        return directory;
    }
}
