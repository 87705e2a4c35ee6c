namespace Redoubt.Console;

/// <summary>By which column rows are sorted. Pure.</summary>
/// <param name="Column">The column; among equals by name.</param>
/// <param name="IsDown">Whether the other way round.</param>
public sealed record Sorting<TColumn>(TColumn Column, bool IsDown = false)
    where TColumn : struct, Enum
{
    /// <summary>Sorted by a column; by the same once more, the other way round.</summary>
    public Sorting<TColumn> By(TColumn column) => new(column, Column.Equals(column) && !IsDown);

    /// <summary>Rows in that order.</summary>
    public List<T> Of<T>(IEnumerable<T> rows)
        where T : ISortedRow<TColumn>
    {
        IComparable Key(T row) => row.Key(Column) switch { string text => text.ToUpperInvariant(), var other => other };
        return [.. (IsDown ? rows.OrderByDescending(Key) : rows.OrderBy(Key)).ThenBy(r => r.Name, StringComparer.OrdinalIgnoreCase)];
    }
}
