namespace Redoubt.Database.Dump;

/// <summary>
/// Turns the attributes of rows, in the order a file has them, into <see cref="RowColumns"/> that share their names. Rows of one table
/// nearly always repeat the shape of the row before, which costs one comparison of references.
/// </summary>
internal sealed class RowShapes
{
    private readonly Dictionary<string, Shape> _byOrderInFile = [];
    private readonly Dictionary<string, ColumnNames> _bySortedNames = [];
    private Shape? _last;

    /// <summary>The columns, or <see langword="null"/> with the name that is there twice.</summary>
    public RowColumns? Make(ReadOnlySpan<string> names, ReadOnlySpan<string> values, out string? repeated)
    {
        repeated = null;
        var shape = _last;
        if (shape is null || !names.SequenceEqual(shape.InFile))
        {
            var key = string.Join('\0', names);
            if (!_byOrderInFile.TryGetValue(key, out shape))
            {
                shape = Learn(names, out repeated);
                if (shape is null)
                    return null;
                _byOrderInFile.Add(key, shape);
            }

            _last = shape;
        }

        var sorted = new string[values.Length];
        for (var i = 0; i < sorted.Length; i++)
            sorted[shape.Target[i]] = values[i];
        return new RowColumns(shape.Names, sorted);
    }

    private Shape? Learn(ReadOnlySpan<string> names, out string? repeated)
    {
        var sorted = names.ToArray();
        Array.Sort(sorted, StringComparer.Ordinal);
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
            {
                repeated = sorted[i];
                return null;
            }
        }

        repeated = null;
        var key = string.Join('\0', sorted);
        if (!_bySortedNames.TryGetValue(key, out var columns))
            _bySortedNames.Add(key, columns = new ColumnNames(sorted));
        var target = new int[names.Length];
        for (var i = 0; i < target.Length; i++)
            target[i] = columns.IndexOf(names[i]);
        return new Shape(names.ToArray(), target, columns);
    }

    private sealed record Shape(string[] InFile, int[] Target, ColumnNames Names);
}
