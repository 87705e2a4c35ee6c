using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal;

/// <summary>
/// Applies deltas to a dump. Changes since the last <see cref="Commit"/> can be taken back, so that a transaction whose end is missing
/// leaves no trace. Tables that no delta touches are shared with the original.
/// </summary>
internal sealed class DeltaReplay(DatabaseDump original)
{
    private readonly Dictionary<string, Dictionary<string, DumpRow>> _touched = [];
    private readonly Stack<(Dictionary<string, DumpRow> Table, string Ref, DumpRow? Before)> _undo = [];
    private long _generation = original.Manifest.Generation;

    /// <summary>Applies one delta, or says why it cannot be and changes nothing.</summary>
    public string? Apply(Delta delta, long generation)
    {
        if (Rows(delta.Table) is not { } rows)
            return $"there is no table '{delta.Table}'";
        var row = rows.GetValueOrDefault(delta.Ref);
        // xapi stamps a row with the generation before the change, seen in genuine dumps.
        var now = generation - 1;
        switch (delta)
        {
            case Delta.CreateRow create when row is null:
                Put(rows, delta.Ref, row, new DumpRow(delta.Ref, now, now, create.Columns));
                return null;
            case Delta.CreateRow create:
                return row.Columns.Equals(create.Columns) ? null : $"row '{delta.Ref}' of {delta.Table} exists with other values";
            case Delta.DeleteRow when row is not null:
                Put(rows, delta.Ref, row, null);
                return null;
            case Delta.WriteField write when row is not null && row.Columns.ContainsKey(write.Field):
                Put(rows, delta.Ref, row, row with { ChangedAt = now, Columns = row.Columns.With(write.Field, write.Value) });
                return null;
            case Delta.WriteField write when row is not null:
                return $"row '{delta.Ref}' of {delta.Table} has no column '{write.Field}'";
            default:
                return $"there is no row '{delta.Ref}' in {delta.Table}";
        }
    }

    /// <summary>Makes everything applied so far stay.</summary>
    public void Commit(long generation)
    {
        _undo.Clear();
        _generation = generation;
    }

    /// <summary>Takes back what was applied since the last commit and returns the state as of then.</summary>
    public DatabaseDump Finish()
    {
        while (_undo.TryPop(out var change))
            Set(change.Table, change.Ref, change.Before);
        return new DatabaseDump(
            original.Manifest with { Generation = _generation },
            original.Tables.Select(
                table => _touched.TryGetValue(table.Name, out var rows) ? new DumpTable(table.Name, rows.Values) : table));
    }

    private Dictionary<string, DumpRow>? Rows(string table)
    {
        if (_touched.TryGetValue(table, out var rows))
            return rows;
        if (original.FindTable(table) is not { } found)
            return null;
        rows = found.Rows.ToDictionary(row => row.Ref);
        _touched.Add(table, rows);
        return rows;
    }

    private void Put(Dictionary<string, DumpRow> rows, string reference, DumpRow? before, DumpRow? after)
    {
        _undo.Push((rows, reference, before));
        Set(rows, reference, after);
    }

    private static void Set(Dictionary<string, DumpRow> rows, string reference, DumpRow? row)
    {
        if (row is null)
            rows.Remove(reference);
        else
            rows[reference] = row;
    }
}
