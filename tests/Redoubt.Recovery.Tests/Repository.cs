namespace Redoubt.Recovery.Tests;

/// <summary>The sources these tests are about.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string directory) =>
        File.Exists(Path.Combine(directory, "Redoubt.slnx")) ? directory : Find(Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("no repository"));
}
