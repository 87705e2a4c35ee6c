namespace Redoubt.Database.Dump;

/// <summary>The column names of one shape of row, in ordinal order; shared by all rows of that shape.</summary>
internal sealed class ColumnNames(string[] sorted)
{
    /// <summary>The names. Never written to after construction.</summary>
    public string[] Sorted { get; } = sorted;

    /// <summary>The index of a name, or a negative number.</summary>
    public int IndexOf(string name)
    {
        int low = 0, high = Sorted.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(Sorted[middle], name);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }
}
