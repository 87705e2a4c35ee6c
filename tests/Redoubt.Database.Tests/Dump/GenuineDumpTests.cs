using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests.Dump;

public sealed class GenuineDumpTests
{
    [Fact]
    public void A_dump_of_xapi_24_10_is_written_back_byte_for_byte()
    {
        var original = File.ReadAllBytes(SharedFiles.Genuine("pool-dump.xml"));
        var dump = DumpReader.Read(new MemoryStream(original));

        var written = new MemoryStream();
        DumpWriter.Write(dump, written);

        Assert.Equal(original, written.ToArray());
        Assert.Equal(original.Length, DumpWriter.Measure(dump));
        Assert.Equal((5, 775, 1128), (dump.Manifest.SchemaMajor, dump.Manifest.SchemaMinor, dump.Manifest.Generation));
    }

    [Fact]
    public void Names_of_xapi_24_10_come_out_as_they_were_typed()
    {
        var dump = DumpReader.ReadFile(SharedFiles.Genuine("pool-dump.xml"));
        var maps = dump.FindTable("VDI")!.Rows.Concat(dump.FindTable("VM")!.Rows)
            .Select(row => SExpression.TryReadPairs(row.Columns["other_config"])!).ToList();

        Assert.Contains(maps, map => map.Contains(new("k'1", "v<&>\"  two  spaces")));
        Assert.Contains(dump.FindTable("VM")!.Rows, row => row.Columns["name__label"].EndsWith("é中😀", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("boston-two-vapps.xml", 63, 20793, 45, 278, 0)]
    [InlineData("cowley-policies.xml", 61, 26019, 39, 661, 9)]
    [InlineData("george-ha-volume.xml", 57, null, 35, 268, 9)]
    [InlineData("tampa-snapshots.xml", 66, 9258, 45, 266, 0)]
    public void Old_dumps_load_and_survive_being_written(string name, int minor, int? generation, int tables, int rows, int extraPairs)
    {
        var dump = DumpReader.ReadFile(SharedFiles.OldDump(name));

        Assert.Equal(minor, dump.Manifest.SchemaMinor);
        Assert.Equal(generation ?? dump.Manifest.Generation, dump.Manifest.Generation);
        Assert.Equal(tables, dump.Tables.Length);
        Assert.Equal(rows, dump.Tables.Sum(table => table.Rows.Length));
        Assert.Equal(extraPairs, dump.Manifest.Extra.Length);
        Assert.Equal(dump, Dumps.WrittenAndRead(dump));
        var text = File.ReadAllText(SharedFiles.OldDump(name));
        Assert.Equal(XmlReaderDumps.Read(text), XmlReaderDumps.Normalise(dump));
    }

    [Fact]
    public void Every_set_and_map_of_every_genuine_dump_can_be_read_and_keeps_its_meaning()
    {
        var count = 0;
        foreach (var path in SharedFiles.OldDumps.Select(SharedFiles.OldDump).Append(SharedFiles.Genuine("pool-dump.xml")))
        {
            foreach (var value in DumpReader.ReadFile(path).Tables.SelectMany(t => t.Rows).SelectMany(r => r.Columns)
                .Where(c => c.Key is not ("name__label" or "name__description" or "last_booted_record" or "license" or "copyright"))
                    .Select(c => c.Value))
            {
                if (value.StartsWith("((", StringComparison.Ordinal))
                    Assert.Equal(
                        SExpression.TryReadPairs(value),
                        SExpression.TryReadPairs(SExpression.WritePairs(SExpression.TryReadPairs(value)!)));
                else if (value.StartsWith('('))
                    Assert.Equal(
                        SExpression.TryReadList(value), SExpression.TryReadList(SExpression.WriteList(SExpression.TryReadList(value)!)));
                else
                    continue;
                count++;
            }
        }

        Assert.True(count > 10_000, $"{count} values");
    }
}
