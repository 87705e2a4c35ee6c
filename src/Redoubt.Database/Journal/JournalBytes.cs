using Microsoft.Win32.SafeHandles;

namespace Redoubt.Database.Journal;

/// <summary>Positional reading from a handle or a seekable stream; never writes and owns neither.</summary>
/// <remarks>Small reads go through a window, for a log is thousands of small records in a row.</remarks>
internal sealed class JournalBytes
{
    private readonly SafeFileHandle? _handle;
    private readonly Stream? _stream;
    private readonly byte[] _window = new byte[64 * 1024];
    private long _windowAt;
    private int _windowLength;

    public JournalBytes(SafeFileHandle handle) => _handle = handle;

    public JournalBytes(Stream stream) => _stream = stream;

    /// <summary>Fills the span from that place; answers fewer bytes only at the end of the volume.</summary>
    /// <exception cref="IOException">The device does not give them.</exception>
    public int ReadAt(long offset, Span<byte> bytes)
    {
        if (bytes.Length > _window.Length / 4)
            return ReadFully(offset, bytes);
        if (offset < _windowAt || offset + bytes.Length > _windowAt + _windowLength)
        {
            (_windowAt, _windowLength) = (offset, 0);
            try
            {
                _windowLength = ReadFully(offset, _window);
            }
            catch (IOException)
            {
                // Something in the window is bad, perhaps not what was asked for.
                return ReadFully(offset, bytes);
            }
        }

        var start = (int)(offset - _windowAt);
        var available = Math.Min(bytes.Length, _windowLength - start);
        _window.AsSpan(start, available).CopyTo(bytes);
        return available;
    }

    private int ReadFully(long offset, Span<byte> bytes)
    {
        var done = 0;
        while (done < bytes.Length)
        {
            var read = ReadSome(offset + done, bytes[done..]);
            if (read == 0)
                break;
            done += read;
        }

        return done;
    }

    private int ReadSome(long offset, Span<byte> bytes)
    {
        if (_handle is not null)
            return RandomAccess.Read(_handle, bytes, offset);
        _stream!.Position = offset;
        return _stream.Read(bytes);
    }
}
