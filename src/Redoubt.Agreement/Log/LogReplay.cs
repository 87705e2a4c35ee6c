using Redoubt.Database.Dump;
using Redoubt.Database.Journal;

namespace Redoubt.Agreement;

/// <summary>A database that the batches of the log are applied to, in order. Those that it has already are passed over.</summary>
internal sealed class LogReplay(DatabaseDump from)
{
    private readonly DeltaReplay _replay = new(from);

    /// <summary>The generation that it has reached.</summary>
    public long Generation { get; private set; } = from.Manifest.Generation;

    /// <summary>The database as of then.</summary>
    public DatabaseDump Dump => _replay.Finish();

    /// <summary>Applies a batch.</summary>
    /// <returns>Whether it was new.</returns>
    /// <exception cref="InvalidDataException">
    /// It does not follow, or can't be applied: this copy is not the one that the log goes on from.
    /// </exception>
    public bool Apply(LogBatch batch)
    {
        if (batch.Generation <= Generation)
        {
            return false;
        }

        if (batch.After != Generation)
        {
            throw new InvalidDataException($"the log goes on from generation {batch.After}, and this copy is at {Generation}");
        }

        foreach (var transaction in batch.Transactions)
        {
            for (var i = 0; i < transaction.Deltas.Length; i++)
            {
                if (_replay.Apply(transaction.Deltas[i], transaction.GenerationOf(i)) is { } problem)
                {
                    throw new InvalidDataException($"a change of the log can't be applied: {problem}");
                }
            }
        }

        _replay.Commit(batch.Generation);
        Generation = batch.Generation;
        return true;
    }
}
