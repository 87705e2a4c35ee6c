using System.Collections.Immutable;
using System.Text.Json;
using Redoubt.Pool;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Directories;

/// <summary>
/// Lets people in whom a directory vouches for: those who are a subject themselves, or are in a group that is one. Which groups they are
/// in is asked at every login; a subject that goes, or loses its role, ends their sessions like those of the pool's own users.
/// </summary>
internal sealed class DirectoryLogins(PoolServices pool)
{
    private const string PasswordFile = "directory-password.json";

    private readonly Lock _gate = new();

    private string PasswordPath => pool.Files.PathOf(PasswordFile);

    /// <summary>The directory that is in use, or null.</summary>
    public LdapDirectory? Current()
    {
        var host = pool.State.Get(pool.Hosts.Local.Host);
        return host.ExternalAuthType.Length == 0
            ? null
            : new(DirectoryConfig.Parse(host.ExternalAuthType, host.ExternalAuthConfiguration), ReadPassword());
    }

    /// <summary>Who this is, or null: the directory does not vouch for them, or no subject lets them in.</summary>
    /// <exception cref="IOException">The directory can't be asked.</exception>
    public SessionOwner? Prove(string name, string password)
    {
        if (Current()?.Prove(name, password) is not { } entry)
        {
            return null;
        }

        // Their own subject first: it is the one that the session shows.
        ImmutableList<string> identifiers = [entry.Identifier, .. entry.Groups];
        var subjects = pool.State.All<SubjectRecord>()
            .Select(s => (s.Ref, Rank: identifiers.FindIndex(i => string.Equals(i, s.Record.SubjectIdentifier, StringComparison.OrdinalIgnoreCase))))
            .Where(s => s.Rank >= 0)
            .OrderBy(s => s.Rank)
            .Select(s => s.Ref)
            .ToImmutableList();
        return subjects.IsEmpty
            ? null
            : new() { UserName = entry.Name, Identifier = entry.Identifier, Subjects = subjects, IsFromDirectory = true };
    }

    /// <summary>Keeps the password of the account that looks entries up; durable when it returns.</summary>
    public void KeepPassword(string password)
    {
        lock (_gate)
        {
            pool.Files.Write(
                PasswordFile, JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["password"] = password }));
        }
    }

    /// <summary>Forgets it. The file stays: one that has gone is taken for lost.</summary>
    public void ForgetPassword() => KeepPassword("");

    /// <summary>Checks the file of a directory of the daemon's.</summary>
    /// <exception cref="InvalidDataException">It can't be used.</exception>
    public static void Check(string directory) => ReadPassword(Path.Combine(directory, PasswordFile));

    private string ReadPassword()
    {
        lock (_gate)
        {
            try
            {
                return ReadPassword(PasswordPath)
                    ?? throw new IOException($"The directory's password {PasswordPath} is missing. Enable the directory anew.");
            }
            catch (InvalidDataException unusable)
            {
                throw new IOException(unusable.Message, unusable);
            }
        }
    }

    private static string? ReadPassword(string path)
    {
        if (DurableFile.Read(path) is not { } content)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(content)!["password"];
        }
        catch (Exception garbled) when (garbled is JsonException or NullReferenceException or KeyNotFoundException)
        {
            throw new InvalidDataException(
                $"{path} is garbled ({garbled.Message.TrimEnd('.')}). Nothing was changed. {KeptName.Find(PasswordFile)!.Advice}", garbled);
        }
    }
}
