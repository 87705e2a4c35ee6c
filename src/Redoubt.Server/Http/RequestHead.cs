using System.Buffers;
using System.Globalization;
using System.Text;

namespace Redoubt.Server.Http;

/// <summary>
/// Of the head of an HTTP request what says where it ends, and whether it has a <c>Host</c> header where it needs one. Pure.
/// </summary>
/// <param name="Length">How long it is, in bytes, with the empty line.</param>
/// <param name="RequestLine">How long its first line is.</param>
/// <param name="NeedsHost">Whether it is HTTP/1.1 and has no <c>Host</c> header.</param>
/// <param name="BodyBytes">How long the body after it is, unless that comes in chunks.</param>
/// <param name="IsChunked">Whether the body comes in chunks.</param>
/// <param name="IsUpgrade">Whether something else than HTTP may follow.</param>
internal sealed record RequestHead(int Length, int RequestLine, bool NeedsHost, long BodyBytes, bool IsChunked, bool IsUpgrade)
{
    /// <summary>Reads a head; null if it is not there as a whole, or none.</summary>
    public static RequestHead? TryRead(ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> text, End))
        {
            return null;
        }

        var lines = Encoding.Latin1.GetString(text).Split("\r\n");
        var headers = lines.Skip(1).Select(l => l.Split(':', 2)).Where(h => h.Length == 2)
            .Select(h => (Name: h[0], Value: h[1].Trim())).ToList();
        string? Header(string name) => headers.Find(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
        var length = Header("Content-Length");
        if (length is not null && !long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            return null;
        }

        return new(
            (int)reader.Consumed,
            lines[0].Length + 2,
            lines[0].EndsWith(" HTTP/1.1", StringComparison.Ordinal) && Header("Host") is null,
            length is null ? 0 : long.Parse(length, CultureInfo.InvariantCulture),
            Header("Transfer-Encoding")?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true,
            Header("Upgrade") is not null || lines[0].StartsWith("CONNECT ", StringComparison.Ordinal));
    }

    /// <summary>What ends a head.</summary>
    public static ReadOnlySpan<byte> End => "\r\n\r\n"u8;
}
