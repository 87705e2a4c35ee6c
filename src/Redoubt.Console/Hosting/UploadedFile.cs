using Microsoft.Win32.SafeHandles;

namespace Redoubt.Console;

/// <summary>A file that somebody has sent to be looked into. It has no name on the disk, and is gone when this is disposed.</summary>
public sealed class UploadedFile : IDisposable
{
    private readonly FileStream _content;

    internal UploadedFile(string name, FileStream content) => (Name, _content) = (name, content);

    /// <summary>What it is called where it comes from.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public void Dispose() => _content.Dispose();

    /// <summary>Opens it once more, so that a reader that is slow may end when this has been disposed.</summary>
    internal SafeFileHandle OpenToRead() => File.OpenHandle($"/proc/self/fd/{_content.SafeFileHandle.DangerousGetHandle()}");
}
