using System.Diagnostics;

namespace Redoubt.Tests;

/// <summary>What arrays do.</summary>
internal static class Replica
{
    /// <summary>What a replicating array leaves at the other site: the same blocks, holes included, and nothing else.</summary>
    public static async Task MirrorAsync(string from, string to)
    {
        foreach (var entry in Directory.EnumerateDirectories(to))
        {
            Directory.Delete(entry, recursive: true);
        }

        using var copy = Process.Start("cp", ["-a", "--sparse=always", from + "/.", to]);
        await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, copy.ExitCode);
    }
}
