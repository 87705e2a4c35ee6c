using System.Collections.Immutable;
using System.Text.Json;
using Redoubt.Storage;

namespace Redoubt.Desk;

/// <summary>
/// The sites and their sealed passwords: <c>sites.json</c> of the daemon's directory. Not in the pool's database, which lies on shared
/// storage for whoever can read that.
/// </summary>
internal sealed class SiteFile
{
    private const string FileName = "sites.json";

    private readonly SecretBox _secrets;
    private readonly KeptFile<ImmutableSortedDictionary<string, Entry>> _entries;

    private SiteFile(SecretBox secrets, KeptFile<ImmutableSortedDictionary<string, Entry>> entries) =>
        (_secrets, _entries) = (secrets, entries);

    /// <exception cref="InvalidDataException">The file, or that of its key, can't be used.</exception>
    public static SiteFile Open(PoolFiles files) => new(SecretBox.Open(files), Kept(files));

    /// <summary>Checks the file of a directory, and that the key beside it opens the passwords in it.</summary>
    /// <exception cref="InvalidDataException">It can't be used.</exception>
    public static void Check(string directory)
    {
        var entries = Kept(new(directory));
        if (entries.Value.IsEmpty)
        {
            return;
        }

        var file = new SiteFile(
            SecretBox.Find(directory) ?? throw Unusable(directory, "the key to the passwords in it, sites.key, is not there", null),
            entries);
        foreach (var site in file.All)
        {
            try
            {
                file.PasswordOf(site);
            }
            catch (InvalidDataException closed)
            {
                throw Unusable(directory, $"the password of site {site.Name} does not open with the key in sites.key", closed);
            }
        }
    }

    private static InvalidDataException Unusable(string directory, string why, Exception? cause) =>
        new($"{Path.Combine(directory, FileName)} can't be used: {why}. Nothing was changed. {KeptName.Find(FileName)!.Advice}", cause);

    private static KeptFile<ImmutableSortedDictionary<string, Entry>> Kept(PoolFiles files) =>
        KeptFile<ImmutableSortedDictionary<string, Entry>>.Open(
            files,
            FileName,
            ImmutableSortedDictionary.Create<string, Entry>(StringComparer.Ordinal),
            content => JsonSerializer.Deserialize<List<Entry>>(content)!.ToImmutableSortedDictionary(
                e => e.Site.Name, e => e.Require(), StringComparer.Ordinal),
            entries => JsonSerializer.SerializeToUtf8Bytes(entries.Values));

    public IEnumerable<Site> All => _entries.Value.Values.Select(e => e.Site);

    public Site? Find(string name) => _entries.Value.GetValueOrDefault(name)?.Site;

    /// <summary>The password of a site.</summary>
    /// <exception cref="InvalidDataException">It does not open.</exception>
    public string PasswordOf(Site site) => _secrets.Unseal(_entries.Value[site.Name].Password, Owner(site));

    /// <summary>Adds a site; durable when it returns. False if there is one of this name.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public bool Add(Site site, string password)
    {
        var entry = new Entry(site, _secrets.Seal(password, Owner(site)));
        return _entries.Change(entries => entries.ContainsKey(site.Name) ? entries : entries.Add(site.Name, entry));
    }

    /// <summary>Puts a site in the place of the one of its name; durable when it returns. False if there is none.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public bool Replace(Site site, string password)
    {
        var entry = new Entry(site, _secrets.Seal(password, Owner(site)));
        return _entries.Change(entries => entries.ContainsKey(site.Name) ? entries.SetItem(site.Name, entry) : entries);
    }

    /// <summary>Forgets a site. False if there is none.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public bool Remove(string name) => _entries.Change(entries => entries.Remove(name));

    // A password that is moved to another address must not open: whoever can write the file could have it sent to themselves.
    private static string Owner(Site site) => $"{site.Name}\n{site.Address}\n{site.User}\n{site.Certificate}";

    private sealed record Entry(Site Site, byte[] Password)
    {
        public Entry Require() =>
            Password is null || Site.Address is null || Site.User is null ? throw new FormatException("a site lacks a part") : this;
    }
}
