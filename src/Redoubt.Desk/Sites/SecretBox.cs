using System.Security.Cryptography;
using System.Text;
using Redoubt.Storage;

namespace Redoubt.Desk;

/// <summary>
/// Seals secrets with a key that never leaves the daemon's directory: AES-256-GCM, the key in <c>sites.key</c> (readable by the daemon's
/// user only, made when it is first needed). A sealed secret is bound to what it belongs to, so that it can't be moved to another entry.
/// <code>
///  offset  length
///       0      12  nonce, random
///      12      16  tag
///      28       n  the secret in UTF-8, encrypted
/// </code>
/// </summary>
internal sealed class SecretBox
{
    private const string FileName = "sites.key";
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _key;

    private SecretBox(byte[] key) => _key = key;

    /// <exception cref="InvalidDataException">The key file is no key.</exception>
    public static SecretBox Open(PoolFiles files)
    {
        if (Find(files.FullPath) is { } kept)
        {
            return kept;
        }

        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        files.Write(FileName, key);
        return new(key);
    }

    /// <summary>The one of a directory's key; null if there is none.</summary>
    /// <exception cref="InvalidDataException">The key file is no key; nothing was changed.</exception>
    public static SecretBox? Find(string directory)
    {
        var path = Path.Combine(directory, FileName);
        return DurableFile.Read(path) switch
        {
            null => null,
            { Length: KeyBytes } key => new(key),
            var other =>
                throw new InvalidDataException(
                    $"{path} can't be used: it has {other.Length} bytes, and the key to the sites' passwords has {KeyBytes}. Nothing was "
                        + $"changed. {KeptName.Find(FileName)!.Advice}"),
        };
    }

    /// <summary>Seals a secret for one owner.</summary>
    public byte[] Seal(string secret, string owner)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var sealedSecret = new byte[NonceBytes + TagBytes + plain.Length];
        var nonce = sealedSecret.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(
            nonce, plain, sealedSecret.AsSpan(NonceBytes + TagBytes), sealedSecret.AsSpan(NonceBytes, TagBytes),
            Encoding.UTF8.GetBytes(owner));
        return sealedSecret;
    }

    /// <summary>Opens what was sealed for this owner.</summary>
    /// <exception cref="InvalidDataException">It was sealed with another key or for another owner, or has been changed.</exception>
    public string Unseal(byte[] sealedSecret, string owner)
    {
        if (sealedSecret.Length < NonceBytes + TagBytes)
        {
            throw new InvalidDataException("A sealed password is too short.");
        }

        var cipher = sealedSecret.AsSpan(NonceBytes + TagBytes);
        var plain = new byte[cipher.Length];
        using var aes = new AesGcm(_key, TagBytes);
        try
        {
            aes.Decrypt(
                sealedSecret.AsSpan(0, NonceBytes), cipher, sealedSecret.AsSpan(NonceBytes, TagBytes), plain,
                Encoding.UTF8.GetBytes(owner));
        }
        catch (CryptographicException wrong)
        {
            throw new InvalidDataException("A sealed password does not open: the key or the entry has been changed.", wrong);
        }

        return Encoding.UTF8.GetString(plain);
    }
}
