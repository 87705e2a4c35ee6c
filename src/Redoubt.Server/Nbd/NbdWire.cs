using System.Buffers.Binary;

namespace Redoubt.Server.Nbd;

/// <summary>
/// What is said on an NBD connection before the disk is read, as the protocol's own document has it ("fixed newstyle" negotiation); numbers
/// are big-endian. What comes after is QEMU's.
/// <code>
/// server   8 "NBDMAGIC", 8 "IHAVEOPT", 2 flags
/// client   4 flags
/// client   8 "IHAVEOPT", 4 option, 4 length, data           again and again
/// server   8 magic, 4 option, 4 kind of reply, 4 length, data
/// </code>
/// </summary>
internal static class NbdWire
{
    public const int GreetingBytes = 18;
    public const int OptionHeaderBytes = 16;
    public const int ReplyHeaderBytes = 20;

    /// <summary>As long as what a client says of an option may be: names have 4,096 bytes at most.</summary>
    public const int LongestData = 8 << 10;

    /// <summary>Both sides' flags: options are answered, and the zeros behind the answer to the oldest one are left out.</summary>
    public const ushort KnownFlags = 3;

    private const ulong Greeting = 0x4e42444d41474943;
    private const ulong OptionMagic = 0x49484156454f5054;
    private const ulong ReplyMagic = 0x0003e889045565a9;
    private const ushort FixedNewstyle = 1;

    /// <summary>What the server begins with.</summary>
    public static byte[] Greet()
    {
        var bytes = new byte[GreetingBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Greeting);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), OptionMagic);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(16), KnownFlags);
        return bytes;
    }

    /// <summary>Whether this is what a server begins with that answers options.</summary>
    public static bool IsGreeting(ReadOnlySpan<byte> bytes) =>
        bytes.Length == GreetingBytes && BinaryPrimitives.ReadUInt64BigEndian(bytes) == Greeting
        && BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]) == OptionMagic
        && (BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]) & FixedNewstyle) != 0;

    /// <summary>Reads what is next of a client.</summary>
    /// <exception cref="InvalidDataException">It does not speak the protocol, or says too much.</exception>
    /// <exception cref="EndOfStreamException">It has gone.</exception>
    public static async Task<NbdRequest> ReadOptionAsync(Stream client, CancellationToken cancellationToken)
    {
        var header = new byte[OptionHeaderBytes];
        await client.ReadExactlyAsync(header, cancellationToken);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
        if (BinaryPrimitives.ReadUInt64BigEndian(header) != OptionMagic || length > LongestData)
        {
            throw new InvalidDataException("not an option of NBD");
        }

        var data = new byte[length];
        await client.ReadExactlyAsync(data, cancellationToken);
        return new((NbdOption)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)), data);
    }

    /// <summary>An option as a client sends it.</summary>
    public static byte[] Write(NbdRequest request)
    {
        var bytes = new byte[OptionHeaderBytes + request.Data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), (uint)request.Option);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(12), (uint)request.Data.Length);
        request.Data.CopyTo(bytes, OptionHeaderBytes);
        return bytes;
    }

    /// <summary>An answer to an option.</summary>
    public static byte[] Write(NbdReply reply)
    {
        var bytes = new byte[ReplyHeaderBytes + reply.Data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, ReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), (uint)reply.Option);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(12), (uint)reply.Kind);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(16), (uint)reply.Data.Length);
        reply.Data.CopyTo(bytes, ReplyHeaderBytes);
        return bytes;
    }

    /// <summary>Reads an answer of a server.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    /// <exception cref="EndOfStreamException">The server has gone.</exception>
    public static async Task<NbdReply> ReadReplyAsync(Stream server, CancellationToken cancellationToken)
    {
        var header = new byte[ReplyHeaderBytes];
        await server.ReadExactlyAsync(header, cancellationToken);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16));
        if (BinaryPrimitives.ReadUInt64BigEndian(header) != ReplyMagic || length > LongestData)
        {
            throw new InvalidDataException("not an answer of NBD");
        }

        var data = new byte[length];
        await server.ReadExactlyAsync(data, cancellationToken);
        return new(
            (NbdOption)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)),
            (NbdReplyKind)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12)),
            data);
    }
}
