using System.Collections.Immutable;

namespace Redoubt.Database.Dump;

/// <summary>
/// A whole pool database as text: a manifest and tables of rows of string values, exactly as a dump carries them. Nothing here
/// knows a class or a field, so tables and columns this version has never heard of are kept as they came.
/// </summary>
/// <remarks>
/// Immutable and safe to share between threads. Equal when manifest, tables, rows and values are equal; the order in which a file
/// listed tables, rows and columns does not count. Column names are shared between rows and frequent values between all rows, which
/// is what keeps tens of thousands of rows small.
/// </remarks>
public sealed class DatabaseDump : IEquatable<DatabaseDump>
{
    /// <summary>Makes a dump; the tables may come in any order.</summary>
    /// <exception cref="ArgumentException">Two tables have one name.</exception>
    public DatabaseDump(DumpManifest manifest, IEnumerable<DumpTable> tables)
    {
        Manifest = manifest;
        var sorted = tables.ToArray();
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Name == sorted[i - 1].Name)
                throw new ArgumentException($"table '{sorted[i].Name}' is given twice", nameof(tables));
        }

        Tables = [.. sorted];
    }

    /// <summary>The schema version and the generation.</summary>
    public DumpManifest Manifest { get; }

    /// <summary>Every table, those without rows too, in ordinal order of their names.</summary>
    public ImmutableArray<DumpTable> Tables { get; }

    /// <summary>The table of that name, or <see langword="null"/>.</summary>
    public DumpTable? FindTable(string name)
    {
        int low = 0, high = Tables.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(Tables[middle].Name, name);
            if (order == 0)
                return Tables[middle];
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return null;
    }

    /// <summary>The same tables under another generation.</summary>
    public DatabaseDump AtGeneration(long generation) => new(Manifest with { Generation = generation }, Tables);

    /// <inheritdoc/>
    public bool Equals(DatabaseDump? other) =>
        other is not null && (ReferenceEquals(this, other) || (Manifest.Equals(other.Manifest) && Tables.SequenceEqual(other.Tables)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DatabaseDump);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Manifest, Tables.Length);
}
