namespace Redoubt.Storage.Images;

/// <summary>A file in the scratch directory that lasts no longer than its use.</summary>
internal sealed class ScratchFile : IDisposable
{
    /// <summary>Chooses a name in the directory, which is made if need be; the file itself is made by whoever writes it.</summary>
    public ScratchFile(string directory)
    {
        Directory.CreateDirectory(directory);
        FullPath = Path.Combine(Path.GetFullPath(directory), $"redoubt-scratch-{Guid.NewGuid():N}");
    }

    /// <summary>The absolute path.</summary>
    public string FullPath { get; }

    /// <summary>
    /// Opens the file for reading and takes away its name: the content lives until the stream is closed, even by a crash.
    /// </summary>
    public FileStream OpenAndUnlink()
    {
        var stream = new FileStream(
            FullPath, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous | FileOptions.SequentialScan);
        File.Delete(FullPath);
        return stream;
    }

    /// <summary>Removes the file if it still has a name.</summary>
    public void Dispose() => File.Delete(FullPath);
}
