using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal.Area;

public sealed class HistoryTests
{
    [Fact]
    public void Every_state_that_was_flushed_can_be_read_by_generation_while_the_log_or_the_history_has_it()
    {
        var volume = new SmallVolume(fullWrites: 5, batches: 3);
        var reachable = 0;
        foreach (var generation in volume.States.Keys)
        {
            var content = Assert.IsType<JournalVerdict.Intact>(
                Scratch.Read(volume.Image, volume.Layout, new JournalPoint.AtGeneration(generation))).Content;
            Assert.True(content.Generation <= generation);
            Assert.Equal(volume.States[content.Generation], content.Database);
            reachable += content.Generation == generation ? 1 : 0;
        }

        // Both halves with all that is in them (the second begins with what the first ends with), and the start of each earlier one.
        Assert.Equal(4 + 3 + 3, reachable);
    }

    [Fact]
    public void Every_state_can_be_read_by_time_and_nothing_before_the_first()
    {
        var volume = new SmallVolume(fullWrites: 2, batches: 3);
        foreach (var (generation, time) in volume.Times)
        {
            var content = Assert.IsType<JournalVerdict.Intact>(
                Scratch.Read(volume.Image, volume.Layout, new JournalPoint.AtTime(time + TimeSpan.FromSeconds(9)))).Content;
            // The last state of one half and the database of the next are of the same time; they are the same state.
            Assert.Equal((generation, time), (content.Generation, content.WrittenAt));
            Assert.Equal(volume.States[generation], content.Database);
        }

        var before = new JournalPoint.AtTime(volume.Times.Values.Min() - TimeSpan.FromSeconds(1));
        var verdict = Scratch.Read(volume.Image, volume.Layout, before);
        Assert.Equal(JournalDamageKind.NothingThatOld, Assert.IsType<JournalVerdict.Unusable>(verdict).Damage[0].Kind);
        Assert.IsType<JournalVerdict.Unusable>(Scratch.Read(volume.Image, volume.Layout, new JournalPoint.AtGeneration(99)));
    }

