namespace Redoubt.Pool;

/// <summary>Where what is being transferred lies for as long as that takes: nothing there outlives the daemon that made it.</summary>
internal static class ScratchDirectory
{
    /// <summary>
    /// Makes the directory, and removes what a daemon that was killed has left there: half an upload, a disk that was being converted.
    /// </summary>
    /// <returns>Its path.</returns>
    public static string Open(string dataDirectory)
    {
        var scratch = Directory.CreateDirectory(Path.Combine(dataDirectory, "scratch"));
        foreach (var left in scratch.EnumerateFileSystemInfos())
        {
            if (left is DirectoryInfo { LinkTarget: null } directory)
            {
                directory.Delete(recursive: true);
            }
            else
            {
                left.Delete();
            }
        }

        return scratch.FullName;
    }
}
