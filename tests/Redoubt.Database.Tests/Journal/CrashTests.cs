using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Tests.Journal;

/// <summary>The real writer runs; from the trace of its writes and flushes every image of a crash is made and read.</summary>
public sealed class CrashTests
{
    private const int Seed = 20261122;

    [Theory]
    [InlineData(1, 20, 0, 24 * 1024)]
    [InlineData(3, 20, 0, 24 * 1024)]
    [InlineData(2, 700, 0, 24 * 1024)]
    [InlineData(5, 400, 0, 24 * 1024)]
    [InlineData(1, 20, 40, 24 * 1024)]
    [InlineData(3, 20, 6, 24 * 1024)]
    [InlineData(2, 700, 40, 24 * 1024)]
    [InlineData(5, 400, 6, 24 * 1024)]
    // Sooner or later too large for a half.
    [InlineData(3, 100, 40, 6 * 1024)]
    [InlineData(3, 60, 24, 4 * 1024)]
    public void After_any_crash_the_state_is_that_after_a_whole_transaction_and_none_acknowledged_is_missing(
        int deltas, int width, int historyBlocks, int halfBytes)
    {
        using var run = new Run(width, historyBlocks, halfBytes);
        for (var number = 1; number <= 42; number++)
            run.Batch(number, deltas, transactions: 1 + (number % 3));
        var images = run.Examine((image, acknowledged) =>
        {
            var verdict = Scratch.Read(image, run.Scratch.Layout);
            // xapi never looks into the other half, so the one that counts must always be whole.
            Assert.False(verdict is JournalVerdict.CutAt { FromOtherHalf: true }, "the half that counts has no whole database");
            var content = Scratch.Content(verdict);
            Assert.True(content is not null || acknowledged < 0, $"nothing read though {acknowledged} was acknowledged");
            if (content is null)
                return;
            Assert.True(run.States.TryGetValue(content.Generation, out var expected), $"generation {content.Generation} was never a state");
            Assert.True(expected!.Equals(content.Database), $"not the state of generation {content.Generation}");
            Assert.True(content.Generation >= acknowledged, $"generation {content.Generation}, but {acknowledged} was acknowledged");
            if (historyBlocks > 0)
                run.ExamineArea(image, verdict, content);
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"{images} images");
        Assert.True(images > 200, $"{images} images");
        Assert.Equal(halfBytes < 24 * 1024, run.WasLarge);
    }

    [Fact]
    public void After_any_crash_even_the_loss_of_the_half_that_counts_yields_only_a_state_that_was()
    {
        using var run = new Run(300);
        for (var number = 1; number <= 42; number++)
            run.Batch(number, 2, 2);
        var fallbacks = 0;
        run.Examine((image, _) =>
        {
            if (image[JournalLayout.ValidityOffset] is not ((byte)'1' or (byte)'2'))
                return;
            var broken = (byte[])image.Clone();
            broken.AsSpan((int)run.Scratch.Layout.StartOf((JournalHalf)(image[JournalLayout.ValidityOffset] - '0')) + 10, 100).Clear();
            if (Scratch.Content(Scratch.Read(broken, run.Scratch.Layout)) is not { } content)
                return;
            fallbacks++;
            Assert.True(
                run.States.TryGetValue(content.Generation, out var expected) && expected.Equals(content.Database),
                $"generation {content.Generation}");
        });
        Assert.True(fallbacks > 100, $"{fallbacks}");
    }

    [Fact]
    public void An_unfinished_transaction_at_the_end_is_dropped_whole_and_said_not_to_be_damage()
    {
        using var scratch = new Scratch();
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(0));
        var first = Scratch.Transaction(0, 1, 3);
        writer.Append([first]);
        var second = Scratch.Transaction(first.Generation, 2, 3);
        writer.Append([second]);
        // The last delta never reached the disk: zeros from the end of the one before.
        var image = scratch.Image;
        var end = (int)Scratch.Content(scratch.Read())!.EndOffset;
        image.AsSpan(
            end - (JournalLayout.DeltaFrameBytes + Size(second.Deltas[2])), JournalLayout.DeltaFrameBytes + Size(second.Deltas[2])).Clear();

        var content = Assert.IsType<JournalVerdict.Intact>(Scratch.Read(image, scratch.Layout)).Content;

        Assert.Equal((first.Generation, 1, 2), (content.Generation, content.Transactions, content.DiscardedUnfinished));
        Assert.Equal(Scratch.Apply(Scratch.Counters(0), first), content.Database);
    }