    [Fact]
    public void A_point_inside_a_transaction_gives_the_state_before_it()
    {
        using var scratch = new Scratch(4096, historyBlocks: 24);
        using var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(100));
        writer.Append([Scratch.Transaction(100, 1, 4)]);
        var content = Assert.IsType<JournalVerdict.Intact>(
            Scratch.Read(scratch.Image, scratch.Layout, new JournalPoint.AtGeneration(103))).Content;
        Assert.Equal((100, 0), (content.Generation, content.DiscardedUnfinished));
        Assert.Equal(Scratch.Counters(100), content.Database);
    }

    [Fact]
    public void Damage_behind_a_point_does_not_concern_it_and_damage_before_it_is_told()
    {
        var volume = new SmallVolume(history: false);
        var generations = volume.States.Keys.Order().ToList();
        volume.Image[(int)volume.Content.EndOffset - JournalLayout.TrailerBytes - 3] ^= 1;
        Assert.IsType<JournalVerdict.Intact>(Scratch.Read(volume.Image, volume.Layout, new JournalPoint.AtGeneration(generations[^2])));
        var cut = Assert.IsType<JournalVerdict.CutAt>(
            Scratch.Read(volume.Image, volume.Layout, new JournalPoint.AtGeneration(generations[^1])));
        Assert.Equal(generations[^2], cut.Content.Generation);
    }

    [Fact]
    public void Every_changed_byte_leaves_every_earlier_point_a_state_that_was()
    {
        var volume = new SmallVolume();
        var points = volume.States.Keys.Where((_, i) => i % 5 == 0).ToList();
        for (var at = 0; at < volume.Image.Length; at += 3)
        {
            if (volume.Image[at] == 0)
                continue;
            volume.Image[at] ^= 0x11;
            foreach (var point in points)
            {
                if (Scratch.Content(Scratch.Read(volume.Image, volume.Layout, new JournalPoint.AtGeneration(point))) is { } content)
                {
                    Assert.True(
                        volume.States.TryGetValue(content.Generation, out var state) && state.Equals(content.Database), $"byte {at}");
                    Assert.True(content.Generation <= point, $"byte {at}: {content.Generation} for {point}");
                }
            }

            volume.Image[at] ^= 0x11;
        }
    }

    [Fact]
    public void The_list_tells_generation_time_pool_and_what_there_was()
    {
        using var scratch = new Scratch(16 * 1024, historyBlocks: 60);
        using var writer = scratch.Writer();
        var dump = Pool(2, vms: 3, vapps: 2);
        writer.WriteDatabase(dump);
        Assert.Equal(HistoryAddResult.Added, writer.AddHistory(PackedDatabase.Of(dump, scratch.Clock.GetUtcNow())));
        Assert.Equal(HistoryAddResult.AlreadyThere, writer.AddHistory(PackedDatabase.Of(dump, scratch.Clock.GetUtcNow())));

        var listing = scratch.History();

        var entry = Assert.Single(listing.Entries);
        Assert.Equal(
            (2, scratch.Clock.GetUtcNow(), 3, 2, "home"), (entry.Generation, entry.WrittenAt, entry.Vms, entry.VApps, entry.Pool.Name));
        Assert.Equal(DumpWriter.Measure(dump), entry.DumpBytes);
        Assert.True(entry.StoredBytes < entry.DumpBytes);
        Assert.Equal((entry.Pool, 2, 2), (listing.Pool, listing.Log[0]!.FromGeneration, listing.Log[0]!.ToGeneration));
        Assert.Empty(listing.Problems);
        Assert.Empty(JournalHistory.List(new JournalBytes(new MemoryStream(new byte[100])), scratch.Layout).Entries);
    }

    [Fact]
    public void A_history_that_is_full_makes_way_but_never_of_the_state_in_which_the_pool_had_its_VMs()
    {
        using var scratch = new Scratch(16 * 1024, historyBlocks: 8);
        using var writer = scratch.Writer();
        writer.WriteDatabase(Pool(2, vms: 20, vapps: 1));
        Assert.Equal(HistoryAddResult.Added, writer.AddHistory(PackedDatabase.Of(Pool(2, vms: 20, vapps: 1), scratch.Clock.GetUtcNow())));
        for (var generation = 4L; generation < 80; generation += 2)
        {
            scratch.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(HistoryAddResult.Added, writer.AddHistory(PackedDatabase.Of(Pool(generation, 0, 0), scratch.Clock.GetUtcNow())));
            var entries = scratch.History().Entries;
            Assert.Equal((2, 20), (entries[0].Generation, entries[0].Vms));
            Assert.Equal(generation, entries[^1].Generation);
            var content = Scratch.Content(Scratch.Read(scratch.Image, scratch.Layout, new JournalPoint.AtGeneration(3)));
            Assert.Equal(Pool(2, vms: 20, vapps: 1), content!.Database);
        }

        Assert.Equal(HistoryAddResult.NoSpace, writer.AddHistory(PackedDatabase.Of(Pool(90, 1, 400), scratch.Clock.GetUtcNow())));
    }

    [Fact]
    public void A_volume_without_an_area_keeps_no_history()
    {
        using var scratch = new Scratch();
        using var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(2));
        Assert.Equal(HistoryAddResult.NoArea, writer.AddHistory(PackedDatabase.Of(Scratch.Counters(2), scratch.Clock.GetUtcNow())));
    }

    private static DatabaseDump Pool(long generation, int vms, int vapps) => Dumps.Of(
        generation,
        new DumpTable("pool", [Dumps.Row("p", ("uuid", "0f6a5f4e-8a5c-4a44-9a7b-3c1d2e4f5a6b"), ("name_label", "home"))]),
        new DumpTable("VM", [
            .. Enumerable.Range(0, vms).Select(i => Dumps.Row($"v{i}", ("is_a_template", "false"), ("uuid", $"{generation * i}"))),
            Dumps.Row("t", ("is_a_template", "true")), Dumps.Row("s", ("is_a_snapshot", "true")),
            Dumps.Row("c", ("is_control_domain", "true"))]),
        new DumpTable(
            "VM_appliance", Enumerable.Range(0, vapps).Select(i => Dumps.Row($"a{i}", ("uuid", $"{new Random(i).NextInt64():x16}")))));
}
