using System.Text;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal;

public sealed class DamageTests
{
    /// <summary>Full writes in both halves and transactions in each; every state that ever was, by generation.</summary>
    private static (byte[] Image, JournalLayout Layout, Dictionary<long, DatabaseDump> States, JournalContent Content) Journal()
    {
        using var scratch = new Scratch(4096);
        var writer = scratch.Writer();
        var states = new Dictionary<long, DatabaseDump>();
        var state = Scratch.Counters(100);
        for (var half = 0; half < 3; half++)
        {
            writer.WriteDatabase(state);
            states[state.Manifest.Generation] = state;
            for (var i = 0; i < 3; i++)
            {
                var transaction = Scratch.Transaction(state.Manifest.Generation, (half * 10) + i, 1 + i);
                Assert.Equal(AppendResult.Durable, writer.Append([transaction]));
                state = Scratch.Apply(state, transaction);
                states[state.Manifest.Generation] = state;
            }
        }

        return (scratch.Image, scratch.Layout, states, Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content);
    }

    [Fact]
    public void Every_flipped_bit_is_noticed_or_lies_in_a_value_or_name_where_the_format_has_no_proof()
    {
        var (image, layout, _, intact) = Journal();
        var (noticed, harmless, silent) = (0, 0, new List<int>());
        foreach (var bit in Sampling.Below(image.Length * 8, oneOf: 8))
        {
            image[bit / 8] ^= (byte)(1 << (bit % 8));
            var verdict = Scratch.Read(image, layout);
            image[bit / 8] ^= (byte)(1 << (bit % 8));
            if (verdict is not JournalVerdict.Intact { Content: var content })
                noticed++;
            else if (content.Database.Equals(intact.Database))
                harmless++;
            else
                silent.Add(bit / 8);
        }

        var text = Encoding.Latin1.GetString(image);
        var unprovable = Unprovable(image, layout, intact);
        Assert.All(
            silent.Distinct(),
            at => Assert.True(unprovable.Contains(at), $"byte {at}: …{text[Math.Max(0, at - 30)..at]}[{text[at]}]{text[at..(at + 20)]}…"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{noticed} noticed, {harmless} outside what counts, {silent.Count} in text");
        Assert.True(noticed > silent.Count, $"{noticed} noticed, {silent.Count} silent");
    }

    [Fact]
    public void Every_truncation_gives_a_state_that_was_or_none()
    {
        var (image, layout, states, _) = Journal();
        foreach (var length in Sampling.Below(image.Length, oneOf: 4))
            Check(Scratch.Read(image[..length], layout), states);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(64)]
    [InlineData(7)]
    public void Every_stretch_of_zeros_gives_a_state_that_was_or_none(int length)
    {
        var (image, layout, states, intact) = Journal();
        foreach (var at in length == 512 ? Sampling.Below(image.Length, 1, 512) : Sampling.Below(image.Length, oneOf: 4))
        {
            var damaged = (byte[])image.Clone();
            damaged.AsSpan(at, Math.Min(length, image.Length - at)).Clear();
            var verdict = Scratch.Read(damaged, layout);
            Check(verdict, states);
            // Zeros where records were are never taken for a log that ends there, but for the last transaction's own end.
            if (verdict is JournalVerdict.Intact { Content: var content } && content.Generation < intact.Generation)
                Assert.True(at + length >= intact.EndOffset - 200, $"at {at}: intact at {content.Generation}");
        }
    }

    [Fact]
    public void Any_garbage_in_any_place_never_throws()
    {
        var (image, layout, _, _) = Journal();
        var random = new Random(7);
        for (var round = 0; round < Sampling.Share(3000, 4); round++)
        {
            var damaged = (byte[])image.Clone();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                var at = random.Next(16, image.Length - 40);
                switch (random.Next(4))
                {
                    case 0:
                        random.NextBytes(damaged.AsSpan(at, random.Next(40)));
                        break;
                    case 1:
                        "9999999999999999"u8.CopyTo(damaged.AsSpan(at));
                        break;
                    case 2:
                        image.AsSpan(random.Next(image.Length - 40), random.Next(40)).CopyTo(damaged.AsSpan(at));
                        break;
                    default:
                        damaged[17] = (byte)('0' + random.Next(4));
                        break;
                }
            }

            Scratch.Read(damaged, layout);
        }
    }

    [Fact]
    public void Recovery_stops_at_the_first_torn_record()
    {
        var (image, layout, states, intact) = Journal();
        var last = Find(image, intact.Marker, fromEnd: 1);
        image[last + 3] ^= 1;
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(image, layout));
        Assert.Equal(JournalDamageKind.TornRecord, Assert.Single(cut.Damage).Kind);
        Assert.Equal(states.Keys.Order().ElementAt(^2), cut.Content.Generation);
        Assert.Equal(2, cut.Content.DiscardedUnfinished);
        Assert.False(cut.FromOtherHalf);
    }

