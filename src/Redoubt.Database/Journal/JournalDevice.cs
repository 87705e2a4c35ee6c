using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Database.Journal;

/// <summary>
/// A file or block device that a journal is written to: positional reads and writes, and a flush that makes them durable.
/// </summary>
/// <remarks>
/// <para>Calls block. A volume on a dead path can block for ever and cannot be cancelled, so whoever has a time limit runs the writer on a
/// thread of its own and stops waiting. Not safe for concurrent use; one writer to a volume is the caller's duty.</para>
/// <para>There is no interface with a false device behind it. Tests watch the operations of this one and build from them every image
/// that a crash could have left, so what is tested is the code that runs.</para>
/// </remarks>
public sealed class JournalDevice : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly byte[] _name;
    private readonly FileStanding _opened;
    private readonly FileStanding _named;

    private JournalDevice(string path, SafeFileHandle handle)
    {
        _handle = handle;
        Path = path;
        Length = NativeFile.Length(handle, path);
        _name = [.. Encoding.UTF8.GetBytes(path), 0];
        _opened = NativeFile.Of(handle, path);
        _named = NativeFile.Find(_name, path, behindLinks: false) ?? throw Displaced("it is gone");
        RequireInPlace();
    }

    /// <summary>Where the device is.</summary>
    public string Path { get; }

    /// <summary>Its length in bytes when it was opened.</summary>
    public long Length { get; }

    /// <summary>Sees every operation before it is done; for tests.</summary>
    internal Action<DeviceOperation>? Observer { get; set; }

    /// <summary>A view to read through. Each has a window of its own, so it must not be kept beyond the next write.</summary>
    internal JournalBytes Bytes => new(_handle);

    /// <summary>Opens an existing file or block device for reading and writing.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static JournalDevice Open(string path)
    {
        var handle = OpenHandle(path);
        try
        {
            return new JournalDevice(path, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes a new file of that length, all holes, and makes its content durable; whoever gives it its last name makes that durable.
    /// Nothing in it is a journal yet.
    /// </summary>
    /// <exception cref="IOException">The file exists or cannot be made.</exception>
    public static JournalDevice Create(string path, long length = JournalLayout.StorageVolumeBytes)
    {
        using (var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(handle, length);
            RandomAccess.FlushToDisk(handle);
        }

        return Open(path);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>
    /// Requires that whoever opens the path finds what this writes to, and may write there. Costs one question to the file system, so it
    /// can be asked before every flush.
    /// </summary>
    /// <exception cref="JournalException"><see cref="JournalFault.Displaced"/>.</exception>
    /// <exception cref="IOException">The file system does not say.</exception>
    internal void RequireInPlace()
    {
        var named = NativeFile.Find(_name, Path, behindLinks: false) ?? throw Displaced("it is gone");
        if (!named.IsSameAs(_named))
            throw Displaced(named.IsLink ? "a symbolic link has been put in its place" : "another file has been put in its place");
        var found = named.IsLink
            ? NativeFile.Find(_name, Path, behindLinks: true) ?? throw Displaced("the link there leads nowhere")
            : named;
        if (!found.IsSameAs(_opened))
            throw Displaced("another file has been put in its place");
        if (found.IsRegular && found.Length < Length)
            throw Displaced($"it was cut from {Length} to {found.Length} bytes");
        if (!found.IsOpenToAnybody)
            throw Displaced($"its permissions let nobody read and write it any more (mode {Convert.ToString(found.Mode & 0xfff, 8)})");
    }

    /// <summary>Opens the path again, as a reader elsewhere would, and requires that it leads to the same file.</summary>
    /// <exception cref="JournalException"><see cref="JournalFault.Displaced"/>.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    internal SafeFileHandle OpenAgain()
    {
        RequireInPlace();
        var handle = OpenHandle(Path);
        try
        {
            return NativeFile.Of(handle, Path).IsSameAs(_opened) ? handle : throw Displaced("another file has been put in its place");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>What lies at the path is no longer what this writes to.</summary>
    internal JournalException Displaced(string how) => new(JournalFault.Displaced, $"{Path} is no longer what was written to: {how}");

    internal int ReadAt(long offset, Span<byte> bytes) => RandomAccess.Read(_handle, bytes, offset);

    internal void WriteAt(long offset, ReadOnlySpan<byte> bytes)
    {
        if (Observer is { } observer)
            observer(new DeviceOperation(offset, bytes.ToArray()));
        RandomAccess.Write(_handle, bytes, offset);
    }

    internal void Flush()
    {
        Observer?.Invoke(new DeviceOperation(0, null));
        NativeFile.FlushData(_handle, Path);
    }

    private static SafeFileHandle OpenHandle(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
}
