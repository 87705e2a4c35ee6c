namespace Redoubt.Database;

/// <summary>What the writer of the database is asked to do, in the order of its queue: a <see cref="Commit"/>, or one of these.</summary>
internal abstract record WriterRequest
{
    private protected WriterRequest()
    {
    }

    /// <summary>A journal is to be written whole, when all that was queued before has been written.</summary>
    /// <param name="Journal">The journal.</param>
    /// <param name="Waiting">Gets what completes when that is durable; <see langword="null"/> if nobody waits.</param>
    internal sealed record StartOver(LiveJournal Journal, TaskCompletionSource<Task>? Waiting) : WriterRequest
    {
        /// <summary>Tells whoever waits that it has begun.</summary>
        public void Started(Task written)
        {
            if (Waiting is null)
            {
                _ = written.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
            }
            else
            {
                Waiting.SetResult(written);
            }
        }
    }

    /// <summary>
    /// The hosts of the pool are to agree to each batch from now on. Begun with the database as it is then, in which nothing is missing and
    /// nothing is only half done.
    /// </summary>
    /// <param name="Begin">Begins it, and answers what each batch is to be agreed to with.</param>
    /// <param name="Begun">Completes when it has begun, or with why it has not.</param>
    internal sealed record Agree(Func<DatabaseState, KeyRing?, Task<AgreeToBatch>> Begin, TaskCompletionSource Begun) : WriterRequest;

    /// <summary>A journal has caught up, and changes are to wait for it from now on.</summary>
    internal sealed record Join(LiveJournal Journal) : WriterRequest;
}
