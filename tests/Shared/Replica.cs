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

        await CopyAsync(from + "/.", to);
    }

    /// <summary>
    /// Copies a file or directory into a directory. Of a metadata volume nearly all is a hole, which nobody should have to write.
    /// </summary>
    public static async Task CopyAsync(string from, string to)
    {
        using var copy = Process.Start("cp", ["-a", "--sparse=always", from, to]);
        await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, copy.ExitCode);
    }
}
