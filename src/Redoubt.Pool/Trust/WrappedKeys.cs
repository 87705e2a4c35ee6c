using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Keys to secrets on their way to another site: a JSON file for one recipient, wrapped with a passphrase.
/// <c>docs/formats/sealed-secrets.md</c>
/// describes it.
/// </summary>
internal static class WrappedKeys
{
    private const string Format = "redoubt-pool-key";
    private const string Kdf = "PBKDF2-HMAC-SHA512";
    private const int Iterations = 210_000;

    // What a file may ask for: a thousand times as much would keep a core busy for minutes.
    private const int MostIterations = 10_000_000;
    private const int MostKeys = 1000;
    private const int MostBytes = 1 << 20;
    private const int SaltBytes = 16;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    /// <summary>Wraps keys.</summary>
    public static string Write(
        IReadOnlyList<HeldKey> keys, string pool, string poolName, string recipient, string passphrase, DateTimeOffset now)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(keys.Select(k => new Content(k.Id, k.Key, k.Pool, k.PoolName)).ToArray(), Json);
        var (salt, nonce) = (RandomNumberGenerator.GetBytes(SaltBytes), RandomNumberGenerator.GetBytes(NonceBytes));
        var file = new File(Format, 1, pool, poolName, recipient, MomentText.Of(now), Kdf, Iterations, salt, nonce, []);
        var sealedKeys = new byte[TagBytes + plain.Length];
        using var aes = new AesGcm(Derive(passphrase, file), TagBytes);
        aes.Encrypt(nonce, plain, sealedKeys.AsSpan(TagBytes), sealedKeys.AsSpan(0, TagBytes), Bound(file));
        return JsonSerializer.Serialize(file with { Sealed = sealedKeys }, Json) + "\n";
    }

    /// <summary>Takes keys out of a file.</summary>
    /// <param name="text">The file.</param>
    /// <param name="passphrase">Its passphrase.</param>
    /// <param name="now">The time, since when they are here.</param>
    /// <exception cref="InvalidDataException">It is no such file, or the passphrase does not open it; the message says which.</exception>
    public static IReadOnlyList<HeldKey> Read(string text, string passphrase, DateTimeOffset now)
    {
        if (text.Length > MostBytes)
        {
            throw new InvalidDataException("it is larger than any export of a pool's key");
        }

        var file = Parse(text);
        var plain = new byte[file.Sealed.Length - TagBytes];
        using var aes = new AesGcm(Derive(passphrase, file), TagBytes);
        try
        {
            aes.Decrypt(file.Nonce, file.Sealed.AsSpan(TagBytes), file.Sealed.AsSpan(0, TagBytes), plain, Bound(file));
        }
        catch (AuthenticationTagMismatchException wrong)
        {
            throw new InvalidDataException(
                $"the passphrase does not open it (it was made for {BriefText.Of(file.Recipient)}), or it has been changed", wrong);
        }

        var keys = JsonSerializer.Deserialize<Content[]>(plain, Json) ?? [];
        if (keys.Length is 0 or > MostKeys || keys.Any(k => k is not { Id: not null, Key: not null, Pool: not null, PoolName: not null } || k.Key.Length != PoolKey.KeyBytes || new PoolKey(k.Key).Id != k.Id))
        {
            throw new InvalidDataException("what is in it is no key");
        }

        return [.. keys.Select(k => new HeldKey(k.Id, k.Key, k.Pool, k.PoolName, now))];
    }

    private static File Parse(string text)
    {
        File? file;
        try
        {
            file = JsonSerializer.Deserialize<File>(text, Json);
        }
        catch (JsonException garbled)
        {
            throw new InvalidDataException("it is no export of a pool's key", garbled);
        }

        return file is not { Format: Format, Pool: not null, PoolName: not null, Recipient: not null, Made: not null } ? throw new InvalidDataException("it is no export of a pool's key")
            : file is not { Version: 1, Kdf: Kdf } ? throw new InvalidDataException(
                $"it is of version {file.Version} ({BriefText.Of(file.Kdf ?? "")}), which this Redoubt does not know")
            : file.Iterations is < 1 or > MostIterations ? throw new InvalidDataException(
                $"it asks for {file.Iterations} iterations; {MostIterations} are the most")
            : file.Salt is not { Length: >= SaltBytes } || file.Nonce is not { Length: NonceBytes }
                || file.Sealed is not { Length: > TagBytes } ? throw new InvalidDataException("it is damaged: a part of it is too short")
            : file;
    }

    private static byte[] Derive(string passphrase, File file) =>
        Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(passphrase), file.Salt, file.Iterations, HashAlgorithmName.SHA512, PoolKey.KeyBytes);

    // Whatever stands beside the keys is bound to them, so that nobody can be told another pool or recipient than the file was made with.
    private static byte[] Bound(File file) =>
        Encoding.UTF8.GetBytes(string.Join('\n', file.Format, file.Version, file.Pool, file.PoolName, file.Recipient, file.Made));

    private sealed record File(
        string Format, int Version, string Pool, string PoolName, string Recipient, string Made, string Kdf, int Iterations, byte[] Salt,
        byte[] Nonce, byte[] Sealed);

    private sealed record Content(string Id, byte[] Key, string Pool, string PoolName);
}