    private static int Size(Delta delta)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        DeltaCodec.Encode(delta, output);
        return output.WrittenCount;
    }

    /// <summary>
    /// A life of a journal: batches of transactions, full writes when it is full and now and then, a new writer in between.
    /// </summary>
    private sealed class Run : IDisposable
    {
        private readonly byte[] _initial;
        private readonly List<(int Operations, long Generation)> _acknowledged = [];
        private JournalWriter _writer;
        private DatabaseDump _state;

        public Run(int width, int historyBlocks = 0, int halfBytes = 24 * 1024)
        {
            Width = width;
            Scratch = new Scratch(halfBytes, initialise: false, historyBlocks);
            _initial = Scratch.Image;
            JournalWriter.Initialise(Scratch.Device, Scratch.Layout);
            // Four digits throughout, so that records of one life of a half lie exactly where those of another did.
            _state = Tests.Journal.Scratch.Counters(1000, width: width);
            States.Add(1000, _state);
            _writer = Scratch.Writer();
            WriteWhole();
        }

        public Scratch Scratch { get; }

        public int Width { get; }

        /// <summary>Whether a database was too large for a half at some time.</summary>
        public bool WasLarge { get; private set; }

        public Dictionary<long, DatabaseDump> States { get; } = [];

        public void Batch(int number, int deltas, int transactions)
        {
            if (number % 10 == 0)
                _writer = Scratch.Writer();
            var batch = new List<JournalTransaction>();
            for (var i = 0; i < transactions; i++)
            {
                batch.Add(Tests.Journal.Scratch.Transaction(_state.Manifest.Generation, (number * 10) + i, deltas, Width));
                _state = Tests.Journal.Scratch.Apply(_state, batch[^1]);
                States.Add(_state.Manifest.Generation, _state);
            }

            if (_writer.Append(batch) == AppendResult.Durable && number % 7 != 0)
                _acknowledged.Add((Scratch.Operations.Count, _state.Manifest.Generation));
            else
                WriteWhole();
            Scratch.Clock.Advance(TimeSpan.FromMinutes(7));
            if (number % 4 == 0 && Scratch.Layout.Area is not null)
                _writer.AddHistory(PackedDatabase.Of(_state, Scratch.Clock.GetUtcNow()));
        }

        public int Examine(Action<byte[], long> examine) => CrashImages.ForEach(_initial, Scratch.Operations, Seed, (image, flushed) =>
            examine(image, _acknowledged.Where(a => a.Operations <= flushed).Select(a => a.Generation).DefaultIfEmpty(-1).Max()));

        /// <summary>
        /// What only a volume with our area shows: a torn flush is no damage unless its record got there, and every state that the history
        /// lists is there.
        /// </summary>
        public void ExamineArea(byte[] image, JournalVerdict verdict, JournalContent content)
        {
            Assert.True(content.Proof.Standing is ProofStanding.Whole or ProofStanding.Partial, $"{content.Proof}");
            if (verdict is JournalVerdict.CutAt cut)
                Assert.All(cut.Damage, d => Assert.Equal(JournalDamageKind.Checksum, d.Kind));
            var bytes = new JournalBytes(new MemoryStream(image));
            var area = VolumeArea.Read(bytes, Scratch.Layout);
            foreach (var entry in area.History.Entries)
            {
                var (dump, problem) = PackedDatabase.Read(bytes, area.Header!.Map, entry, DumpLimits.Default);
                Assert.True(dump is not null, problem);
                Assert.Equal(States[entry.Generation], dump);
            }
        }

        public void Dispose() => Scratch.Dispose();

        private void WriteWhole()
        {
            _writer.WriteDatabase(_state);
            WasLarge |= _writer.IsLarge;
            _acknowledged.Add((Scratch.Operations.Count, _state.Manifest.Generation));
        }
    }
}