    [Fact]
    public void Records_behind_a_wiped_one_are_counted()
    {
        var (image, layout, _, intact) = Journal();
        var second = Find(image, intact.Marker, fromEnd: 7) + JournalLayout.MarkerBytes;
        image.AsSpan(second, JournalLayout.NumberBytes).Clear();
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(image, layout));
        Assert.Equal(JournalDamageKind.RecordsAfterEnd, Assert.Single(cut.Damage).Kind);
        Assert.Equal(
            (intact.DatabaseGeneration, 6, intact.Generation), (cut.Content.Generation, cut.LostRecords, cut.LastSeenGeneration!.Value));
    }

    [Fact]
    public void A_database_that_cannot_be_used_gives_way_to_the_other_half()
    {
        var (image, layout, states, intact) = Journal();
        var start = (int)layout.StartOf(intact.Half);
        image[start + 52 + 40] = (byte)'!';
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(image, layout));
        Assert.True(cut.FromOtherHalf);
        Assert.Equal(JournalDamageKind.DatabaseContent, Assert.Single(cut.Damage).Kind);
        Assert.Equal(JournalLayout.Other(intact.Half), cut.Content.Half);
        Assert.Equal(intact.DatabaseGeneration, cut.Content.Generation);
        Assert.Equal(states[cut.Content.Generation], cut.Content.Database);
        image.AsSpan((int)layout.StartOf(cut.Content.Half), 50).Clear();
        Assert.Equal(2, Assert.IsType<JournalVerdict.Unusable>(Scratch.Read(image, layout)).Damage.Count);
    }

    [Fact]
    public void A_validity_byte_that_is_none_of_the_three_leaves_the_newest_half_to_be_found()
    {
        var (image, layout, _, intact) = Journal();
        image[JournalLayout.ValidityOffset] = (byte)'7';
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(image, layout));
        Assert.Equal(JournalDamageKind.ValidityByte, Assert.Single(cut.Damage).Kind);
        Assert.Equal(intact.Database, cut.Content.Database);
        image[JournalLayout.ValidityOffset] = (byte)'0';
        Assert.Equal(new JournalVerdict.Empty(intact.DatabaseGeneration), Scratch.Read(image, layout));
    }

    [Theory]
    [InlineData("", "no bytes")]
    [InlineData("\0\0\0\0", "never initialised")]
    [InlineData("redo-log", "redo-log")]
    [InlineData("conectix and more of it", "VHD")]
    [InlineData("<?xml version='1.0'?>", "dump")]
    public void What_is_no_redo_log_is_told_in_words(string head, string found)
    {
        var verdict = Assert.IsType<JournalVerdict.NotARedoLog>(JournalReader.Read(new MemoryStream(Encoding.Latin1.GetBytes(head))));
        Assert.Contains(found, verdict.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void Deltas_that_do_not_fit_cut_the_log_and_older_ones_are_passed_over_as_xapi_does()
    {
        var row = Dumps.Row("r0", ("n", "1"));
        JournalVerdict With(params (long Generation, Delta Delta)[] deltas) => Scratch.Read(Foreign(10, deltas), new JournalLayout(8192));
        JournalDamageKind Kind(JournalVerdict verdict) => Assert.Single(Assert.IsType<JournalVerdict.CutAt>(verdict).Damage).Kind;

        Assert.Equal(JournalDamageKind.InapplicableDelta, Kind(With((11, new Delta.DeleteRow("T", "none")))));
        Assert.Equal(JournalDamageKind.InapplicableDelta, Kind(With((11, new Delta.WriteField("T", "r0", "none", "")))));
        Assert.Equal(JournalDamageKind.InapplicableDelta, Kind(With((11, new Delta.CreateRow("none", "r", row.Columns)))));
        Assert.Equal(JournalDamageKind.InapplicableDelta, Kind(With((11, new Delta.CreateRow("T", "r0", row.Columns)))));

        var skipped = Assert.IsType<JournalVerdict.Intact>(With(
            (9, new Delta.DeleteRow("T", "r0")), (10, new Delta.DeleteRow("T", "r0")), (15, new Delta.WriteField("T", "r0", "n", "new")),
            (15, new Delta.DeleteRow("T", "r0"))));
        Assert.Equal((15, 1, 3), (skipped.Content.Generation, skipped.Content.Deltas, skipped.Content.SkippedOld));
        Assert.Equal(
            ("new", 14),
            (skipped.Content.Database.FindTable("T")!.Rows[0].Columns["n"], skipped.Content.Database.FindTable("T")!.Rows[0].ChangedAt));

        var same = Scratch.Counters(10).FindTable("T")!.Rows[0];
        Assert.Equal(11, Assert.IsType<JournalVerdict.Intact>(With((11, new Delta.CreateRow("T", "r0", same.Columns)))).Content.Generation);
    }

    [Fact]
    public void A_length_that_lies_costs_no_memory()
    {
        var image = Foreign(10, (11, new Delta.DeleteRow("T", "r0")));
        Encoding.ASCII.GetBytes("0000000000008000").CopyTo(image.AsSpan(Array.LastIndexOf(image, (byte)'D') - 16));
        var layout = new JournalLayout(60 << 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(image, layout));
        Encoding.ASCII.GetBytes("0000000060000000").CopyTo(image.AsSpan(18 + 36));
        Assert.IsType<JournalVerdict.Unusable>(Scratch.Read(image, layout));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void A_device_that_fails_in_the_middle_is_reported_and_the_other_half_is_taken()
    {
        var (image, layout, _, intact) = Journal();
        JournalVerdict Read(long from, long to) =>
            JournalReader.Read(new JournalBytes(new BadSectors(image, from, to)), layout, DumpLimits.Default);

        var start = layout.StartOf(intact.Half);
        var cut = Assert.IsType<JournalVerdict.CutAt>(Read(start, start + 100));
        Assert.Equal(JournalDamageKind.Unreadable, cut.Damage[0].Kind);
        Assert.True(cut.FromOtherHalf);
    }

    private static byte[] Foreign(long generation, params (long Generation, Delta Delta)[] deltas)
    {
        var marker = "9ec8fbb9-1866-d492-f492-c8460e43e06b"u8.ToArray();
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        foreach (var (g, delta) in deltas)
            DeltaRecord.Encode(delta, g, marker, output);
        var dump = Dumps.Write(Scratch.Counters(generation));
        var image = new byte[18 + (2 * 8192)];
        var text = $"redo-log--------\01{Encoding.ASCII.GetString(marker)}{dump.Length:D16}{dump}{generation:D16}{Encoding.ASCII.GetString(marker)}";
        Encoding.ASCII.GetBytes(text).CopyTo(image, 0);
        output.WrittenSpan.CopyTo(image.AsSpan(text.Length));
        return image;
    }

    private static void Check(JournalVerdict verdict, Dictionary<long, DatabaseDump> states)
    {
        if (Scratch.Content(verdict) is { } content)
            Assert.True(
                states.TryGetValue(content.Generation, out var state) && state.Equals(content.Database),
                $"generation {content.Generation}");
    }

    private static int Find(byte[] image, string marker, int fromEnd)
    {
        var at = image.Length;
        for (; fromEnd > 0; fromEnd--)
            at = image.AsSpan(0, at).LastIndexOf(Encoding.ASCII.GetBytes(marker));
        return at;
    }

    /// <summary>
    /// The bytes whose change the format cannot show: the dump, the deltas, the byte that selects a half, the generation of a delta that
    /// begins a transaction (gaps are allowed there) and the last digit of the others (an odd one made even ends the transaction early).
    /// Lengths, markers and the rest of the generations are not among them.
    /// </summary>
    private static HashSet<int> Unprovable(byte[] image, JournalLayout layout, JournalContent intact)
    {
        long Number(int at) => JournalNumber.Parse(image.AsSpan(at, JournalLayout.NumberBytes))!.Value;
        var at = (int)layout.StartOf(intact.Half) + JournalLayout.MarkerBytes;
        var bytes = new HashSet<int> { JournalLayout.ValidityOffset };
        var (isDatabase, generation) = (true, 0L);
        while (at < intact.EndOffset)
        {
            var length = (int)Number(at);
            bytes.UnionWith(Enumerable.Range(at + JournalLayout.NumberBytes, length));
            at += JournalLayout.NumberBytes + length;
            if (!isDatabase)
                bytes.UnionWith(
                    TransactionFraming.MoreFollow(generation)
                        ? [at + JournalLayout.NumberBytes - 1]
                        : Enumerable.Range(at, JournalLayout.NumberBytes));
            (isDatabase, generation, at) = (false, Number(at), at + JournalLayout.TrailerBytes);
        }

        return bytes;
    }

    private sealed class BadSectors(byte[] image, long from, long to) : MemoryStream(image)
    {
        public override int Read(Span<byte> buffer)
        {
            if (Position < to && Position + buffer.Length > from)
            {
                if (Position >= from)
                    throw new IOException("medium error");
                buffer = buffer[..(int)(from - Position)];
            }

            return base.Read(buffer);
        }
    }
}
