using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>A finished transaction on its way to the journals.</summary>
/// <param name="State">The database after it.</param>
/// <param name="Changes">What it changed.</param>
/// <param name="Transaction">What of that is persistent; null if nothing is.</param>
internal sealed record Commit(DatabaseState State, IReadOnlyList<Change> Changes, JournalTransaction? Transaction) : WriterRequest
{
    /// <summary>
    /// Set when the commit is durable and published, or failed. Whoever waits goes on inside <see cref="Finish"/>, which therefore gets a
    /// thread's time of its own.
    /// </summary>
    public TaskCompletionSource Done { get; } = new();

    /// <summary>Why it failed; null if it did not. Set before <see cref="Finish"/>.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Lets go on whoever waits.</summary>
    public void Finish()
    {
        if (Failure is null)
        {
            Done.SetResult();
        }
        else
        {
            Done.SetException(Failure);
        }
    }

    /// <summary>Turns a transaction into a commit on the next generation.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: a text that no dump could carry.</exception>
    public static Commit Of(Transaction transaction, IReadOnlyList<Change> changes, long before, KeyRing? keys)
    {
        // Whole databases and transactions begin at even generations.
        before = Math.Max(before, transaction.Floor + (transaction.Floor & 1));
        SealingPolicy? policy = null;
        var deltas = Deltas.Of(changes, Seal);
        Deltas.RequireText(deltas, changes);
        Deltas.RequireKeys(changes);
        var journalled = deltas.IsEmpty ? null : JournalTransaction.After(before, deltas);
        // A change that no journal sees still counts, so that event tokens move on. Generations stay even.
        return new(transaction.Finish(changes, journalled?.Generation ?? before + 2), changes, journalled);

        Record Seal(SecretField secret, Record record)
        {
            var written = keys?.Seal(secret, record, policy ??= SealingPolicy.Of(transaction.State)) ?? record;
            if (!ReferenceEquals(written, record))
            {
                // What is sealed could carry any text, but the same database may be written in clear one day.
                Deltas.RequireText(secret.Field.Column, ClassModel.EncodeColumn(secret.Field, record));
            }

            return written;
        }
    }
}
