using System.Collections.Immutable;

namespace Redoubt.Database.Journal;

/// <summary>Changes that are recovered all or none, with the generations that say so.</summary>
/// <remarks>The generations follow from the one before and the number of deltas alone, so every journal of a pool gets the same.</remarks>
public sealed record JournalTransaction
{
    private JournalTransaction(long before, ImmutableArray<Delta> deltas) => (Before, Deltas) = (before, deltas);

    /// <summary>Generation of the database before the transaction; even.</summary>
    public long Before { get; }

    /// <summary>The changes in order; never empty.</summary>
    public ImmutableArray<Delta> Deltas { get; }

    /// <summary>Generation of the database after it; even.</summary>
    public long Generation => TransactionFraming.After(Before, Deltas.Length);

    /// <summary>Makes a transaction on top of a generation.</summary>
    /// <exception cref="ArgumentException">The generation is odd or negative, or there are no changes.</exception>
    public static JournalTransaction After(long generation, IEnumerable<Delta> deltas) => After(generation, deltas.ToImmutableArray());

    /// <inheritdoc cref="After(long, IEnumerable{Delta})"/>
    public static JournalTransaction After(long generation, ImmutableArray<Delta> deltas)
    {
        var transaction = new JournalTransaction(generation, deltas);
        if (transaction.Deltas.IsEmpty)
            throw new ArgumentException("a transaction without changes", nameof(deltas));
        if (generation < 0 || TransactionFraming.MoreFollow(generation))
            throw new ArgumentException($"a transaction cannot follow generation {generation}", nameof(generation));
        return transaction;
    }

    /// <summary>Generation of one of the deltas.</summary>
    public long GenerationOf(int index) => TransactionFraming.Of(Before, Deltas.Length, index);
}
