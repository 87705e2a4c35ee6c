using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;

namespace Redoubt.Server.Users;

/// <summary>
/// The passwords of users that this pool itself knows: for the UUID of each subject a salted, slow hash, in <c>user-passwords.json</c> of
/// the daemon's directory. Not in the database, which lies on shared storage for whoever can read that.
/// </summary>
internal sealed class LocalPasswords
{
    private const string FileName = "user-passwords.json";

    private static readonly PasswordHasher<LocalPasswords> Hasher = new();

    private readonly string _path;
    private readonly Lock _writing = new();
    private volatile ImmutableSortedDictionary<string, string> _hashes;

    private LocalPasswords(string path, ImmutableSortedDictionary<string, string> hashes) => (_path, _hashes) = (path, hashes);

    /// <exception cref="InvalidDataException">The file is garbled.</exception>
    public static LocalPasswords Open(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
        {
            return new(path, ImmutableSortedDictionary<string, string>.Empty);
        }

        try
        {
            var hashes = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllBytes(path)) ?? throw new JsonException("it holds nothing");
            return new(path, hashes.ToImmutableSortedDictionary());
        }
        catch (JsonException broken)
        {
            throw new InvalidDataException(
                $"The file of the users' passwords {path} is garbled ({broken.Message}). Remove it and give every user a new password.", broken);
        }
    }

    /// <summary>Whether this subject has a password, and so is a user of the pool's own.</summary>
    public bool Has(string subjectUuid) => _hashes.ContainsKey(subjectUuid);

    /// <summary>Whether this is the subject's password. Takes tens of milliseconds, on purpose.</summary>
    public bool IsRight(string subjectUuid, string attempt) => _hashes.TryGetValue(subjectUuid, out var hash)
        && Hasher.VerifyHashedPassword(this, hash, attempt) != PasswordVerificationResult.Failed;

    /// <summary>Sets a password; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written; the old one stays.</exception>
    public void Set(string subjectUuid, string password)
    {
        var fresh = Hasher.HashPassword(this, password);
        Write(hashes => hashes.SetItem(subjectUuid, fresh));
    }

    /// <summary>Forgets the password of a subject that is gone.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Remove(string subjectUuid)
    {
        if (Has(subjectUuid))
        {
            Write(hashes => hashes.Remove(subjectUuid));
        }
    }

    private void Write(Func<ImmutableSortedDictionary<string, string>, ImmutableSortedDictionary<string, string>> change)
    {
        lock (_writing)
        {
            var changed = change(_hashes);
            PrivateFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(changed));
            _hashes = changed;
        }
    }
}
