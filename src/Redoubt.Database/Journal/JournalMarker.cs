using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Redoubt.Database.Journal;

/// <summary>
/// The text that frames every record of one full write: a UUID. Ours are of version 8 and end in the hexadecimal of "Redoub":
/// <c>xxxxxxxx-xxxx-8xxx-[89ab]xxx-5265646f7562</c>, the rest random. By that a reader knows that transactions are framed by parity.
/// </summary>
/// <remarks>
/// xapi keeps one marker as long as it runs; we draw a new one for every full write. Records left over from an earlier life of a half
/// can then never pass for records of this one.
/// </remarks>
public static class JournalMarker
{
    private const string Tail = "-5265646f7562";

    /// <summary>A new marker of ours.</summary>
    public static string Create()
    {
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        random[6] = (byte)(0x80 | (random[6] & 0x0f));
        random[8] = (byte)(0x80 | (random[8] & 0x3f));
        return string.Concat(new Guid(random, bigEndian: true).ToString("D").AsSpan(0, JournalLayout.MarkerBytes - Tail.Length), Tail);
    }

    /// <summary>Whether Redoubt wrote the records with this marker.</summary>
    public static bool IsOurs(ReadOnlySpan<byte> marker)
    {
        Span<byte> lower = stackalloc byte[JournalLayout.MarkerBytes];
        return Utf8Parser.TryParse(marker, out Guid guid, out var length) && length == JournalLayout.MarkerBytes
            && guid.TryFormat(lower, out _) && lower.SequenceEqual(marker)
            && marker[14] == '8' && marker[19] is (byte)'8' or (byte)'9' or (byte)'a' or (byte)'b'
            && marker.EndsWith(Encoding.ASCII.GetBytes(Tail));
    }
}
