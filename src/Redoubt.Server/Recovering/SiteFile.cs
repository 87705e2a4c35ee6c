using System.Collections.Immutable;
using System.Text.Json;

namespace Redoubt.Server.Recovering;

/// <summary>
/// The sites and their sealed passwords: <c>sites.json</c> of the daemon's directory. Not in the pool's database, which lies on shared
/// storage for whoever can read that.
/// </summary>
internal sealed class SiteFile
{
    private readonly string _path;
    private readonly SecretBox _secrets;
    private readonly Lock _writing = new();
    private volatile ImmutableSortedDictionary<string, Entry> _entries;

    private SiteFile(string path, SecretBox secrets, ImmutableSortedDictionary<string, Entry> entries) => (_path, _secrets, _entries) = (path, secrets, entries);

    /// <exception cref="InvalidDataException">The file is garbled.</exception>
    public static SiteFile Open(string directory)
    {
        var path = Path.Combine(directory, "sites.json");
        var secrets = SecretBox.Open(directory);
        try
        {
            return new(path, secrets, File.Exists(path)
                ? JsonSerializer.Deserialize<List<Entry>>(File.ReadAllBytes(path))!.ToImmutableSortedDictionary(e => e.Site.Name, e => e, StringComparer.Ordinal)
                : ImmutableSortedDictionary.Create<string, Entry>(StringComparer.Ordinal));
        }
        catch (Exception broken) when (broken is JsonException or ArgumentException or NullReferenceException)
        {
            throw new InvalidDataException($"The file of the sites {path} is garbled ({broken.Message}). Remove it and add the sites again.", broken);
        }
    }

    public IEnumerable<Site> All => _entries.Values.Select(e => e.Site);

    public Site? Find(string name) => _entries.GetValueOrDefault(name)?.Site;

    /// <summary>The password of a site.</summary>
    /// <exception cref="InvalidDataException">It does not open.</exception>
    public string PasswordOf(Site site) => _secrets.Unseal(_entries[site.Name].Password, Owner(site));

    /// <summary>Adds a site; durable when it returns. False if there is one of this name.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public bool Add(Site site, string password)
    {
        var entry = new Entry(site, _secrets.Seal(password, Owner(site)));
        return Write(entries => entries.ContainsKey(site.Name) ? entries : entries.Add(site.Name, entry));
    }

    /// <summary>Forgets a site. False if there is none.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public bool Remove(string name) => Write(entries => entries.Remove(name));

    // A password that is moved to another address must not open: whoever can write the file could have it sent to themselves.
    private static string Owner(Site site) => $"{site.Name}\n{site.Address}\n{site.User}\n{site.Certificate}";

    private bool Write(Func<ImmutableSortedDictionary<string, Entry>, ImmutableSortedDictionary<string, Entry>> change)
    {
        lock (_writing)
        {
            var changed = change(_entries);
            if (ReferenceEquals(changed, _entries))
            {
                return false;
            }

            PrivateFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(changed.Values));
            _entries = changed;
            return true;
        }
    }

    private sealed record Entry(Site Site, byte[] Password);
}
