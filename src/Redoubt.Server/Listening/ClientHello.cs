using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Redoubt.Server.Listening;

/// <summary>
/// What a client offers in the first message of TLS, as far as it decides which kind of key it can do with (RFC 8446, 4.1.2). Pure.
/// <code>
/// record      1 byte 22, 2 version, 2 length       (a long message is cut into several)
/// handshake   1 byte 1, 3 length
/// hello       2 version, 32 random, 1+n session, 2+n cipher suites, 1+n compression, 2+n extensions: 2 kind, 2+n content
/// </code>
/// </summary>
/// <param name="CipherSuites">The cipher suites.</param>
/// <param name="Groups">The curves and other groups.</param>
/// <param name="Signatures">How it lets a server sign.</param>
internal sealed record ClientHello(IReadOnlyList<ushort> CipherSuites, IReadOnlyList<ushort> Groups, IReadOnlyList<ushort> Signatures)
{
    private const int RecordHeader = 5;
    private const byte HandshakeRecord = 22;
    private const byte HelloMessage = 1;
    private const ushort NameExtension = 0;
    private const ushort GroupsExtension = 10;
    private const ushort SignaturesExtension = 13;

    // Those of TLS 1.3 leave the kind of key open; of those of TLS 1.2 these are for elliptic keys.
    private static readonly HashSet<ushort> ForEllipticKeys =
        [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xCCA9, 0xC023, 0xC024, 0xC009, 0xC00A];

    /// <summary>The name of the server that it asks for (RFC 6066, 3); empty if it names none.</summary>
    public string ServerName { get; private init; } = "";

    /// <summary>Reads the message; null if it is none.</summary>
    public static ClientHello? Parse(ReadOnlySequence<byte> bytes)
    {
        try
        {
            return ParseMessage(Unframe(bytes.ToArray()));
        }
        catch (ArgumentOutOfRangeException)
        {
            // It is shorter than it says. What becomes of the connection, TLS itself decides.
            return null;
        }
    }

    /// <summary>Whether a server with an elliptic key on a curve can speak with this client.</summary>
    /// <param name="keyBits">The size of the curve: 256, 384 or 521.</param>
    public bool TakesEllipticKey(int keyBits)
    {
        var (group, signature) = keyBits switch
        {
            256 => ((ushort)0x0017, (ushort)0x0403),
            384 => ((ushort)0x0018, (ushort)0x0503),
            _ => ((ushort)0x0019, (ushort)0x0603),
        };
        return CipherSuites.Any(ForEllipticKeys.Contains) && Groups.Contains(group) && Signatures.Contains(signature);
    }

    private static byte[] Unframe(ReadOnlySpan<byte> bytes)
    {
        var message = new ArrayBufferWriter<byte>(bytes.Length);
        while (bytes.Length > RecordHeader && bytes[0] == HandshakeRecord)
        {
            var length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]), bytes.Length - RecordHeader);
            message.Write(bytes.Slice(RecordHeader, length));
            bytes = bytes[(RecordHeader + length)..];
        }

        return message.WrittenSpan.ToArray();
    }

    private static ClientHello? ParseMessage(ReadOnlySpan<byte> rest)
    {
        if (rest.Length == 0 || rest[0] != HelloMessage)
        {
            return null;
        }

        rest = rest[(1 + 3 + 2 + 32)..];
        Take(ref rest, 1);
        var suites = Numbers(Take(ref rest, 2));
        Take(ref rest, 1);
        IReadOnlyList<ushort> groups = [], signatures = [];
        var name = "";
        var extensions = rest.IsEmpty ? [] : Take(ref rest, 2);
        while (!extensions.IsEmpty)
        {
            var kind = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            var content = Take(ref extensions, 2);
            switch (kind)
            {
                case NameExtension: name = Name(Take(ref content, 2)); break;
                case GroupsExtension: groups = Numbers(Take(ref content, 2)); break;
                case SignaturesExtension: signatures = Numbers(Take(ref content, 2)); break;
            }
        }

        return new(suites, groups, signatures) { ServerName = name };
    }

    // Of names of other kinds there is none.
    private static string Name(ReadOnlySpan<byte> names) => Take(ref names, 1).IsEmpty && !names.IsEmpty
        ? Encoding.ASCII.GetString(Take(ref names, 2))
        : "";

    // A part that begins with its length.
    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> from, int lengthBytes)
    {
        var length = lengthBytes == 1 ? from[..1][0] : BinaryPrimitives.ReadUInt16BigEndian(from);
        var part = from.Slice(lengthBytes, length);
        from = from[(lengthBytes + length)..];
        return part;
    }

    private static List<ushort> Numbers(ReadOnlySpan<byte> from)
    {
        var numbers = new List<ushort>(from.Length / 2);
        for (; from.Length >= 2; from = from[2..])
        {
            numbers.Add(BinaryPrimitives.ReadUInt16BigEndian(from));
        }

        return numbers;
    }
}
