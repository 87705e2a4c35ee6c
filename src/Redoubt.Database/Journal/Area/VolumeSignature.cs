using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// What a pool signs of a volume that it writes: which volume it is, and what one of its halves held. Bytes of it that are copied into
/// another volume prove nothing there, for that has another UUID. The content of section 2 of our area for the first half, and of section 3
/// for the second, little-endian:
/// <code>
/// 0     4  form, 1
/// 4     2  bytes of the public key
/// 6     2  bytes of the signature
/// 8    16  UUID of the volume's VDI
/// 24   16  UUID of its SR
/// 40   16  UUID of the pool
/// 56    8  life of the half
/// 64    8  generation
/// 72   16  checksum of the half from its first byte to the end of that generation, as its proof record has it
/// 88   36  marker of the half
/// 124   4  zero
/// 128      public key (SubjectPublicKeyInfo; ECDSA on P-256), then the signature (r and s, 32 bytes each, of the SHA-256 of
///          "redoubt-signed--" and all before the signature)
/// </code>
/// </summary>
/// <param name="Vdi">The volume.</param>
/// <param name="Sr">The SR that it is on.</param>
/// <param name="Pool">The pool whose database it holds.</param>
/// <param name="Life">The life of the half.</param>
/// <param name="Generation">Up to which generation the half is signed.</param>
/// <param name="Checksum">What the half held up to there.</param>
/// <param name="Marker">The marker of the half; who writes it anew draws another one.</param>
/// <param name="PublicKey">The key that verifies the signature.</param>
public sealed record VolumeSignature(
    Guid Vdi, Guid Sr, Guid Pool, long Life, long Generation, UInt128 Checksum, string Marker, ImmutableArray<byte> PublicKey)
{
    private const int Form = 1;
    private const int KeyOffset = 128;
    private const int MarkerOffset = 88;

    private static ReadOnlySpan<byte> Tag => "redoubt-signed--"u8;

    /// <summary>The key in words that people can compare.</summary>
    public string Fingerprint => VolumeKey.FingerprintOf(PublicKey.AsSpan());

    /// <summary>The section for a half.</summary>
    internal static int NumberOf(JournalHalf half) => half == JournalHalf.First ? 2 : 3;

    /// <summary>The content of a section, signed.</summary>
    internal byte[] Sign(VolumeKey key)
    {
        var content = new byte[KeyOffset + PublicKey.Length + VolumeKey.SignatureBytes];
        BinaryPrimitives.WriteInt32LittleEndian(content, Form);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(4), (ushort)PublicKey.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(6), VolumeKey.SignatureBytes);
        Vdi.TryWriteBytes(content.AsSpan(8), bigEndian: true, out _);
        Sr.TryWriteBytes(content.AsSpan(24), bigEndian: true, out _);
        Pool.TryWriteBytes(content.AsSpan(40), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(56), Life);
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(64), Generation);
        BinaryPrimitives.WriteUInt128BigEndian(content.AsSpan(72), Checksum);
        Encoding.Latin1.GetBytes(Marker, content.AsSpan(MarkerOffset, JournalLayout.MarkerBytes));
        PublicKey.CopyTo(content.AsSpan(KeyOffset));
        key.Sign(Signed(content.AsSpan(0, KeyOffset + PublicKey.Length))).CopyTo(content.AsSpan(KeyOffset + PublicKey.Length));
        return content;
    }

    /// <summary>
    /// What a section says, if its own key has signed it; <see langword="null"/> otherwise. Whose key that is it does not say.
    /// </summary>
    internal static VolumeSignature? Verify(AreaSection? section)
    {
        if (section is null || section.Content.Length < KeyOffset)
            return null;
        var content = section.Content.AsSpan();
        var (key, signature) = (BinaryPrimitives.ReadUInt16LittleEndian(content[4..]), BinaryPrimitives.ReadUInt16LittleEndian(content[6..]));
        if (BinaryPrimitives.ReadInt32LittleEndian(content) != Form || KeyOffset + key + signature > content.Length)
            return null;
        var publicKey = content.Slice(KeyOffset, key);
        return !VolumeKey.Verify(publicKey, Signed(content[..(KeyOffset + key)]), content.Slice(KeyOffset + key, signature))
            ? null
            : new VolumeSignature(
                new Guid(content.Slice(8, 16), bigEndian: true), new Guid(content.Slice(24, 16), bigEndian: true),
                new Guid(content.Slice(40, 16), bigEndian: true),
                BinaryPrimitives.ReadInt64LittleEndian(content[56..]), BinaryPrimitives.ReadInt64LittleEndian(content[64..]),
                BinaryPrimitives.ReadUInt128BigEndian(content[72..]),
                Encoding.Latin1.GetString(content.Slice(MarkerOffset, JournalLayout.MarkerBytes)),
                [.. publicKey]);
    }

    /// <summary>
    /// The signature of a half as it is now: signed with the marker that the half has, and with the checksum that its proof has for that
    /// generation. <see langword="null"/> where there is none, or somebody else has written the half since.
    /// </summary>
    /// <exception cref="IOException">The device does not give it.</exception>
    internal static VolumeSignature? Read(JournalBytes bytes, JournalLayout layout, VolumeArea area, JournalHalf half)
    {
        if (area.Header is null)
            return null;
        Span<byte> marker = stackalloc byte[JournalLayout.MarkerBytes];
        bytes.ReadAt(layout.StartOf(half), marker);
        VolumeSignature? newest = null;
        for (var copy = 0; copy < 2; copy++)
        {
            var found = Verify(AreaSection.ReadCopy(bytes, layout.AreaStart, copy, NumberOf(half)));
            if (found is not null && found.Marker == Encoding.Latin1.GetString(marker) && Holds(found, area.Proofs(half))
                && found.Generation > (newest?.Generation ?? -1))
            {
                newest = found;
            }
        }

        return newest;
    }

    private static bool Holds(VolumeSignature signature, ProofList proofs) =>
        proofs.Records.Any(
            p => p.Life == signature.Life && p.Generation == signature.Generation && p.Checksum == signature.Checksum
                && p.Marker == signature.Marker);

    private static byte[] Signed(ReadOnlySpan<byte> content) => [.. Tag, .. content];
}
