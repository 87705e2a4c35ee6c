using System.Globalization;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>
/// The tar archive around a VM's metadata: a header of 512 bytes, the one member <c>ova.xml</c> filled up to whole blocks, two empty
/// blocks.
/// <code>
///   0 name, NUL     100 mode    108 uid    116 gid    124 size    136 mtime    148 checksum      the last six: octal digits, NUL
/// </code>
/// </summary>
/// <remarks>
/// Only files are read, too: no links, no long names, and where only metadata is wanted, no second member. A name in the archive is
/// compared and never used, so there is no path that could lead anywhere.
/// </remarks>
internal static class TarMember
{
    public const string Name = "ova.xml";

    /// <summary>The unit of a tar archive.</summary>
    public const int BlockBytes = 512;

    private const int ChecksumAt = 148;
    private const int ChecksumBytes = 8;

    /// <summary>Writes the archive around the content, from where that stands to its end.</summary>
    public static void Write(Stream content, Stream archive)
    {
        var length = content.Length - content.Position;
        archive.Write(Header(Name, length));
        content.CopyTo(archive);
        archive.Write(new byte[Padding(length) + (2 * BlockBytes)]);
    }

    /// <summary>The header of a member.</summary>
    /// <param name="name">Its name, in at most 100 letters of ASCII.</param>
    /// <param name="length">The length of its content.</param>
    public static byte[] Header(string name, long length)
    {
        var header = new byte[BlockBytes];
        Encoding.ASCII.GetBytes(name, header.AsSpan(0, 100));
        Octal(header.AsSpan(100, 8), 0x100);
        Octal(header.AsSpan(108, 8), 0);
        Octal(header.AsSpan(116, 8), 0);
        Octal(header.AsSpan(124, 12), length);
        Octal(header.AsSpan(136, 12), 0);
        Octal(header.AsSpan(ChecksumAt, 7), Checksum(header));
        return header;
    }

    /// <summary>Reads a header; null: it is empty, which is the archive's end.</summary>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR</c>: it is none, or not that of a file.</exception>
    public static (string Name, long Length)? Parse(ReadOnlySpan<byte> header)
    {
        if (!header.ContainsAnyExcept((byte)0))
        {
            return null;
        }

        if (ReadOctal(header.Slice(ChecksumAt, ChecksumBytes)) != Checksum(header))
        {
            throw ArchiveFailure.Malformed("it is no tar archive, or a block of it is damaged");
        }

        var name = Encoding.UTF8.GetString(header[..100]).Split('\0')[0];
        return header[156] is 0 or (byte)'0' && ReadOctal(header.Slice(124, 12)) is { } length
            ? (name, length)
            : throw ArchiveFailure.Malformed($"the member {name} is no file of a known length");
    }

    /// <summary>Reads the header; the member's content follows, of the length that is given back.</summary>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR_…</c>: it is no such archive.</exception>
    public static long ReadHeader(Stream archive)
    {
        var header = new byte[BlockBytes];
        if (archive.ReadAtLeast(header, BlockBytes, throwOnEndOfStream: false) < BlockBytes)
        {
            throw new XenApiException("IMPORT_ERROR_PREMATURE_EOF");
        }

        var name = Encoding.UTF8.GetString(header.AsSpan(0, 100)).Split('\0')[0];
        if (ReadOctal(header.AsSpan(ChecksumAt, ChecksumBytes)) != Checksum(header))
        {
            throw ArchiveFailure.Malformed("it is no tar archive, or its first block is damaged");
        }

        if (name != Name)
        {
            throw new XenApiException("IMPORT_ERROR_UNEXPECTED_FILE", Name, XmlText.Clean(name));
        }

        return header[156] is 0 or (byte)'0' && ReadOctal(header.AsSpan(124, 12)) is { } length
            ? length
            : throw ArchiveFailure.Malformed($"the member {Name} is no file of a known length");
    }

    /// <summary>Reads what comes after the content, which must be nothing.</summary>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR_…</c>: the archive goes on, or breaks off.</exception>
    public static void ReadEnd(Stream archive, long contentBytes)
    {
        var rest = new byte[Padding(contentBytes) + BlockBytes];
        if (archive.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false) < rest.Length)
        {
            throw new XenApiException("IMPORT_ERROR_PREMATURE_EOF");
        }

        var next = rest.AsSpan(rest.Length - BlockBytes);
        if (next.ContainsAnyExcept((byte)0))
        {
            // Whoever sends a VM with its disks would otherwise believe that the disks have arrived.
            throw new XenApiException(
                "IMPORT_ERROR_UNEXPECTED_FILE", "the end of the archive",
                XmlText.Clean(Encoding.UTF8.GetString(next[..100]).Split('\0')[0]));
        }
    }

    /// <summary>The bytes that fill content up to whole blocks.</summary>
    public static int Padding(long length) => (int)((BlockBytes - (length % BlockBytes)) % BlockBytes);

    private static void Octal(Span<byte> field, long value)
    {
        var digits = Convert.ToString(value, 8).PadLeft(field.Length - 1, '0');
        if (digits.Length >= field.Length)
        {
            throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "size", value.ToString(CultureInfo.InvariantCulture), "a tar archive holds members of up to 8 GiB");
        }

        Encoding.ASCII.GetBytes(digits, field);
        field[^1] = 0;
    }

    private static long? ReadOctal(ReadOnlySpan<byte> field)
    {
        var value = 0L;
        var digits = 0;
        foreach (var c in field)
        {
            if (c is >= (byte)'0' and <= (byte)'7')
            {
                (value, digits) = ((value << 3) + (c - '0'), digits + 1);
            }
            else if (c is not (0 or (byte)' '))
            {
                return null;
            }
            else if (digits > 0)
            {
                break;
            }
        }

        return digits > 0 ? value : null;
    }

    // The sum of all bytes, those of the sum itself counted as spaces.
    private static long Checksum(ReadOnlySpan<byte> header)
    {
        var sum = 0L;
        for (var i = 0; i < header.Length; i++)
        {
            sum += i is >= ChecksumAt and < ChecksumAt + ChecksumBytes ? ' ' : header[i];
        }

        return sum;
    }
}
