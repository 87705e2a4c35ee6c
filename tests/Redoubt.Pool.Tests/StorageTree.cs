namespace Redoubt.Pool.Tests;

/// <summary>What lies in a directory, byte for byte and with its times, for comparing.</summary>
internal static class StorageTree
{
    private const int BytesAtEachEnd = 1 << 20;

    /// <summary>Each entry's name, kind, size, time of its last change, and its content; of a very large file both ends.</summary>
    public static IReadOnlyList<string> Of(string directory) =>
    [
        .. new DirectoryInfo(directory).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).OrderBy(e => e.FullName, StringComparer.Ordinal)
            .Select(e => $"{e.FullName} {e.LastWriteTimeUtc:O} {(e is FileInfo file ? Describe(file) : "directory")}"),
        $"{directory} {Directory.GetLastWriteTimeUtc(directory):O}",
    ];

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
