using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests;

public sealed class StateDumpTests
{
    public static TheoryData<string> Dumps => [.. SharedFiles.OldDumps, "pool-dump.xml"];

    [Theory]
    [MemberData(nameof(Dumps))]
    public void Every_stored_value_of_a_genuine_database_survives_our_types(string name)
    {
        var path = name == "pool-dump.xml" ? SharedFiles.Genuine(name) : SharedFiles.OldDump(name);
        var before = DumpReader.ReadFile(path);
        var after = StateDump.ToDump(StateDump.FromDump(before));

        foreach (var table in before.Tables)
        {
            var model = DataModel.Classes.GetValueOrDefault(table.Name);
            if (model is { Kind: not ClassKind.Persistent })
            {
                continue;
            }

            var now = after.FindTable(table.Name)!;
            Assert.Equal(table.Rows.Length, now.Rows.Length);
            foreach (var row in table.Rows)
            {
                var written = now.FindRow(row.Ref)!;
                Assert.Equal((row.CreatedAt, row.ChangedAt), (written.CreatedAt, written.ChangedAt));
                foreach (var (column, value) in row.Columns)
                {
                    var field = model?.FindColumn(column);
                    if (field is null or { IsPersistent: true })
                    {
                        Assert.Equal((table.Name, row.Ref, column, value), (table.Name, row.Ref, column, written.Columns[column]));
                    }
                }
            }
        }
    }

    [Fact]
    public void A_dump_of_ours_has_every_table_and_every_column_of_xapi_s_schema()
    {
        var schema = File.ReadLines(SharedFiles.Reference("xapi-database-schema.txt"))
            .Where(l => l.StartsWith("table ") || l.StartsWith("  ")).ToList();
        var vm = new Row("OpaqueRef:v", new VmRecord(), 0, 0);
        var dump = StateDump.ToDump(
            new DatabaseState(
                2, System.Collections.Immutable.ImmutableDictionary<string, Table>.Empty.Add("VM", Table.Of(VmRecord.Declaration, [vm])),
                [], null));

        Assert.All(schema.Where(l => l.StartsWith("table ")).Select(l => l.Split(' ')[1]), t => Assert.NotNull(dump.FindTable(t)));
        var columns = schema.SkipWhile(l => l.Split(' ')[1] != "VM").Skip(1).TakeWhile(l => l.StartsWith("  "))
            .Select(l => l.Trim().Split(' ')[0]);
        Assert.All(columns, c => Assert.True(dump.FindTable("VM")!.Rows[0].Columns.ContainsKey(c), c));
    }

    [Fact]
    public void Tables_and_columns_that_we_do_not_know_are_written_as_they_came()
    {
        var row = new DumpRow(
            "OpaqueRef:a", 1, 2, RowColumns.From([new("_ref", "OpaqueRef:a"), new("uuid", "u"), new("from__the__future", "('x')")]));
        var dump = new DatabaseDump(new DumpManifest(5, 999, 40), [new("VM", [row]), new("Hyperdrive", [row])]);

        var after = StateDump.ToDump(StateDump.FromDump(dump));

        Assert.Equal("('x')", after.FindTable("VM")!.Rows[0].Columns["from__the__future"]);
        Assert.Equal(dump.FindTable("Hyperdrive"), after.FindTable("Hyperdrive"));
    }
}
