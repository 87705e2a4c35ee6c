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
    /// <param name="rows">The rows.</param>
    /// <param name="key">What a row is sorted by; texts regardless of case.</param>
    /// <param name="name">A row's name.</param>
    public List<T> Of<T>(IEnumerable<T> rows, Func<T, TColumn, IComparable> key, Func<T, string> name)
    {
        IComparable Key(T row) => key(row, Column) switch { string text => text.ToUpperInvariant(), var other => other };
        return [.. (IsDown ? rows.OrderByDescending(Key) : rows.OrderBy(Key)).ThenBy(name, StringComparer.OrdinalIgnoreCase)];
    }
}
