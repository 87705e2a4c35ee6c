using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Redoubt.XenApi;

namespace Redoubt.Storage.Images;

/// <summary>
/// The bytes of the disk that a qcow2 image holds, read out of the image itself: QEMU says where in it they lie, and nothing is put
/// together beside it. The image is held open, so that what replaces or removes it changes nothing for the reader.
/// </summary>
internal sealed class Qcow2Content : ForwardStream
{
    // So much of a disk that what is said of it is kept whole (ChildProcess), however its clusters lie.
    private const long WindowBytes = 8L << 30;

    // An image in more pieces is rather put together than looked up.
    private const int PiecesMax = 1 << 22;

    private readonly SafeFileHandle _image;
    private readonly List<Piece> _pieces;
    private readonly long _sizeBytes;
    private long _at;
    private int _next;

    private Qcow2Content(SafeFileHandle image, List<Piece> pieces, long sizeBytes) =>
        (_image, _pieces, _sizeBytes) = (image, pieces, sizeBytes);

    /// <summary>Opens an image that stands alone.</summary>
    /// <returns>Null if it can't be read so: it is compressed, or lies in too many pieces.</returns>
    public static async Task<Qcow2Content?> TryOpenAsync(
        QemuImg images, string path, long sizeBytes, CancellationToken cancellationToken)
    {
        var image = Posix.OpenWithoutLinks(path);
        var isTaken = false;
        try
        {
            // By what is open, and not by its name, which may be another image's in a moment.
            var open = $"/proc/{Environment.ProcessId}/fd/{image.DangerousGetHandle()}";
            var pieces = new List<Piece>();
            for (var start = 0L; start < sizeBytes; start += WindowBytes)
            {
                var said = await images.MapAsync(open, start, Math.Min(WindowBytes, sizeBytes - start), cancellationToken);
                if (!TryAdd(pieces, said) || pieces.Count > PiecesMax)
                    return null;
            }

            isTaken = true;
            return new(image, pieces, sizeBytes);
        }
        finally
        {
            if (!isTaken)
                image.Dispose();
        }
    }

    /// <summary>How many bytes of zeros come next.</summary>
    public long ZerosAhead
    {
        get
        {
            FindPiece();
            return _next < _pieces.Count && _pieces[_next].Start <= _at ? 0 : Reach() - _at;
        }
    }

    /// <summary>Passes over some bytes.</summary>
    public long Skip(long count)
    {
        _at += count;
        return count;
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, _sizeBytes - _at);
        var rest = buffer[..count];
        while (rest.Length > 0)
        {
            FindPiece();
            var part = rest[..(int)Math.Min(rest.Length, Reach() - _at)];
            ReadPart(part);
            _at += part.Length;
            rest = rest[part.Length..];
        }

        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _image.Dispose();
        base.Dispose(disposing);
    }

    private void FindPiece()
    {
        while (_next < _pieces.Count && _pieces[_next].End <= _at)
            _next++;
    }

    // To the end of the piece that is begun, or to the beginning of the next.
    private long Reach() => _next == _pieces.Count ? _sizeBytes : _pieces[_next].Start > _at ? _pieces[_next].Start : _pieces[_next].End;

    private void ReadPart(Span<byte> part)
    {
        var done = 0;
        if (_next < _pieces.Count && _pieces[_next] is var piece && piece.Start <= _at)
        {
            var offset = piece.Offset + (_at - piece.Start);
            while (done < part.Length && RandomAccess.Read(_image, part[done..], offset + done) is > 0 and var read)
                done += read;
        }

        // What lies between pieces is zeros, and so is what an image's last cluster lacks.
        part[done..].Clear();
    }

    private static bool TryAdd(List<Piece> pieces, string said)
    {
        using var map = JsonDocument.Parse(said);
        foreach (var entry in map.RootElement.EnumerateArray())
        {
            if (entry.GetProperty("zero").GetBoolean())
                continue;
            if (!entry.GetProperty("data").GetBoolean() || !entry.TryGetProperty("offset", out var offset)
                || (entry.TryGetProperty("compressed", out var compressed) && compressed.GetBoolean()))
                return false;
            var piece = new Piece(entry.GetProperty("start").GetInt64(), entry.GetProperty("length").GetInt64(), offset.GetInt64());
            if (pieces.Count > 0 && pieces[^1] is var last && last.End == piece.Start && last.Offset + last.Length == piece.Offset)
                pieces[^1] = last with { Length = last.Length + piece.Length };
            else
                pieces.Add(piece);
        }

        return true;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Piece(long Start, long Length, long Offset)
    {
        public long End => Start + Length;
    }
}
