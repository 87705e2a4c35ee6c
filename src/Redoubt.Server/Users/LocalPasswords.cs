using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;
using Redoubt.Storage;

namespace Redoubt.Server.Users;

/// <summary>
/// The passwords of users that this pool itself knows: for the UUID of each subject a salted, slow hash, in <c>user-passwords.json</c> of
/// the daemon's directory. Not in the database, which lies on shared storage for whoever can read that.
/// </summary>
internal sealed class LocalPasswords
{
    private const string FileName = "user-passwords.json";

    private static readonly PasswordHasher<LocalPasswords> Hasher = new();

    private readonly KeptFile<ImmutableSortedDictionary<string, string>> _hashes;

    private LocalPasswords(KeptFile<ImmutableSortedDictionary<string, string>> hashes) => _hashes = hashes;

    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static LocalPasswords Open(PoolFiles files) => new(KeptFile<ImmutableSortedDictionary<string, string>>.Open(
        files,
        FileName,
        ImmutableSortedDictionary<string, string>.Empty,
        content => JsonSerializer.Deserialize<Dictionary<string, string>>(content)!.ToImmutableSortedDictionary(
            h => h.Key, h => PasswordHash.Require(h.Value)),
        hashes => JsonSerializer.SerializeToUtf8Bytes(hashes)));

    /// <summary>Whether this subject has a password, and so is a user of the pool's own.</summary>
    public bool Has(string subjectUuid) => _hashes.Value.ContainsKey(subjectUuid);

    /// <summary>Whether this is the subject's password. Takes tens of milliseconds, on purpose.</summary>
    public bool IsRight(string subjectUuid, string attempt) => _hashes.Value.TryGetValue(subjectUuid, out var hash)
        && Hasher.VerifyHashedPassword(this, hash, attempt) != PasswordVerificationResult.Failed;

    /// <summary>Sets a password; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written; the old one stays.</exception>
    public void Set(string subjectUuid, string password)
    {
        var fresh = Hasher.HashPassword(this, password);
        _hashes.Change(hashes => hashes.SetItem(subjectUuid, fresh));
    }

    /// <summary>Forgets the password of a subject that is gone.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Remove(string subjectUuid) => _hashes.Change(hashes => hashes.Remove(subjectUuid));
}
