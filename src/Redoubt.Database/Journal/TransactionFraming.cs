namespace Redoubt.Database.Journal;

/// <summary>
/// How a transaction of several deltas is told from several transactions, with nothing but generations, which xapi lets have gaps.
/// <code>
/// generation before     g, even                     every full database record is even too
/// one delta             g+2
/// two deltas            g+1  g+2
/// n deltas              g+1  g+3  …  g+2n-3  g+2n-2
///                       odd: more follow    even: the last
/// </code>
/// A log that ends on an odd generation ends inside a transaction, which is then dropped as a whole.
/// </summary>
public static class TransactionFraming
{
    /// <summary>The generation after a transaction of that many deltas.</summary>
    public static long After(long before, int deltas) => Of(before, deltas, deltas - 1);

    /// <summary>The generation of one delta of a transaction.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The generation before is odd or negative, or there is no such delta.</exception>
    public static long Of(long before, int deltas, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(before);
        ArgumentOutOfRangeException.ThrowIfNotEqual(before % 2, 0, nameof(before));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(deltas);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, deltas);
        if (index < deltas - 1)
            return before + (2L * index) + 1;
        return deltas == 1 ? before + 2 : before + (2L * deltas) - 2;
    }

    /// <summary>The first generation from this one on at which we may write a whole database; for one that xapi counted.</summary>
    public static long NextEven(long generation) => generation < 0 ? 0 : generation + (generation & 1);

    /// <summary>Whether a delta leaves its transaction unfinished.</summary>
    public static bool MoreFollow(long generation) => (generation & 1) != 0;

    /// <summary>
    /// Whether one generation may stand after another in a log of ours: within a transaction exactly the next, else any later.
    /// </summary>
    public static bool MayFollow(long before, long generation) =>
        MoreFollow(before) ? generation == before + (MoreFollow(generation) ? 2 : 1) : generation > before;
}
