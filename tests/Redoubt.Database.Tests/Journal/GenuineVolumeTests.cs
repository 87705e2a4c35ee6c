using System.IO.Compression;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal;

public sealed class GenuineVolumeTests
{
    [Fact]
    public void A_volume_of_xapi_24_10_is_intact_and_equals_the_dump_but_for_times_that_only_its_memory_knew()
    {
        var content = Assert.IsType<JournalVerdict.Intact>(Read(Volume())).Content;
        Assert.Equal(
            (JournalHalf.First, false, 930, 1103),
            (content.Half, content.WrittenByRedoubt, content.DatabaseGeneration, content.Generation));
        Assert.Equal((29, 29, 0, 0), (content.Transactions, content.Deltas, content.SkippedOld, content.DiscardedUnfinished));
        Assert.Equal("9ec8fbb9-1866-d492-f492-c8460e43e06b", content.Marker);
        // xapi had written the whole database twice: the older record still lies in the second half.
        Assert.Equal(841, content.OtherHalfGeneration);

        var dump = DumpReader.ReadFile(SharedFiles.Genuine("pool-dump.xml"));
        // The dump was taken 25 generations after the last delta; none of these changed anything that persists.
        Assert.Equal(1128, dump.Manifest.Generation);
        Assert.Equal(dump.Tables.Select(t => t.Name), content.Database.Tables.Select(t => t.Name));
        var differing = new List<string>();
        foreach (var table in dump.Tables)
        {
            var rows = content.Database.FindTable(table.Name)!.Rows;
            Assert.Equal(table.Rows.Select(r => r.Ref), rows.Select(r => r.Ref));
            foreach (var (expected, actual) in table.Rows.Zip(rows))
            {
                Assert.Equal(expected.Columns, actual.Columns);
                Assert.Equal(expected.CreatedAt, actual.CreatedAt);
                if (expected.ChangedAt != actual.ChangedAt)
                    differing.Add($"{table.Name} {actual.ChangedAt} -> {expected.ChangedAt}");
            }
        }

        // Deleting a VBD (generation 1103) also touched the computed VBDs of its VM and VDI; the pool had a change that does not persist.
        Assert.Equal(["VDI 716 -> 1102", "VM 1089 -> 1102", "pool 890 -> 944"], differing);
        Assert.Equal(1087, content.Database.FindTable("PBD")!.Rows.Max(r => r.ChangedAt));
    }

    [Fact]
    public void A_volume_of_xapi_is_taken_over_by_a_full_write_into_the_other_half()
    {
        using var scratch = new Scratch(60 << 20, initialise: false);
        File.WriteAllBytes(scratch.Device.Path, Volume().AsSpan(0, (int)scratch.Layout.UsedBytes));
        var before = Scratch.Content(JournalReader.Read(scratch.Device.Path))!;
        var writer = scratch.Writer();

        Assert.Equal(AppendResult.WholeDatabaseNeeded, writer.Append([]));
        writer.WriteDatabase(before.Database.AtGeneration(TransactionFraming.NextEven(before.Generation)));

        var after = Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(scratch.Device.Path)).Content;
        Assert.Equal(
            (JournalHalf.Second, true, 1104, 930), (after.Half, after.WrittenByRedoubt, after.Generation, after.OtherHalfGeneration));
        Assert.Equal(before.Database.AtGeneration(1104), after.Database);
    }

    [Fact]
    public void A_cut_volume_of_xapi_tells_how_far_it_reaches_and_what_followed()
    {
        var volume = Volume();
        var intact = Scratch.Content(Read(volume))!;
        // Wipe the inside of the thirteenth record, the CreateRow of generation 1052.
        var inside = 18 + 104 + 50139 + 7700;
        volume.AsSpan(inside, 200).Clear();
        var cut = Assert.IsType<JournalVerdict.CutAt>(Read(volume));

        Assert.Equal((1035, 12, 1103), (cut.Content.Generation, cut.Content.Deltas, cut.LastSeenGeneration!.Value));
        Assert.Equal(intact.Deltas, cut.Content.Deltas + cut.LostRecords);
        Assert.Equal(JournalDamageKind.UndecodableDelta, Assert.Single(cut.Damage).Kind);
    }

    [Theory]
    [InlineData("boston-two-vapps.xml")]
    [InlineData("cowley-policies.xml")]
    [InlineData("george-ha-volume.xml")]
    [InlineData("tampa-snapshots.xml")]
    public void Old_databases_are_journalled_in_both_halves_with_every_kind_of_delta(string name)
    {
        var dump = DumpReader.ReadFile(SharedFiles.OldDump(name));
        dump = dump.AtGeneration(TransactionFraming.NextEven(dump.Manifest.Generation));
        using var scratch = new Scratch(4 << 20);
        var writer = scratch.Writer();
        foreach (var half in new[] { JournalHalf.First, JournalHalf.Second, JournalHalf.First })
        {
            writer.WriteDatabase(dump);
            Assert.Equal(dump, Scratch.Content(scratch.Read())!.Database);

            var vms = dump.FindTable("VM")!;
            var (first, last) = (vms.Rows[0], vms.Rows[^1]);
            var created = Dumps.Row(
                $"OpaqueRef:new-in-{half}-{dump.Manifest.Generation}",
                [.. first.Columns.Where(c => c.Key != "_ref").Select(c => (c.Key, c.Value))]);
            var transaction = JournalTransaction.After(dump.Manifest.Generation,
            [
                new Delta.CreateRow("VM", created.Ref, created.Columns),
                new Delta.WriteField("VM", first.Ref, "name__label", "it's \"quoted\" <&> %.\té😀"),
                new Delta.DeleteRow("VM", last.Ref),
            ]);
            var expected = dump.Tables.Where(t => t.Name != "VM").Append(new DumpTable("VM", vms.Rows.Where(r => r != first && r != last)
                .Append(created with { CreatedAt = transaction.GenerationOf(0) - 1, ChangedAt = transaction.GenerationOf(0) - 1 })
                .Append(
                    first with
                    {
                        ChangedAt = transaction.GenerationOf(1) - 1,
                        Columns = first.Columns.With("name__label", "it's \"quoted\" <&> %.\té😀"),
                    })));
            Assert.Equal(AppendResult.Durable, writer.Append([transaction]));

            var content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;
            Assert.Equal((half, true, 1, 3), (content.Half, content.WrittenByRedoubt, content.Transactions, content.Deltas));
            Assert.Equal(new DatabaseDump(dump.Manifest with { Generation = transaction.Generation }, expected), content.Database);
            dump = content.Database;
        }
    }

    private static JournalVerdict Read(byte[] volume) => JournalReader.Read(new MemoryStream(volume));

    private static byte[] Volume()
    {
        using var file = new GZipStream(File.OpenRead(SharedFiles.Genuine("metadata-vdi.raw.gz")), CompressionMode.Decompress);
        var volume = new MemoryStream(capacity: 132 << 20);
        file.CopyTo(volume);
        return volume.ToArray();
    }
}
