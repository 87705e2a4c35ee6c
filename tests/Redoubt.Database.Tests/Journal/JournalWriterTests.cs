using System.Text;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Tests.Journal;

public sealed class JournalWriterTests
{
    [Fact]
    public void A_blank_volume_becomes_an_empty_log_and_nothing_else_does()
    {
        using var scratch = new Scratch(initialise: false);
        Assert.IsType<JournalVerdict.NotARedoLog>(scratch.Read());
        Assert.Equal(JournalFault.NotARedoLog, Assert.Throws<JournalException>(() => scratch.Writer()).Fault);

        JournalWriter.Initialise(scratch.Device, scratch.Layout);

        Assert.Equal(new JournalVerdict.Empty(null), scratch.Read());
        Assert.Equal(
            JournalFault.NotBlank, Assert.Throws<JournalException>(() => JournalWriter.Initialise(scratch.Device, scratch.Layout)).Fault);
        File.WriteAllText(scratch.Device.Path, "QFI something else".PadRight((int)scratch.Layout.UsedBytes));
        Assert.Equal(
            JournalFault.NotBlank, Assert.Throws<JournalException>(() => JournalWriter.Initialise(scratch.Device, scratch.Layout)).Fault);
    }

    [Fact]
    public void A_volume_that_is_too_small_is_refused_with_both_sizes()
    {
        using var scratch = new Scratch();
        var e = Assert.Throws<JournalException>(() => new JournalWriter(scratch.Device));
        Assert.Equal(JournalFault.VolumeTooSmall, e.Fault);
        Assert.Contains($"{scratch.Layout.UsedBytes} bytes", e.Message, StringComparison.Ordinal);
        Assert.Contains("125829138", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_larger_than_a_half_is_refused_with_both_sizes_and_nothing_is_written()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        var frame = DumpWriter.Measure(Scratch.Counters(2, 1, 0));
        var fits = Scratch.Counters(2, 1, (int)(writer.MaxDatabaseBytes - frame));
        var tooLarge = Scratch.Counters(2, 1, (int)(writer.MaxDatabaseBytes - frame) + 1);
        var before = scratch.Image;

        var e = Assert.Throws<JournalException>(() => writer.WriteDatabase(tooLarge));

        Assert.Equal(JournalFault.DatabaseTooLarge, e.Fault);
        Assert.Contains($"{writer.MaxDatabaseBytes + 1} bytes", e.Message, StringComparison.Ordinal);
        Assert.Contains($"{writer.MaxDatabaseBytes}", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, scratch.Image);
        writer.WriteDatabase(fits);
        writer.WriteDatabase(fits.AtGeneration(4));
        Assert.Equal(0, writer.SpaceLeft);
        Assert.Equal(fits.AtGeneration(4), Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content.Database);
    }

    [Fact]
    public void A_log_that_is_full_asks_for_the_database_and_goes_on_in_the_other_half()
    {
        using var scratch = new Scratch();
        var (writer, state) = (scratch.Writer(), Scratch.Counters(0));
        writer.WriteDatabase(state);
        var halves = new HashSet<JournalHalf>();
        for (var number = 1; number < 400; number++)
        {
            var transaction = Scratch.Transaction(state.Manifest.Generation, number, 1 + (number % 5));
            state = Scratch.Apply(state, transaction);
            if (writer.Append([transaction]) == AppendResult.NotEnoughSpace)
            {
                Assert.Equal(transaction.Before, Scratch.Content(scratch.Read())!.Generation);
                writer.WriteDatabase(state);
            }

            var content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;
            halves.Add(content.Half);
            Assert.Equal(state, content.Database);
            Assert.Equal(writer.Generation, content.Generation);
            Assert.Equal(scratch.Layout.EndOf(content.Half) - 16 - content.EndOffset, writer.SpaceLeft);
            // Keep the database itself small enough.
            if (number % 40 == 0)
                writer.WriteDatabase(state = Scratch.Counters(state.Manifest.Generation));
        }

        Assert.Equal(2, halves.Count);
    }

    [Fact]
    public void A_batch_of_transactions_is_one_write_and_one_flush()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        var first = Scratch.Transaction(0, 1, 3);
        var second = Scratch.Transaction(first.Generation, 2, 1);
        scratch.Operations.Clear();

        writer.Append([first, second]);

        Assert.Equal([false, true], scratch.Operations.Select(o => o.IsFlush));
        Assert.Equal([1, 3, 4, 6], new[] { first.GenerationOf(0), first.GenerationOf(1), first.GenerationOf(2), second.GenerationOf(0) });
        Assert.Equal(2, Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content.Transactions);
    }

