using System.Collections.Immutable;
using System.Text.Json;
using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>
/// Where the copies of the pool's database lie: <c>copies.json</c> of the daemon's directory, by the UUID of the metadata VDI. It stands
/// outside the database, for it is needed when that is gone.
/// </summary>
internal sealed class KnownCopies
{
    private const string FileName = "copies.json";

    private readonly KeptFile<ImmutableSortedDictionary<string, KnownCopy>> _copies;

    private KnownCopies(KeptFile<ImmutableSortedDictionary<string, KnownCopy>> copies) => _copies = copies;

    /// <summary>The copies that there were when this daemon last wrote to them.</summary>
    public IEnumerable<KnownCopy> All => _copies.Value.Values;

    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static KnownCopies Open(string directory) => new(KeptFile<ImmutableSortedDictionary<string, KnownCopy>>.Open(
        Path.Combine(directory, FileName),
        KeptName.Find(FileName)!.Advice,
        ImmutableSortedDictionary.Create<string, KnownCopy>(StringComparer.Ordinal),
        content => JsonSerializer.Deserialize<Dictionary<string, KnownCopy>>(content)!.ToImmutableSortedDictionary(
            c => c.Key,
            c => c.Value is { Path: not null, Sr: not null, SrName: not null, Pool: not null }
                ? c.Value
                : throw new FormatException("a copy lacks a part"),
            StringComparer.Ordinal),
        copies => JsonSerializer.SerializeToUtf8Bytes(copies)));

    /// <summary>Remembers a copy; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Remember(string vdi, KnownCopy copy) =>
        _copies.Change(copies => copies.GetValueOrDefault(vdi) == copy ? copies : copies.SetItem(vdi, copy));

    /// <summary>Forgets a copy that has been removed.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Forget(string vdi) => _copies.Change(copies => copies.Remove(vdi));
}
