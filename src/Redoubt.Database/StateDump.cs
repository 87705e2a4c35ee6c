using System.Collections.Frozen;
using System.Collections.Immutable;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>Turns typed tables into a dump's text and back.</summary>
public static class StateDump
{
    // xapi's schema has it, its API does not. It is always empty, but xapi refuses a database that lacks the element.
    private static readonly DumpTable Diagnostics = new("Diagnostics", []);

    /// <summary>
    /// The database as a dump: an element for every table of the schema, since xapi refuses to open one that lacks a table.
    /// </summary>
    /// <param name="state">The database.</param>
    /// <param name="keys">Seals its secrets; <see langword="null"/> for a dump that stays in memory.</param>
    public static DatabaseDump ToDump(DatabaseState state, KeyRing? keys = null)
    {
        var policy = SealingPolicy.Of(state);

        // xapi knows no class of ours, and does not open a database that has a table for one.
        var known = DataModel.Classes.Values.Where(c => c.Kind != ClassKind.Value && !c.IsExtension).Select(model => new DumpTable(
            model.Name,
            model.Kind == ClassKind.Persistent
                ? state.Table(model).Rows.Select(row => new DumpRow(
                    row.Ref, row.Created, row.Modified, Columns(row.Ref, keys?.Seal(row.Record, policy) ?? row.Record)))
                : []));
        return new(
            new DumpManifest(DataModel.SchemaMajor, DataModel.SchemaMinor, state.Generation),
            known.Concat(state.UnknownTables.Append(Diagnostics).DistinctBy(t => t.Name)));
    }

    /// <summary>
    /// The typed tables of a dump. What the data model does not know is kept as it came; what is not persistent is left behind.
    /// </summary>
    public static DatabaseState FromDump(DatabaseDump dump)
    {
        var tables = ImmutableDictionary.CreateBuilder<string, Table>();
        foreach (var table in dump.Tables)
        {
            if (DataModel.Classes.TryGetValue(table.Name, out var model) && model.Kind == ClassKind.Persistent)
            {
                tables[table.Name] = Table.Of(model, table.Rows.Select(row =>
                    new Row(row.Ref, model.FromColumns(row.Columns), row.CreatedAt, row.ChangedAt)));
            }
        }

        var unknown = dump.Tables.Where(t => !DataModel.Classes.ContainsKey(t.Name)).ToImmutableArray();
        return Relations.Rebuild(new DatabaseState(dump.Manifest.Generation, tables.ToImmutable(), unknown, dump.Manifest));
    }

    internal static RowColumns Columns(string reference, Record record)
    {
        var model = record.DeclaredClass;
        var (names, place) = Shapes[model.Name];
        var values = new string[names.Sorted.Length];
        var i = 0;
        foreach (var (column, value) in model.ToColumns(record))
        {
            if (i == place)
            {
                values[i++] = reference;
            }

            if (i == values.Length || names.Sorted[i] != column)
            {
                // A row with columns that this data model does not know has a shape of its own.
                return RowColumns.From(model.ToColumns(record).Append(KeyValuePair.Create("_ref", reference)));
            }

            values[i++] = value;
        }

        if (i == place)
        {
            values[i++] = reference;
        }

        return i == values.Length
            ? new(names, values)
            : RowColumns.From(model.ToColumns(record).Append(KeyValuePair.Create("_ref", reference)));
    }

    /// <summary>
    /// The columns of a row of ours by class, and where among them the reference stands: sorted once, not for each row of a dump.
    /// </summary>
    private static readonly FrozenDictionary<string, (ColumnNames Names, int Place)> Shapes = DataModel.Classes.Values
        .Where(c => c.Kind == ClassKind.Persistent)
        .ToFrozenDictionary(c => c.Name, c =>
        {
            string[] sorted = [.. c.AllFields.Where(f => f.HasColumn).Select(f => f.Column).Append("_ref").Order(StringComparer.Ordinal)];
            return (new ColumnNames(sorted), Array.IndexOf(sorted, "_ref"));
        });
}