    [Fact]
    public void With_our_area_a_batch_is_two_writes_and_still_one_flush_and_a_half_takes_as_many_as_have_room_for_proof()
    {
        using var scratch = new Scratch(64 * 1024, historyBlocks: 24);
        using var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        scratch.Operations.Clear();
        Assert.Equal(AppendResult.Durable, writer.Append([Scratch.Transaction(0, 1, 3)]));
        Assert.Equal([false, false, true], scratch.Operations.Select(o => o.IsFlush));

        var batches = 1;
        while (writer.Append([Scratch.Transaction(writer.Generation, batches, 1)]) == AppendResult.Durable)
        {
            batches++;
            Assert.Equal(batches, Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content.Transactions);
        }

        Assert.Equal(Scratch.SmallArea.ProofBytes / ProofRecord.Bytes, batches + 1);
        writer.WriteDatabase(Scratch.Counters(writer.Generation));
        Assert.Equal(AppendResult.Durable, writer.Append([Scratch.Transaction(writer.Generation, 1, 1)]));
    }

    [Fact]
    public void A_half_that_is_kept_is_made_the_one_that_counts_before_the_other_is_touched()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        writer.WriteDatabase(Scratch.Counters(2));
        scratch.Operations.Clear();
        scratch.Writer(JournalHalf.First).WriteDatabase(Scratch.Counters(4));
        Assert.Equal(
            (JournalLayout.ValidityOffset, (byte)'1', true),
            ((int)scratch.Operations[0].Offset, scratch.Operations[0].Bytes![0], scratch.Operations[1].IsFlush));
    }

    [Fact]
    public void The_database_is_durable_before_the_validity_byte_flips()
    {
        using var scratch = new Scratch();
        scratch.Operations.Clear();
        scratch.Writer().WriteDatabase(Scratch.Counters(0));
        var flip = scratch.Operations.FindIndex(o => o.Offset == JournalLayout.ValidityOffset && !o.IsFlush);
        Assert.Equal(scratch.Operations.Count - 2, flip);
        Assert.True(scratch.Operations[flip - 1].IsFlush);
        Assert.True(scratch.Operations[flip + 1].IsFlush);
        Assert.Equal(4, scratch.Operations.Count(o => o.IsFlush));
    }

    [Fact]
    public void Transactions_out_of_order_and_databases_at_odd_generations_are_refused()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        Assert.Throws<ArgumentException>(() => writer.WriteDatabase(Scratch.Counters(3)));
        Assert.Throws<ArgumentException>(() => writer.WriteDatabase(Scratch.Counters(-1)));
        writer.WriteDatabase(Scratch.Counters(10));
        Assert.Throws<ArgumentException>(() => writer.Append([Scratch.Transaction(8, 1, 1)]));
        Assert.Throws<ArgumentException>(() => JournalTransaction.After(11, [new Delta.DeleteRow("T", "r")]));
        Assert.Throws<ArgumentException>(() => JournalTransaction.After(10, []));
        Assert.Equal(AppendResult.Durable, writer.Append([Scratch.Transaction(10, 1, 2)]));
    }

    [Fact]
    public void After_a_failure_of_the_device_only_a_whole_database_is_taken()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        scratch.Device.Observer = operation => throw new IOException("no path to the device");
        Assert.Throws<IOException>(() => writer.Append([Scratch.Transaction(0, 1, 1)]));
        scratch.Device.Observer = null;

        Assert.Equal(AppendResult.WholeDatabaseNeeded, writer.Append([Scratch.Transaction(0, 1, 1)]));
        writer.WriteDatabase(Scratch.Counters(2));

        Assert.Equal((JournalHalf.Second, 2), (Scratch.Content(scratch.Read())!.Half, Scratch.Content(scratch.Read())!.Generation));
        Assert.Equal(AppendResult.Durable, writer.Append([Scratch.Transaction(2, 1, 1)]));
    }

    [Fact]
    public void A_full_write_that_fails_at_the_flip_is_repeated_into_the_same_half()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        scratch.Device.Observer = operation =>
        {
            if (operation is { Offset: JournalLayout.ValidityOffset, Bytes: not null })
                throw new IOException("lost in flight");
        };
        Assert.Throws<IOException>(() => writer.WriteDatabase(Scratch.Counters(2)));
        scratch.Device.Observer = null;
        Assert.Equal(0, Scratch.Content(scratch.Read())!.Generation);

        writer.WriteDatabase(Scratch.Counters(4));

        Assert.Equal((JournalHalf.Second, 4, 0), (Scratch.Content(scratch.Read())!.Half, Scratch.Content(scratch.Read())!.Generation, Scratch.Content(scratch.Read())!.OtherHalfGeneration));
    }

    [Fact]
    public void The_half_to_keep_can_be_named_when_the_one_that_counts_is_broken()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        writer.WriteDatabase(Scratch.Counters(2));
        var image = scratch.Image;
        image.AsSpan((int)scratch.Layout.StartOf(JournalHalf.Second), 200).Clear();
        File.WriteAllBytes(scratch.Device.Path, image);
        var cut = Assert.IsType<JournalVerdict.CutAt>(scratch.Read());
        Assert.True(cut.FromOtherHalf);

        scratch.Writer(keep: cut.Content.Half).WriteDatabase(Scratch.Counters(8));

        var content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;
        Assert.Equal((JournalHalf.Second, 8, 0), (content.Half, content.Generation, content.OtherHalfGeneration));
    }

    [Fact]
    public void Markers_are_ours_and_every_full_write_has_its_own()
    {
        Assert.All(Enumerable.Range(0, 100), _ =>
        {
            var marker = Encoding.ASCII.GetBytes(JournalMarker.Create());
            Assert.True(JournalMarker.IsOurs(marker));
            marker[14] = (byte)'4';
            Assert.False(JournalMarker.IsOurs(marker));
        });
        Assert.False(JournalMarker.IsOurs("9ec8fbb9-1866-d492-f492-c8460e43e06b"u8));
        Assert.False(JournalMarker.IsOurs("ABCDEFAB-0000-8000-8000-5265646f7562"u8));
        Assert.True(JournalMarker.IsOurs("abcdefab-0000-8000-b000-5265646f7562"u8));
        Assert.False(JournalMarker.IsOurs("abcdefab-0000-8000-c000-5265646f7562"u8));
    }

    [Fact]
    public void A_new_volume_on_storage_is_sparse_and_long_enough_for_xapi()
    {
        var folder = Directory.CreateTempSubdirectory("redoubt-journal-");
        try
        {
            using var device = JournalDevice.Create(Path.Combine(folder.FullName, "volume"));
            JournalWriter.Initialise(device);
            new JournalWriter(device).WriteDatabase(Scratch.Counters(0));
            Assert.Equal(3_988_783_104, device.Length);
            Assert.Equal(0, Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(device.Path)).Content.Generation);
            Assert.Throws<IOException>(() => JournalDevice.Create(device.Path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_reader_that_knows_no_transactions_sees_every_delta()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        var first = Scratch.Transaction(0, 1, 4);
        writer.Append([first, Scratch.Transaction(first.Generation, 2, 1)]);
        var ours = Scratch.Content(scratch.Read())!;

        // The same bytes under a marker of nobody's: what xapi makes of them.
        var text = Encoding.Latin1.GetString(scratch.Image)
            .Replace(ours.Marker, "9ec8fbb9-1866-d492-f492-c8460e43e06b", StringComparison.Ordinal);
        var foreign = Assert.IsType<JournalVerdict.Intact>(Scratch.Read(Encoding.Latin1.GetBytes(text), scratch.Layout)).Content;

        Assert.Equal((5, 5, 0), (foreign.Transactions, foreign.Deltas, foreign.SkippedOld));
        Assert.Equal(ours.Database, foreign.Database);
    }
}
