using System.Security.Cryptography;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// A key to the secrets of a pool: AES-256-GCM. A value is bound to the field and key of a map that it stands in, so that it can't be moved
/// to one that more people may read. It isn't bound to its row, for rows are copied while nobody can open what is in them.
/// </summary>
/// <remarks>
/// The nonce is derived from the value and its place, so that one value in one place is always sealed to one text: what did not change does
/// not look changed, and no nonce is ever used for two values. Safe for concurrent use.
/// </remarks>
public sealed class PoolKey
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _key;
    private readonly byte[] _sealing;
    private readonly byte[] _naming;

    /// <summary>The key of these bytes.</summary>
    /// <exception cref="CryptographicException">There are not 32 of them.</exception>
    public PoolKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes)
        {
            throw new CryptographicException($"a pool's key has {KeyBytes} bytes, not {key.Length}");
        }

        _key = key.ToArray();
        _sealing = HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, KeyBytes, info: "redoubt sealing"u8.ToArray());
        _naming = HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, KeyBytes, info: "redoubt nonces"u8.ToArray());
        Id = Convert.ToHexStringLower(
            HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, SealedText.KeyIdDigits / 2, info: "redoubt key id"u8.ToArray()));
    }

    /// <summary>What the key is called: it says nothing of the key.</summary>
    public string Id { get; }

    /// <summary>Draws a new key.</summary>
    public static PoolKey Create() => new(RandomNumberGenerator.GetBytes(KeyBytes));

    /// <summary>The bytes of the key.</summary>
    public byte[] Export() => [.. _key];

    /// <summary>Seals a value for one place.</summary>
    /// <param name="value">The value.</param>
    /// <param name="place">Where it stands: see <see cref="PlaceOf"/>.</param>
    public string Seal(string value, string place)
    {
        var plain = Encoding.UTF8.GetBytes(value);
        var bound = Encoding.UTF8.GetBytes(place);
        var content = new byte[NonceBytes + TagBytes + plain.Length];
        var nonce = content.AsSpan(0, NonceBytes);
        using (var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _naming))
        {
            mac.AppendData(BitConverter.GetBytes((long)bound.Length));
            mac.AppendData(bound);
            mac.AppendData(plain);
            mac.GetHashAndReset().AsSpan(0, NonceBytes).CopyTo(nonce);
        }

        using var aes = new AesGcm(_sealing, TagBytes);
        aes.Encrypt(nonce, plain, content.AsSpan(NonceBytes + TagBytes), content.AsSpan(NonceBytes, TagBytes), bound);
        return new SealedText(Id, content).ToString();
    }

    /// <summary>Opens what was sealed with this key for this place; null if it was not, or has been changed.</summary>
    public string? Open(SealedText text, string place)
    {
        var content = text.Content.Span;
        if (text.KeyId != Id || content.Length < NonceBytes + TagBytes)
        {
            return null;
        }

        var plain = new byte[content.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(_sealing, TagBytes);
        try
        {
            aes.Decrypt(
                content[..NonceBytes], content[(NonceBytes + TagBytes)..], content.Slice(NonceBytes, TagBytes), plain,
                Encoding.UTF8.GetBytes(place));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return Encoding.UTF8.GetString(plain);
    }

    /// <summary>What a value is bound to: the class and the field, and of a map the key.</summary>
    public static string PlaceOf(SecretField field, string key) => $"{field.Class.Name}\n{field.Field.Name}\n{key}";
}
