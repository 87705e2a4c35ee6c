using System.Buffers;
using System.Text;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal.Area;

/// <summary>Volumes of which our area says something else than the log, or nothing: xapi wrote, or there never was an area.</summary>
public sealed class StaleProofTests
{
    private const string ForeignMarker = "9ec8fbb9-1866-d492-f492-c8460e43e06b";

    [Fact]
    public void After_xapi_wrote_our_proof_is_known_to_be_stale_and_its_state_is_read()
    {
        var volume = new SmallVolume();
        var foreign = volume.Newest.AtGeneration(volume.Newest.Manifest.Generation + 1);
        WriteAsXapi(volume, foreign, (foreign.Manifest.Generation + 1, new Delta.WriteField("T", "r0", "n", "of xapi")));

        var content = Assert.IsType<JournalVerdict.Intact>(Scratch.Read(volume.Image, volume.Layout)).Content;

        Assert.Equal(JournalLayout.Other(volume.Content.Half), content.Half);
        Assert.Equal((ForeignMarker, foreign.Manifest.Generation + 1), (content.Marker, content.Generation));
        Assert.Equal("of xapi", content.Database.FindTable("T")!.Rows[0].Columns["n"]);
        Assert.Equal((ProofStanding.Stale, null), (content.Proof.Standing, content.WrittenAt));
    }

    [Fact]
    public void When_we_write_again_after_xapi_there_is_proof_again_and_the_history_goes_on()
    {
        using var scratch = new Scratch(4096, historyBlocks: 24);
        using (var writer = scratch.Writer())
        {
            writer.WriteDatabase(Scratch.Counters(100));
            Assert.Equal(HistoryAddResult.Added, writer.AddHistory(PackedDatabase.Of(Scratch.Counters(100), scratch.Clock.GetUtcNow())));
        }

        var image = scratch.Image;
        WriteAsXapi(image, scratch.Layout, JournalHalf.Second, Scratch.Counters(105));
        File.WriteAllBytes(scratch.Device.Path, image);
        // The second half had never been ours, so there is not even stale proof.
        Assert.Equal(ProofStanding.None, Scratch.Content(scratch.Read())!.Proof.Standing);

        using (var writer = scratch.Writer())
        {
            writer.WriteDatabase(Scratch.Counters(106));
            Assert.Equal(HistoryAddResult.Added, writer.AddHistory(PackedDatabase.Of(Scratch.Counters(106), scratch.Clock.GetUtcNow())));
        }

        var content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;
        Assert.Equal((106, ProofStanding.Whole), (content.Generation, content.Proof.Standing));
        Assert.Equal([100, 106], scratch.History().Entries.Select(e => e.Generation));
    }

