using System.Collections.Immutable;
using System.Globalization;

namespace Redoubt.Database.Dump;

/// <summary>
/// Reads a database dump of any age, streaming. See <c>docs/formats/dump.md</c>.
/// <code>
/// database
///   manifest
///     pair   key=… value=…           schema_major_vsn, schema_minor_vsn, generation_count, and whatever else
///   table    name=…
///     row    ref=… __ctime=… __mtime=… column=value…
/// </code>
/// </summary>
/// <remarks>
/// Accepts what xapi writes and has written: on one line or laid out, columns in any order, rows without times (they count as 0), a
/// second <c>ref</c> in a row (the first wins), all forms of space protection. Refuses whatever would leave in doubt what the database
/// was: a table, row or column that is there twice, a number that is none, anything unexpected.
/// </remarks>
public static class DumpReader
{
    internal const string SchemaMajorKey = "schema_major_vsn";
    internal const string SchemaMinorKey = "schema_minor_vsn";
    internal const string GenerationKey = "generation_count";

    /// <summary>Reads one dump; the stream must hold nothing after it.</summary>
    /// <exception cref="DumpFormatException">The stream holds anything else than a dump within the limits.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static DatabaseDump Read(Stream stream, DumpLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new Reading(new XmlScanner(stream, limits ?? DumpLimits.Default), limits ?? DumpLimits.Default).Document();
    }

    /// <summary>Reads the dump in a file.</summary>
    /// <inheritdoc cref="Read(Stream, DumpLimits?)"/>
    public static DatabaseDump ReadFile(string path, DumpLimits? limits = null)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1);
        return Read(file, limits);
    }

    private sealed class Reading(XmlScanner xml, DumpLimits limits)
    {
        private readonly RowShapes _shapes = new();
        private readonly List<DumpTable> _tables = [];
        private string[] _names = new string[128];
        private string[] _values = new string[128];
        private int _rowCount;

        public DatabaseDump Document()
        {
            if (!xml.NextTag() || xml.IsEnd || xml.Name != "database")
                throw xml.Fail(xml.Name.Length == 0 ? "an empty document" : $"<{xml.Name}> instead of <database>");
            NoAttributes();
            DumpManifest? manifest = null;
            var open = !xml.IsEmpty;
            while (open && NextChild("database"))
            {
                if (xml.Name == "manifest" && manifest is null)
                    manifest = Manifest();
                else if (xml.Name == "table" && _tables.Count < limits.Tables)
                    _tables.Add(Table());
                else
                    throw xml.Fail($"an unexpected <{xml.Name}> in <database>");
            }

            if (xml.NextTag())
                throw xml.Fail($"<{xml.Name}> after the end of the database");
            if (manifest is null)
                throw xml.Fail("no manifest");
            try
            {
                return new DatabaseDump(manifest, _tables);
            }
            catch (ArgumentException e)
            {
                throw xml.Fail(e.Message);
            }
        }

        private DumpManifest Manifest()
        {
            NoAttributes();
            var required = new Dictionary<string, long>();
            var extra = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
            var count = 0;
            var open = !xml.IsEmpty;
            while (open && NextChild("manifest"))
            {
                if (xml.Name != "pair" || ++count > limits.ManifestPairs)
                    throw xml.Fail($"an unexpected <{xml.Name}> in <manifest>");
                string? key = null, value = null;
                while (xml.NextAttribute())
                {
                    if (xml.AttributeName == "key" && key is null)
                        key = xml.AttributeValue;
                    else if (xml.AttributeName == "value" && value is null)
                        value = xml.AttributeValue;
                    else
                        throw xml.Fail($"an unexpected attribute '{xml.AttributeName}' of <pair>");
                }

                Close("pair");
                if (key is null || value is null)
                    throw xml.Fail("a <pair> without key or value");
                if (key is not (SchemaMajorKey or SchemaMinorKey or GenerationKey))
                    extra.Add(new(key, value));
                else if (!required.TryAdd(key, Number(value, key)))
                    throw xml.Fail($"'{key}' is there twice");
            }

            long Required(string key) => required.TryGetValue(key, out var v) ? v : throw xml.Fail($"a manifest without '{key}'");
            var (major, minor) = (Required(SchemaMajorKey), Required(SchemaMinorKey));
            if (major != (int)major || minor != (int)minor)
                throw xml.Fail($"the schema version {major}.{minor}");
            return new DumpManifest((int)major, (int)minor, Required(GenerationKey), extra.ToImmutable());
        }

        private DumpTable Table()
        {
            string? name = null;
            while (xml.NextAttribute())
            {
                if (xml.AttributeName != "name" || name is not null)
                    throw xml.Fail($"an unexpected attribute '{xml.AttributeName}' of <table>");
                name = xml.AttributeValue;
            }

            if (name is null || name.Length > limits.NameBytes)
                throw xml.Fail("a <table> without a usable name");
            var rows = new List<DumpRow>();
            var open = !xml.IsEmpty;
            while (open && NextChild("table"))
            {
                if (xml.Name != "row")
                    throw xml.Fail($"an unexpected <{xml.Name}> in <table>");
                if (++_rowCount > limits.Rows)
                    throw xml.Fail($"more than {limits.Rows} rows");
                rows.Add(Row());
            }

            try
            {
                return new DumpTable(name, rows);
            }
            catch (ArgumentException e)
            {
                throw xml.Fail(e.Message);
            }
        }

        private DumpRow Row()
        {
            string? reference = null;
            long? created = null, changed = null;
            var count = 0;
            while (xml.NextAttribute())
            {
                switch (xml.AttributeName)
                {
                    case "ref":
                        reference ??= xml.AttributeValue;
                        continue;
                    case "__ctime" when created is null:
                        created = Number(xml.AttributeValue, "__ctime");
                        continue;
                    case "__mtime" when changed is null:
                        changed = Number(xml.AttributeValue, "__mtime");
                        continue;
                    case "__ctime" or "__mtime" or "xmlns":
                        throw xml.Fail($"an unexpected attribute '{xml.AttributeName}' of <row>");
                }

                if (count == limits.Columns)
                    throw xml.Fail($"a row of more than {limits.Columns} columns");
                if (count == _names.Length)
                {
                    Array.Resize(ref _names, count * 2);
                    Array.Resize(ref _values, count * 2);
                }

                (_names[count], _values[count]) = (xml.AttributeName, SpaceProtection.Unprotect(xml.AttributeValue));
                count++;
            }

            Close("row");
            if (reference is null)
                throw xml.Fail("a row without 'ref'");
            var columns = _shapes.Make(_names.AsSpan(0, count), _values.AsSpan(0, count), out var repeated);
            return columns is null
                ? throw xml.Fail($"column '{repeated}' is there twice in a row")
                : new DumpRow(reference, created ?? 0, changed ?? 0, columns);
        }

        /// <summary>True on a start tag, false on the end tag of the parent.</summary>
        private bool NextChild(string parent)
        {
            if (!xml.NextTag())
                throw xml.Fail($"the document ends inside <{parent}>");
            if (!xml.IsEnd)
                return true;
            return xml.Name == parent ? false : throw xml.Fail($"</{xml.Name}> inside <{parent}>");
        }

        private void Close(string element)
        {
            if (!xml.IsEmpty && NextChild(element))
                throw xml.Fail($"<{xml.Name}> inside <{element}>");
        }

        private void NoAttributes()
        {
            if (xml.NextAttribute())
                throw xml.Fail($"an unexpected attribute '{xml.AttributeName}' of <{xml.Name}>");
        }

        private long Number(string text, string what) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw xml.Fail($"no number in '{what}'");
    }
}
