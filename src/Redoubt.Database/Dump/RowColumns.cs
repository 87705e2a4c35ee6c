using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Redoubt.Database.Dump;

/// <summary>The columns of one row: names to values, in ordinal order of the names. Immutable.</summary>
/// <remarks>The names are an object shared by all rows of one shape, so a row costs one array of values.</remarks>
public sealed class RowColumns : IReadOnlyDictionary<string, string>, IEquatable<RowColumns>
{
    private readonly ColumnNames _names;
    private readonly string[] _values;

    internal RowColumns(ColumnNames names, string[] values)
    {
        _names = names;
        _values = values;
    }

    /// <inheritdoc/>
    public int Count => _values.Length;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _names.Sorted;

    /// <inheritdoc/>
    public IEnumerable<string> Values => _values;

    /// <inheritdoc/>
    public string this[string key] =>
        TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"the row has no column '{key}'");

    /// <summary>Makes columns from pairs in any order.</summary>
    /// <exception cref="ArgumentException">A column is given twice.</exception>
    public static RowColumns From(IEnumerable<KeyValuePair<string, string>> columns)
    {
        var pairs = columns.ToArray();
        var order = new string[pairs.Length];
        var values = new string[pairs.Length];
        for (var i = 0; i < pairs.Length; i++)
            (order[i], values[i]) = (pairs[i].Key, pairs[i].Value);
        Array.Sort(order, values, StringComparer.Ordinal);
        for (var i = 1; i < order.Length; i++)
        {
            if (order[i] == order[i - 1])
                throw new ArgumentException($"column '{order[i]}' is given twice", nameof(columns));
        }

        return new RowColumns(new ColumnNames(order), values);
    }

    /// <summary>The same columns with another value in one that exists.</summary>
    /// <exception cref="KeyNotFoundException">There is no such column.</exception>
    public RowColumns With(string column, string value)
    {
        var index = _names.IndexOf(column);
        if (index < 0)
            throw new KeyNotFoundException($"the row has no column '{column}'");
        var values = (string[])_values.Clone();
        values[index] = value;
        return new RowColumns(_names, values);
    }

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _names.IndexOf(key) >= 0;

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        var index = _names.IndexOf(key);
        value = index < 0 ? null : _values[index];
        return index >= 0;
    }

    /// <inheritdoc/>
    public bool Equals(RowColumns? other) =>
        other is not null && (ReferenceEquals(_names, other._names) || _names.Sorted.AsSpan().SequenceEqual(other._names.Sorted))
        && _values.AsSpan().SequenceEqual(other._values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RowColumns);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_values.Length, _values.Length == 0 ? "" : _values[^1]);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        for (var i = 0; i < _values.Length; i++)
            yield return new KeyValuePair<string, string>(_names.Sorted[i], _values[i]);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Name and value without an enumerator, for the writers' inner loops.</summary>
    internal (string Name, string Value) At(int index) => (_names.Sorted[index], _values[index]);
}
