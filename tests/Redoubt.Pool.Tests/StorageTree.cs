using System.Diagnostics;

namespace Redoubt.Pool.Tests;

/// <summary>What lies in a directory, byte for byte, with its times, and whose it is, for comparing.</summary>
internal static class StorageTree
{
    private const int BytesAtEachEnd = 1 << 20;

    /// <summary>Each entry's name, kind, size, time of its last change, and its content; of a very large file both ends.</summary>
    public static IReadOnlyList<string> Of(string directory) =>
    [
        .. new DirectoryInfo(directory).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .OrderBy(e => e.FullName, StringComparer.Ordinal)
            .Select(e => $"{e.FullName} {e.LastWriteTimeUtc:O} {(e is FileInfo file ? Describe(file) : "directory")}"),
        $"{directory} {Directory.GetLastWriteTimeUtc(directory):O}",
        Owners(directory),
    ];

    // With the times of such changes. What the kernel tells of access lists is in the mode.
    private static string Owners(string directory)
    {
        using var find = Process.Start(
            new ProcessStartInfo(
                "find", [directory, "-printf", "%p %U:%G %m %C@\\n"])
            { RedirectStandardOutput = true, UseShellExecute = false })!;
        var lines = find.StandardOutput.ReadToEnd().Split('\n').Order(StringComparer.Ordinal);
        find.WaitForExit();
        Assert.Equal(0, find.ExitCode);
        return string.Join('\n', lines);
    }

    private static string Describe(FileInfo file)
    {
        using var content = file.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[Math.Min(file.Length, 2 * BytesAtEachEnd)];
        content.ReadExactly(bytes.AsSpan(0, bytes.Length / 2));
        content.Seek(-(bytes.Length - (bytes.Length / 2)), SeekOrigin.End);
        content.ReadExactly(bytes.AsSpan(bytes.Length / 2));
        return $"{file.Length} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes))}";
    }
}
