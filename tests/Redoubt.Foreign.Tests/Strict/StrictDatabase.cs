using System.Globalization;
using System.Text;

namespace Redoubt.Foreign.Tests.Strict;

/// <summary>A database as xapi's typed reader holds it: every demand is checked when something gets in, by dump or by delta.</summary>
internal sealed class StrictDatabase(XapiSchema schema)
{
    private readonly StrictValue _values = new(schema);

    public Dictionary<string, string> Manifest { get; } = [];

    public Dictionary<string, Dictionary<string, Dictionary<string, string>>> Tables { get; } = [];

    public void AddTable(string table)
    {
        DemandException.Unless(schema.Tables.ContainsKey(table), $"table {table} is not in the schema: xapi raises when it blanks it");
        DemandException.Unless(Tables.TryAdd(table, []), $"table {table} is there twice");
    }

    public void AddRow(string table, List<KeyValuePair<string, string>> attributes)
    {
        DemandException.Unless(schema.Tables[table].IsPersistent, $"{table} is not persisted, so it has no rows in a full database");
        DemandException.Unless(
            attributes.DistinctBy(a => a.Key).Count() == attributes.Count, $"{table}: an attribute twice is not well-formed");
        var reference = attributes.Single(a => a.Key == "ref").Value;
        foreach (var time in attributes.Where(a => a.Key is "__ctime" or "__mtime"))
        {
            DemandException.Unless(
                long.TryParse(time.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _),
                $"{table} {reference}: {time.Key} is a number");
        }

        var columns = attributes.Where(a => a.Key is not ("ref" or "__ctime" or "__mtime")).ToDictionary();
        Complete(table, reference, columns);
        DemandException.Unless(Tables[table].TryAdd(reference, columns), $"{table} {reference} is there twice");
    }

    /// <summary>Checks what can be checked only once all of the dump is there.</summary>
    public void Finish(long recordGeneration)
    {
        DemandException.Unless(
            Manifest.Keys.Order(StringComparer.Ordinal).SequenceEqual(["generation_count", "schema_major_vsn", "schema_minor_vsn"]),
            "three manifest keys");
        DemandException.Unless(
            Manifest["schema_major_vsn"] == "5" && Manifest["schema_minor_vsn"] == "775",
            "the schema version, equal for pool-restore-database");
        DemandException.Unless(
            Manifest["generation_count"] == recordGeneration.ToString(CultureInfo.InvariantCulture),
            "the manifest's generation is the record's");
        foreach (var table in schema.Tables.Keys)
        {
            DemandException.Unless(
                Tables.ContainsKey(table), $"no element for table {table}: reindexing comes before the upgrade and raises");
        }
    }

    public void Apply(byte[] delta)
    {
        var at = 9;
        var kind = Encoding.ASCII.GetString(delta, 0, 9);
        var (table, reference) = (Text(), Text());
        DemandException.Unless(
            schema.Tables.TryGetValue(table, out var model) && model.IsPersistent, $"a delta is for a persistent table, not {table}");
        var rows = Tables[table];
        switch (kind)
        {
            case "CreateRow":
                var columns = new Dictionary<string, string>();
                for (var count = Number(); count > 0; count--)
                {
                    DemandException.Unless(columns.TryAdd(Text(), Text()), $"{table} {reference}: a column twice");
                }

                Complete(table, reference, columns);
                foreach (var column in model.Columns)
                {
                    DemandException.Unless(
                        columns.ContainsKey(column.Name), $"CreateRow {table} lacks {column.Name}; genuine ones carry every column");
                }

                DemandException.Unless(rows.TryAdd(reference, columns), $"Integrity_violation: {table} {reference} exists");
                break;
            case "DeleteRow":
                DemandException.Unless(rows.Remove(reference), $"DBCache_NotFound: DeleteRow {table} {reference}");
                break;
            case "WriteFiel":
                var (field, value) = (Text(), Text());
                DemandException.Unless(
                    model.Columns.Find(c => c.Name == field) is { IsPersistent: true } known,
                    $"WriteField on {table}.{field}, which is not persistent");
                DemandException.Unless(rows.TryGetValue(reference, out var row), $"DBCache_NotFound: WriteField {table} {reference}");
                Check(table, model.Columns.Single(c => c.Name == field), value);
                row![field] = value;
                break;
            default:
                throw new DemandException($"MalformedLogEntry: {kind}");
        }

        DemandException.Unless(at == delta.Length, $"{kind} {table} {reference}: {delta.Length - at} bytes are left over");

        string Text()
        {
            var length = Number();
            at += length;
            return Encoding.UTF8.GetString(delta, at - length, length);
        }

        int Number()
        {
            var text = Encoding.ASCII.GetString(delta, at, 8);
            at += 8;
            return int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        }
    }

    private void Complete(string table, string reference, Dictionary<string, string> columns)
    {
        var known = schema.Tables[table].Columns;
        foreach (var column in known.Where(c => !c.HasDefault))
        {
            DemandException.Unless(
                columns.ContainsKey(column.Name),
                $"{table} {reference} lacks {column.Name}: missing default value in datamodel for new field");
        }

        DemandException.Unless(columns["_ref"] == reference, $"{table} {reference}: _ref repeats the reference");
        foreach (var (name, value) in columns)
        {
            Check(table, known.Find(c => c.Name == name) ?? throw new DemandException($"Unexpected column {table}.{name}"), value);
        }
    }

    private void Check(string table, XapiColumn column, string value) =>
        _values.Check(schema.TypeOf(table, column), value, $"{table}.{column.Name}");
}
