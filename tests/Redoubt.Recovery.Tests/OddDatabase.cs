using Redoubt.Database.Dump;
using Redoubt.Database.Journal;

namespace Redoubt.Recovery.Tests;

/// <summary>The database on a mirrored metadata volume, as rows that may be changed in any way.</summary>
internal sealed class OddDatabase
{
    private static readonly string[] Values =
    [
        "", "0", "-1", "9223372036854775807", "-9223372036854775808", "OpaqueRef:nowhere", "OpaqueRef:NULL", "()", "(('a' 'b'))", "('x'",
        "true", "Warped",
        "99991231T23:59:59Z", "00010101T00:00:00Z", "../../etc/passwd", "1e308", "nan", "ünï\"'<&>%.%n",
    ];

    // These say what kind of row it is, or which; everything else may be anything.
    private static readonly string[] Kept =
        ["_ref", "name__label", "is_a_template", "is_control_domain", "is_a_snapshot", "is_default_template"];

    private readonly Dictionary<string, Dictionary<string, Dictionary<string, string>>> _tables;
    private int _copies;

    private OddDatabase(DatabaseDump dump) => _tables = dump.Tables.ToDictionary(
        t => t.Name, t => t.Rows.ToDictionary(r => r.Ref, r => r.Columns.ToDictionary(c => c.Key, c => c.Value)));

    /// <summary>Changes the database of the only metadata volume below a directory. The volume stays the file that it is.</summary>
    public static void Rewrite(string storage, Action<OddDatabase> change)
    {
        var path = Volume(storage);
        var content = JournalReader.Read(path) is JournalVerdict.Intact { Content: var whole }
            ? whole
            : throw new InvalidOperationException("the volume is not intact");
        var database = new OddDatabase(content.Database);
        change(database);
        using var device = JournalDevice.Open(path);
        using var writer = new JournalWriter(device, TimeProvider.System);
        writer.WriteDatabase(new DatabaseDump(content.Database.Manifest, database._tables.Select(t => new DumpTable(
            t.Key, t.Value.Select(r => new DumpRow(r.Key, 0, 0, RowColumns.From(r.Value)))))));
    }

    public static string Volume(string storage) => Directory.EnumerateFiles(storage, "*.raw", SearchOption.AllDirectories)
        .Single(f => JournalReader.Read(f) is not JournalVerdict.NotARedoLog);

    /// <summary>The volume, which nobody has signed once it is rewritten.</summary>
    public static string VolumeUuid(string storage) => Path.GetFileNameWithoutExtension(Volume(storage));

    public string Vm(string name) => _tables["VM"].Single(r => r.Value["name__label"] == name && r.Value["is_a_template"] == "false").Key;

    public string Only(string table) => _tables[table].Keys.Single();

    public string Device(string table, string vm) => _tables[table].First(r => r.Value["VM"] == vm).Key;

    public string Disk(string vm) => _tables["VBD"][Device("VBD", vm)]["VDI"];

    public string Get(string table, string row, string column) => _tables[table][row][column];

    public void Set(string table, string row, params string[] columns)
    {
        for (var i = 0; i < columns.Length; i += 2)
        {
            Assert.True(_tables[table][row].ContainsKey(columns[i]), $"{table} has no column {columns[i]}");
            _tables[table][row][columns[i]] = columns[i + 1];
        }
    }

    /// <summary>A second row with all that the first says.</summary>
    public void Copy(string table, string row)
    {
        var reference = $"OpaqueRef:copy{_copies++}";
        _tables[table][reference] = new(_tables[table][row]) { ["_ref"] = reference };
    }

    /// <summary>Puts nonsense into some columns of a VM, its drive, its interface and its disk.</summary>
    public void Scramble(string vm, Random random)
    {
        foreach (var (table, row) in new[] { ("VM", vm), ("VBD", Device("VBD", vm)), ("VIF", Device("VIF", vm)), ("VDI", Disk(vm)) })
        {
            var columns = _tables[table][row].Keys.Where(c => !Kept.Contains(c)).Order(StringComparer.Ordinal).ToList();
            for (var i = random.Next(4); i > 0; i--)
            {
                _tables[table][row][columns[random.Next(columns.Count)]] = Values[random.Next(Values.Length)];
            }
        }
    }
}
