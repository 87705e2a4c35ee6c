using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal.Area;

/// <summary>Which databases of a small volume are too large for its halves.</summary>
public enum Large
{
    /// <summary>None.</summary>
    None,

    /// <summary>All.</summary>
    All,

    /// <summary>Every second, the last one among them.</summary>
    Alternating,
}

/// <summary>
/// A small volume with our area: full writes in both halves, transactions in each, states in the history, and every state that ever was.
/// </summary>
internal sealed class SmallVolume
{
    public SmallVolume(
        int fullWrites = 3, int batches = 4, bool history = true, int halfBytes = 4096, int seed = 0, Large large = Large.None)
    {
        using var scratch = new Scratch(halfBytes, historyBlocks: large == Large.None ? 24 : 48);
        var writer = scratch.Writer();
        var random = new Random(seed);
        var state = Scratch.Counters(100);
        for (var half = 0; half < fullWrites; half++)
        {
            if (large != Large.None)
                state = Resize(state, large == Large.All || (fullWrites - half) % 2 == 1);
            writer.WriteDatabase(state);
            Take(scratch, state);
            if (history)
                Assert.Equal(HistoryAddResult.Added, writer.AddHistory(PackedDatabase.Of(state, scratch.Clock.GetUtcNow())));
            for (var i = 0; i < batches; i++)
            {
                scratch.Clock.Advance(TimeSpan.FromSeconds(10));
                var transaction = Scratch.Transaction(
                    state.Manifest.Generation, (half * 100) + i, 1 + (seed == 0 ? i % 3 : random.Next(5)));
                if (writer.Append([transaction]) != AppendResult.Durable)
                    break;
                state = Scratch.Apply(state, transaction);
                Take(scratch, state);
            }
        }

        (Image, Layout, Newest) = (scratch.Image, scratch.Layout, state);
        Content = Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content;
        Assert.Equal(ProofStanding.Whole, Content.Proof.Standing);
        Map = AreaMap.Of(Layout, Image.Length)!;
    }

    public byte[] Image { get; }

    public JournalLayout Layout { get; }

    public AreaMap Map { get; }

    public Dictionary<long, DatabaseDump> States { get; } = [];

    public Dictionary<long, DateTimeOffset> Times { get; } = [];

    public DatabaseDump Newest { get; }

    public JournalContent Content { get; }

    /// <summary>What is read must be a state that was; if it is not the newest the verdict must say so.</summary>
    public JournalVerdict Check(byte[] image, string where)
    {
        var verdict = Scratch.Read(image, Layout);
        if (Scratch.Content(verdict) is not { } content)
            return verdict;
        Assert.True(
            States.TryGetValue(content.Generation, out var state) && state.Equals(content.Database),
            $"{where}: generation {content.Generation} was not so");
        if (content.Generation < Newest.Manifest.Generation)
        {
            Assert.True(verdict is JournalVerdict.CutAt, $"{where}: generation {content.Generation} in silence");
            Assert.NotEmpty(((JournalVerdict.CutAt)verdict).Damage);
        }

        return verdict;
    }

    /// <summary>The next state, with or without a table that makes it too large.</summary>
    private static DatabaseDump Resize(DatabaseDump state, bool isLarge)
    {
        var generation = state.Manifest.Generation + 2;
        var rest = state.Tables.Where(t => t.Name != "big");
        return Dumps.Of(
            generation,
            [.. rest, .. isLarge ? LargeDatabaseTests.Large(generation, rows: 26, width: 160).Tables.Where(t => t.Name == "big") : []]);
    }

    private void Take(Scratch scratch, DatabaseDump state) =>
        (States[state.Manifest.Generation], Times[state.Manifest.Generation]) = (state, scratch.Clock.GetUtcNow());
}
