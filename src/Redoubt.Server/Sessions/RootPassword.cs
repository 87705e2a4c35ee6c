using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;
using Redoubt.Server.Users;
using Redoubt.Storage;

namespace Redoubt.Server.Sessions;

/// <summary>The root password, of which only a salted, slow hash is kept, in <c>root-password.json</c> of the daemon's directory.</summary>
internal sealed class RootPassword
{
    // 20 characters of this alphabet are 100 bits; no two of them look alike.
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz23456789A";
    private const int GeneratedLength = 20;
    public const string FileName = "root-password.json";

    private static readonly PasswordHasher<RootPassword> Hasher = new();

    private readonly KeptFile<string> _hash;
    private readonly string _directory;

    private RootPassword(KeptFile<string> hash, string directory) => (_hash, _directory) = (hash, directory);

    /// <summary>Opens the pool's password; the first time, makes one.</summary>
    /// <param name="files">Where it is kept.</param>
    /// <param name="wanted">What the password shall be; null to keep the one there is.</param>
    /// <param name="show">
    /// Shows somebody the one that was made up. Before it is kept: a start that ends in between leaves a password that was shown and does
    /// not hold, and the next one shows another, rather than one that holds and nobody has seen.
    /// </param>
    /// <returns>The password, and in clear if it has just been made up: to be shown once and then forgotten.</returns>
    /// <exception cref="InvalidDataException">The file is garbled.</exception>
    public static (RootPassword Password, string? Generated) Open(PoolFiles files, string? wanted, Action<string> show)
    {
        var hash = Kept(files, replaced: wanted is not null);
        if (wanted is null && hash.Value.Length > 0)
        {
            return (new(hash, files.FullPath), null);
        }

        var password = new RootPassword(hash, files.FullPath);
        if (wanted is not null)
        {
            password.Set(wanted);
            return (password, null);
        }

        var generated = RandomNumberGenerator.GetString(Alphabet, GeneratedLength);
        show(generated);
        password.Keep(generated);
        return (password, generated);
    }

    /// <summary>The password that an operator has written into a file: its only line, or the second one after a user's name.</summary>
    /// <exception cref="InvalidDataException">It is empty.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static string ReadFrom(string file)
    {
        try
        {
            var lines = File.ReadAllLines(file);
            return (lines.Length > 1 && lines[1].Length > 0 ? lines[1] : lines.FirstOrDefault()) is { Length: > 0 } password
                ? password
                : throw new InvalidDataException($"The root password file {file} is empty. Write the password on its first line.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The root password file {file} can't be read: {e.Message}", e);
        }
    }

    /// <summary>Whether this is the password that a directory has now. Takes tens of milliseconds, on purpose.</summary>
    /// <exception cref="InvalidDataException">The file is garbled.</exception>
    public static bool IsRightIn(string directory, string attempt) =>
        new RootPassword(Kept(new(directory), replaced: false), directory).IsRight(attempt);

    /// <summary>Whether this is the password. Takes tens of milliseconds, on purpose.</summary>
    public bool IsRight(string attempt) => Hasher.VerifyHashedPassword(this, _hash.Value, attempt) != PasswordVerificationResult.Failed;

    /// <summary>Changes the password; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written; the old one stays.</exception>
    public void Set(string password)
    {
        Keep(password);
        FirstPassword.Forget(_directory);
    }

    private void Keep(string password)
    {
        var fresh = Hasher.HashPassword(this, password);
        _hash.Change(_ => fresh);
    }

    /// <summary>Reads the file; what is about to be replaced need not be a password.</summary>
    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static KeptFile<string> Kept(PoolFiles files, bool replaced) => KeptFile<string>.Open(
        files,
        FileName,
        "",
        content => replaced
            ? ""
            : PasswordHash.Require(JsonSerializer.Deserialize<Dictionary<string, string>>(content)?.GetValueOrDefault("hash")),
        hash => JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["hash"] = hash }),
        "Or set a new one with --root-password-file.");
}
