using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal.Area;

/// <summary>A database that is larger than a half: into our area, and back when it has shrunk.</summary>
public sealed class LargeDatabaseTests
{
    private const int HalfBytes = 4096;

    [Fact]
    public void A_database_larger_than_a_half_is_written_to_our_area_with_its_log_and_reads_back_proven()
    {
        using var scratch = new Scratch(HalfBytes, historyBlocks: 40);
        var writer = scratch.Writer();
        var state = Large(100);
        writer.WriteDatabase(state);
        Assert.True(writer.IsLarge);
        var transaction = Scratch.Transaction(100, 1, 3);
        Assert.Equal(AppendResult.Durable, writer.Append([transaction]));

        var content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;

        Assert.Equal(Scratch.Apply(state, transaction), content.Database);
        Assert.Equal(
            (true, ProofStanding.Whole, 100L, 1),
            (content.IsLarge, content.Proof.Standing, content.DatabaseGeneration, content.Transactions));
        Assert.Equal(
            state,
            Assert.IsType<JournalVerdict.Intact>(
                Scratch.Read(scratch.Image, scratch.Layout, new JournalPoint.AtGeneration(100))).Content.Database);
    }

    [Fact]
    public void What_xapi_reads_of_such_a_volume_is_that_it_is_empty()
    {
        using var scratch = new Scratch(HalfBytes, historyBlocks: 40);
        scratch.Writer().WriteDatabase(Large(100));
        // Any byte but these two is to xapi as "0"; and without a length there is no database to be taken for one in spite of that.
        Assert.DoesNotContain(scratch.Image[JournalLayout.ValidityOffset], "12"u8.ToArray());
        Assert.False(
            scratch.Image.AsSpan((int)scratch.Layout.StartOf(JournalHalf.First) + JournalLayout.MarkerBytes, JournalLayout.NumberBytes)
                .ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void After_xapi_has_written_to_the_volume_its_database_counts_and_after_xapi_has_emptied_it_none_does()
    {
        using var scratch = new Scratch(HalfBytes, historyBlocks: 40);
        var writer = scratch.Writer();
        writer.WriteDatabase(Large(100));
        writer.WriteDatabase(Large(200));
        // As xapi writes: into the first half when the byte is neither 1 nor 2.
        var theirs = Scratch.Counters(301);
        var (dump, marker) = (Dumps.Write(theirs), "9ec8fbb9-1866-d492-f492-c8460e43e06b");
        var image = scratch.Image;
        System.Text.Encoding.ASCII.GetBytes($"{marker}{dump.Length:D16}{dump}{301:D16}{marker}{new string('\0', 16)}")
            .CopyTo(image, JournalLayout.HeaderBytes);
        image[JournalLayout.ValidityOffset] = (byte)'1';

        var content = Assert.IsType<JournalVerdict.Intact>(Scratch.Read(image, scratch.Layout)).Content;
        Assert.Equal((theirs, false, ProofStanding.Stale), (content.Database, content.IsLarge, content.Proof.Standing));

        image[JournalLayout.ValidityOffset] = (byte)'0';
        Assert.IsType<JournalVerdict.Empty>(Scratch.Read(image, scratch.Layout));
    }

    [Fact]
    public void The_form_changes_with_the_size_in_both_directions_and_the_half_before_stays_readable()
    {
        using var scratch = new Scratch(HalfBytes, historyBlocks: 60);
        var writer = scratch.Writer();
        DatabaseDump[] states = [Scratch.Counters(100), Large(200), Large(300), Scratch.Counters(400), Scratch.Counters(500), Large(600)];
        DatabaseDump? before = null;
        foreach (var state in states)
        {
            writer.WriteDatabase(state);
            var content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;
            Assert.Equal((state, state.Tables.Length > 2), (content.Database, content.IsLarge));
            Assert.Equal(content.IsLarge, writer.IsLarge);
            if (before is not null)
            {
                Assert.Equal(before.Manifest.Generation, content.OtherHalfGeneration);
                Assert.Equal(
                    before,
                    Scratch.Content(
                        Scratch.Read(scratch.Image, scratch.Layout, new JournalPoint.AtGeneration(before.Manifest.Generation)))!.Database);
            }

            // A writer that takes over knows as much.
            (writer, before) = (scratch.Writer(), state);
        }
    }

    [Fact]
    public void A_new_writer_keeps_the_half_that_counts_when_it_holds_a_large_database()
    {
        using var scratch = new Scratch(HalfBytes, historyBlocks: 40);
        scratch.Writer().WriteDatabase(Large(100));
        var before = scratch.Image;
        var writer = scratch.Writer();
        scratch.Device.Observer = _ => throw new IOException("stopped");
        Assert.Throws<IOException>(() => writer.WriteDatabase(Large(200)));
        Assert.Equal(before, scratch.Image);
        Assert.Equal(100, Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content.Generation);
    }

    [Fact]
    public void The_history_makes_way_for_it_but_keeps_what_was_before_a_fall_as_long_as_there_is_space()
    {
        using var scratch = new Scratch(HalfBytes, historyBlocks: 26);
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        var kept = 0;
        for (var i = 1; i <= 30; i++)
        {
            var state = Large(i * 2, rows: 20, width: 120, seed: i);
            kept += writer.AddHistory(PackedDatabase.Of(state, scratch.Clock.GetUtcNow())) == HistoryAddResult.Added ? 1 : 0;
            scratch.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(kept > 2, $"{kept}");
        for (var i = 0; i < 6; i++)
        {
            var state = Large(100 + (i * 10), seed: 100 + i);
            writer.WriteDatabase(state);
            writer.AddHistory(PackedDatabase.Of(state, scratch.Clock.GetUtcNow()));
            var content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;
            Assert.Equal((state, ProofStanding.Whole), (content.Database, content.Proof.Standing));
            // Whatever the history lists is there.
            foreach (var entry in scratch.History().Entries)
            {
                var read = Scratch.Read(scratch.Image, scratch.Layout, new JournalPoint.AtGeneration(entry.Generation));
                Assert.Equal(entry.Generation, Assert.IsType<JournalVerdict.Intact>(read).Content.Generation);
            }
        }
    }

    [Fact]
    public void One_that_nothing_has_space_for_is_refused_with_all_sizes_and_the_one_before_stays()
    {
        using var scratch = new Scratch(HalfBytes, historyBlocks: 8);
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(100));
        var huge = Large(200, rows: 200);
        var refusal = Assert.Throws<JournalException>(() => writer.WriteDatabase(huge));
        Assert.Equal(JournalFault.DatabaseTooLarge, refusal.Fault);
        Assert.Contains(
            $"the database has {DumpWriter.Measure(huge)} bytes, half a redo log takes {writer.MaxDatabaseBytes}", refusal.Message,
            StringComparison.Ordinal);
        Assert.Contains($"the area of {scratch.Device.Path} has {8 * 512}", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(100, Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content.Generation);
        // It goes on as if it had not been asked.
        Assert.Equal(AppendResult.Durable, writer.Append([Scratch.Transaction(100, 1, 1)]));
    }

    [Fact]
    public void A_volume_without_our_area_refuses_it_as_xapi_does()
    {
        using var scratch = new Scratch(HalfBytes);
        var refusal = Assert.Throws<JournalException>(() => scratch.Writer().WriteDatabase(Large(100)));
        Assert.Equal(JournalFault.DatabaseTooLarge, refusal.Fault);
        Assert.Contains("has no area of Redoubt's", refusal.Message, StringComparison.Ordinal);
        Assert.IsType<JournalVerdict.Empty>(scratch.Read());
    }

    /// <summary>Too large for a half of 4 KiB, and hard to compress.</summary>
    internal static DatabaseDump Large(long generation, int rows = 40, int width = 150, int seed = 7)
    {
        var random = new Random(seed);
        var small = Scratch.Counters(generation);
        string Text() => string.Concat(Enumerable.Range(0, width).Select(_ => (char)random.Next('a', 'z')));
        return Dumps.Of(
            generation, [.. small.Tables, new DumpTable("big", Enumerable.Range(0, rows).Select(i => Dumps.Row($"b{i}", ("t", Text()))))]);
    }
}