    [Fact]
    public void What_xapi_wrote_and_then_was_damaged_gives_way_to_what_we_wrote_before()
    {
        var volume = new SmallVolume(history: false);
        WriteAsXapi(volume, volume.Newest.AtGeneration(volume.Newest.Manifest.Generation + 1));
        volume.Image[(int)volume.Layout.StartOf(JournalLayout.Other(volume.Content.Half)) + 3] ^= 1;
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(volume.Image, volume.Layout));
        Assert.Equal(volume.Newest, cut.Content.Database);
        Assert.True(cut.FromOtherHalf);
    }

    [Fact]
    public void A_volume_without_an_area_reads_as_before()
    {
        var volume = new SmallVolume();
        foreach (var image in (byte[][])[volume.Image[..(int)volume.Layout.UsedBytes], Zeroed(volume)])
        {
            var content = Assert.IsType<JournalVerdict.Intact>(Scratch.Read(image, volume.Layout)).Content;
            Assert.Equal((volume.Newest, ProofStanding.None), (content.Database, content.Proof.Standing));
            Assert.Equal(new JournalProof(ProofStanding.None), content.Proof);
        }
    }

    [Fact]
    public void A_volume_that_is_too_short_for_an_area_gets_none_and_a_longer_one_has_the_same_log()
    {
        using var plain = new Scratch(4096);
        using var proven = new Scratch(4096, historyBlocks: 24);
        foreach (var scratch in (Scratch[])[plain, proven])
        {
            using var writer = scratch.Writer();
            Assert.Equal(scratch == proven, writer.HasArea);
            writer.WriteDatabase(Scratch.Counters(100));
            for (var i = 0; i < 5; i++)
                writer.Append([Scratch.Transaction(writer.Generation, i, 3)]);
        }

        // The same but for the marker, which is random.
        Assert.Equal(Text(plain), Text(proven));
        var steps = proven.Operations.Where(o => o.IsFlush || o.Offset < proven.Layout.UsedBytes).Select(o => (o.Offset, o.Bytes?.Length));
        Assert.Equal(plain.Operations.Select(o => (o.Offset, o.Bytes?.Length)), steps);

        static string Text(Scratch scratch) => Encoding.Latin1.GetString(scratch.Image, 0, (int)scratch.Layout.UsedBytes)
            .Replace(Scratch.Content(scratch.Read())!.Marker, "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_flush_whose_proof_was_lost_in_a_crash_is_read_as_far_as_the_format_can_tell()
    {
        var volume = new SmallVolume();
        var last = volume.Content.Transactions;
        volume.Image.AsSpan((int)volume.Map.ProofsAt(volume.Content.Half) + (last * ProofRecord.Bytes), ProofRecord.Bytes).Clear();
        var content = Assert.IsType<JournalVerdict.Intact>(Scratch.Read(volume.Image, volume.Layout)).Content;
        Assert.Equal((volume.Newest, ProofStanding.Partial), (content.Database, content.Proof.Standing));
        Assert.Equal(volume.States.Keys.Order().ElementAt(^2), content.Proof.Generation);

        // Torn as well, it was never acknowledged, and the area shows it.
        volume.Image.AsSpan((int)content.EndOffset - 60, 20).Clear();
        var torn = Assert.IsType<JournalVerdict.Intact>(Scratch.Read(volume.Image, volume.Layout)).Content;
        Assert.Equal((content.Proof.Generation, ProofStanding.Whole), (torn.Generation, torn.Proof.Standing));
        Assert.NotNull(torn.Proof.Unacknowledged);
    }

    [Fact]
    public void The_area_says_whose_volume_it_is_and_notices_a_new_name()
    {
        using var scratch = new Scratch(4096, historyBlocks: 24);
        using var writer = scratch.Writer();
        foreach (var (generation, name) in ((long, string)[])[(2, "first"), (4, "second, ü"), (6, "second, ü")])
        {
            var dump = Dumps.Of(
                generation,
                new DumpTable("pool", [Dumps.Row("p", ("uuid", "0f6a5f4e-8a5c-4a44-9a7b-3c1d2e4f5a6b"), ("name_label", name))]));
            writer.WriteDatabase(dump);
            var content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;
            Assert.Equal(new PoolIdentity(new Guid("0f6a5f4e-8a5c-4a44-9a7b-3c1d2e4f5a6b"), name), content.Proof.Pool);
        }
    }

    private static byte[] Zeroed(SmallVolume volume)
    {
        var image = (byte[])volume.Image.Clone();
        image.AsSpan((int)volume.Layout.AreaStart).Clear();
        return image;
    }

    /// <summary>What xapi does when it takes over: the whole database into the half that does not count, then that byte.</summary>
    private static void WriteAsXapi(SmallVolume volume, DatabaseDump dump, params (long Generation, Delta Delta)[] deltas) =>
        WriteAsXapi(volume.Image, volume.Layout, JournalLayout.Other(volume.Content.Half), dump, deltas);

    private static void WriteAsXapi(
        byte[] image, JournalLayout layout, JournalHalf half, DatabaseDump dump, params (long Generation, Delta Delta)[] deltas)
    {
        var output = new ArrayBufferWriter<byte>();
        var text = Dumps.Write(dump);
        output.Write(
            Encoding.UTF8.GetBytes(
                $"{ForeignMarker}{Encoding.UTF8.GetByteCount(text):D16}{text}{dump.Manifest.Generation:D16}{ForeignMarker}"));
        foreach (var (generation, delta) in deltas)
            DeltaRecord.Encode(delta, generation, Encoding.ASCII.GetBytes(ForeignMarker), output);
        output.Write(new byte[JournalLayout.EndMarkBytes]);
        output.WrittenSpan.CopyTo(image.AsSpan((int)layout.StartOf(half)));
        image[JournalLayout.ValidityOffset] = (byte)('0' + (int)half);
    }
}
