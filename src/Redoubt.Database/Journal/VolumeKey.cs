using System.Security.Cryptography;

namespace Redoubt.Database.Journal;

/// <summary>
/// A pool's key for its metadata volumes. Who has it can make volumes that count as the pool's own; who has only the public half can tell
/// them from what a guest has written onto its disk. ECDSA on P-256, which needs nothing but the base library.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class VolumeKey : IDisposable
{
    /// <summary>Bytes of a signature.</summary>
    public const int SignatureBytes = 64;

    // How the SubjectPublicKeyInfo of a key on P-256 begins: an uncompressed point, 64 bytes, follows. Nothing else is given to a parser,
    // for a forged volume may say anything.
    private static ReadOnlySpan<byte> Head =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
        0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    private const int PointBytes = 64;

    private readonly ECDsa _key;
    private readonly Lock _signing = new();

    private VolumeKey(ECDsa key)
    {
        _key = key;
        PublicKey = key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>The public half, as SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>The public half in words that people can compare.</summary>
    public string Fingerprint => FingerprintOf(PublicKey.Span);

    /// <summary>Draws a new key.</summary>
    public static VolumeKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The key that <see cref="Export"/> gave.</summary>
    /// <exception cref="CryptographicException">It is no such key.</exception>
    public static VolumeKey Import(ReadOnlySpan<byte> privateKey)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(privateKey, out _);
            return key.KeySize == 256 ? new VolumeKey(key) : throw new CryptographicException($"it has {key.KeySize} bits, not 256");
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Both halves, as PKCS #8.</summary>
    public byte[] Export() => _key.ExportPkcs8PrivateKey();

    /// <summary>The SHA-256 of a public key, in hexadecimal.</summary>
    public static string FingerprintOf(ReadOnlySpan<byte> publicKey) => Convert.ToHexStringLower(SHA256.HashData(publicKey));

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    /// <summary>
    /// Signs something; whoever signs says at the beginning of it what it is, so that it can't be taken for anything else.
    /// </summary>
    public byte[] Sign(byte[] content)
    {
        lock (_signing)
        {
            return _key.SignData(content, HashAlgorithmName.SHA256);
        }
    }

    /// <summary>Whether a key has signed this. What is no key has signed nothing.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, byte[] content, ReadOnlySpan<byte> signature)
    {
        if (!publicKey.StartsWith(Head) || publicKey.Length != Head.Length + PointBytes)
            return false;
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(publicKey, out _);
            return key.VerifyData(content, signature, HashAlgorithmName.SHA256);
        }
        catch (Exception none) when (none is CryptographicException or PlatformNotSupportedException)
        {
            // A point that is not on the curve; which exception that is depends on the library below.
            return false;
        }
    }
}
