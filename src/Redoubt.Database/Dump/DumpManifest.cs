using System.Collections.Immutable;

namespace Redoubt.Database.Dump;

/// <summary>The head of a dump.</summary>
/// <param name="SchemaMajor">Major schema version; 5 in every release so far.</param>
/// <param name="SchemaMinor">Minor schema version.</param>
/// <param name="Generation">How many changes the database has seen; -1 in one that is fresh.</param>
/// <param name="Extra">
/// Any further pairs in the order they came. Dumps before schema 5.63 carry several, the pool's secret token among them.
/// </param>
public sealed record DumpManifest(
    int SchemaMajor, int SchemaMinor, long Generation, ImmutableArray<KeyValuePair<string, string>> Extra)
{
    /// <summary>Makes a manifest without further pairs, as current writers do.</summary>
    public DumpManifest(int schemaMajor, int schemaMinor, long generation)
        : this(schemaMajor, schemaMinor, generation, [])
    {
    }

    /// <inheritdoc/>
    public bool Equals(DumpManifest? other) =>
        other is not null && SchemaMajor == other.SchemaMajor && SchemaMinor == other.SchemaMinor
        && Generation == other.Generation && Extra.SequenceEqual(other.Extra);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(SchemaMajor, SchemaMinor, Generation, Extra.Length);
}
