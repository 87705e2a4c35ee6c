using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Redoubt.Database.Dump;

/// <summary>One table: its name and its rows by reference.</summary>
/// <remarks>A sorted array rather than a dictionary: half the memory, and a dump is read through far more often than looked up.</remarks>
public sealed class DumpTable : IEquatable<DumpTable>
{
    /// <summary>Makes a table; the rows may come in any order.</summary>
    /// <exception cref="ArgumentException">Two rows have one reference; the message names it.</exception>
    public DumpTable(string name, IEnumerable<DumpRow> rows)
    {
        Name = name;
        var sorted = rows.ToArray();
        // Writers list rows in order, so the usual array needs no sorting.
        for (var i = 1; i < sorted.Length; i++)
        {
            if (string.CompareOrdinal(sorted[i - 1].Ref, sorted[i].Ref) < 0)
                continue;
            Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Ref, b.Ref));
            break;
        }

        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Ref == sorted[i - 1].Ref)
                throw new ArgumentException($"row '{sorted[i].Ref}' is given twice in table '{name}'", nameof(rows));
        }

        Rows = ImmutableCollectionsMarshal.AsImmutableArray(sorted);
    }

    /// <summary>The table's name, for example <c>VM</c>.</summary>
    public string Name { get; }

    /// <summary>The rows in ordinal order of their references.</summary>
    public ImmutableArray<DumpRow> Rows { get; }

    /// <summary>The row with that reference, or <see langword="null"/>.</summary>
    public DumpRow? FindRow(string reference)
    {
        int low = 0, high = Rows.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(Rows[middle].Ref, reference);
            if (order == 0)
                return Rows[middle];
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return null;
    }

    /// <inheritdoc/>
    public bool Equals(DumpTable? other) =>
        other is not null && (ReferenceEquals(this, other) || (Name == other.Name && Rows.SequenceEqual(other.Rows)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DumpTable);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Rows.Length);
}
