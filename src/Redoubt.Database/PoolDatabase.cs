using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// The pool's database: in memory for readers, who never wait, and in journals for good. One writer at a time.
/// <code>
///  WriteAsync ─1─► transaction on the newest state ─2─► queue ─3─► one batch ─4─► local journal ┐
///                  (under the lock, in memory)                                └─► each SR's     ┴─5─► published, acknowledged
/// </code>
/// 1–2 take microseconds; everything that queued while a batch was being written becomes the next one (3), so that concurrent writers
/// share a flush. What is published (5) is durable: nobody reads what a power cut could take back.
/// </summary>
public sealed class PoolDatabase : IAsyncDisposable
{
    private readonly Lock _writing = new();
    private readonly Channel<object> _queue = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<string, LiveJournal> _journals = new();
    private readonly LiveJournal _local;
    private readonly TimeProvider _time;
    private readonly Func<Guid> _newId;
    private readonly Task _flusher;
    private volatile DatabaseState _published;
    private DatabaseState _newest;
    private ImmutableArray<Action<DatabaseState, IReadOnlyList<Change>>> _subscribers = [];
    private long _journalled;

    private PoolDatabase(DatabaseState state, LiveJournal local, TimeProvider time, Func<Guid> newId)
    {
        (_published, _newest, _local, _time, _newId) = (state, state, local, time, newId);
        _journalled = state.Generation;
        _flusher = Task.Run(FlushAsync);
    }

    /// <summary>Told when an SR's journal breaks or is healthy again, with the reason when it is broken.</summary>
    public event Action<LiveJournal, string?>? JournalHealthChanged;

    /// <summary>The database as it is now: everything in it is durable.</summary>
    public DatabaseState State => _published;

    /// <summary>The journals on SRs.</summary>
    public IEnumerable<LiveJournal> Journals => _journals.Values;

    /// <summary>The generation of the last change that journals were given; a journal at this generation lacks nothing.</summary>
    public long JournalledGeneration => Interlocked.Read(ref _journalled);

    /// <summary>Starts from a state and writes it, whole, to the local journal before it answers.</summary>
    /// <exception cref="IOException">The local journal can't be written.</exception>
    public static async Task<PoolDatabase> OpenAsync(DatabaseState state, LiveJournal local, TimeProvider time, Func<Guid> newId)
    {
        var even = state.Generation < 0 ? 0 : state.Generation + (state.Generation & 1);
        var start = state.At(even);
        await local.StartOver(start);
        return new(start, local, time, newId);
    }

    /// <summary>Runs a transaction. When this answers, its changes are published, and durable on the local journal and every healthy SR's.</summary>
    /// <remarks>The transaction must be quick and must not wait: it runs under the one lock there is.</remarks>
    /// <exception cref="XenApiException">What the transaction threw, and then nothing has changed; or <c>INTERNAL_ERROR</c>: the local journal can't be written.</exception>
    public async Task<T> WriteAsync<T>(Func<Transaction, T> body, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        T result;
        Task done;
        lock (_writing)
        {
            var transaction = new Transaction(_newest, _newId);
            result = body(transaction);
            var changes = transaction.Changes();
            if (changes.Count == 0)
            {
                return result;
            }

            var commit = Commit.Of(transaction, changes, _newest.Generation);
            if (!_queue.Writer.TryWrite(commit))
            {
                throw new XenApiException("INTERNAL_ERROR", "The database is closed.");
            }

            _newest = commit.State;
            done = commit.Done.Task;
        }

        // Once queued it will be written, so its outcome is awaited whatever the caller's token says.
        await done;
        return result;
    }

    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Action<Transaction> body, CancellationToken cancellationToken = default) => WriteAsync(
        tx =>
        {
            body(tx);
            return true;
        },
        cancellationToken);

    /// <summary>Adds a durable copy. When this answers, the whole database is on it and it takes part in every change.</summary>
    /// <exception cref="IOException">It can't be written; it has not been added.</exception>
    public async Task AttachAsync(LiveJournal journal, CancellationToken cancellationToken)
    {
        journal.HealthChanged = (j, reason) => JournalHealthChanged?.Invoke(j, reason);
        journal.WantsToStartOver = j => _queue.Writer.TryWrite(new StartOver(j, null));
        journal.WantsToJoin = j => _queue.Writer.TryWrite(new Join(j));
        var written = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        _journals[journal.Key] = journal;
        _queue.Writer.TryWrite(new StartOver(journal, written));
        try
        {
            await (await written.Task.WaitAsync(cancellationToken)).WaitAsync(LiveJournal.WholeLimit, _time, cancellationToken);

            // Only from then on does no change get past it.
            await journal.Joined.WaitAsync(LiveJournal.WholeLimit, _time, cancellationToken);
        }
        catch
        {
            await DetachAsync(journal.Key);
            throw;
        }
    }

    /// <summary>Lets a durable copy go; it stays as it is. Repeating does nothing.</summary>
    public async Task DetachAsync(string key)
    {
        if (_journals.TryRemove(key, out var journal))
        {
            await journal.DisposeAsync();
        }
    }

    /// <summary>Writes the whole database to every journal now.</summary>
    public async Task FlushWholeAsync(CancellationToken cancellationToken)
    {
        foreach (var journal in _journals.Values.Append(_local))
        {
            var written = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
            _queue.Writer.TryWrite(new StartOver(journal, written));
            await (await written.Task.WaitAsync(cancellationToken)).WaitAsync(LiveJournal.WholeLimit, _time, cancellationToken);
        }
    }

    /// <summary>Calls back for every commit, in order, once it is durable. The callback must be quick and must not throw.</summary>
    public IDisposable Subscribe(Action<DatabaseState, IReadOnlyList<Change>> callback)
    {
        ImmutableInterlocked.Update(ref _subscribers, s => s.Add(callback));
        return new Subscription(() => ImmutableInterlocked.Update(ref _subscribers, s => s.Remove(callback)));
    }

    /// <summary>Finishes what is queued and closes the journals.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _flusher;
        foreach (var key in _journals.Keys)
        {
            await DetachAsync(key);
        }

        await _local.DisposeAsync();
    }

    private async Task FlushAsync()
    {
        var batch = new List<Commit>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (_queue.Reader.TryRead(out var item))
            {
                if (item is Commit commit)
                {
                    batch.Add(commit);
                    continue;
                }

                switch (item)
                {
                    case StartOver request:
                        // A journal starts over from a state that lacks nothing: what is before it in the queue goes first.
                        await FlushAsync(batch);
                        request.Started(request.Journal.StartOver(_published));
                        break;
                    case Join { Journal: var journal } when journal.Generation >= _journalled:
                        // Before the batch at hand, which then waits for it too: under a steady load there is no better moment.
                        journal.Join();
                        break;
                }
            }

            await FlushAsync(batch);
        }
    }

    private async Task FlushAsync(List<Commit> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            var state = batch[^1].State;
            ImmutableArray<Journal.JournalTransaction> transactions = [.. batch.Select(c => c.Transaction).OfType<Journal.JournalTransaction>()];
            if (!transactions.IsEmpty)
            {
                var elsewhere = _journals.Values.Where(j => j.Health != JournalHealth.Broken)
                    .Select(j => (Journal: j, WasHealthy: j.Health == JournalHealth.Healthy, Written: j.Post(state, transactions))).ToList();
                await _local.Post(state, transactions);
                Interlocked.Exchange(ref _journalled, state.Generation);
                foreach (var (journal, wasHealthy, written) in elsewhere)
                {
                    await AwaitCopyAsync(journal, wasHealthy, written);
                }
            }

            _published = state;
            foreach (var commit in batch)
            {
                foreach (var subscriber in _subscribers)
                {
                    subscriber(commit.State, commit.Changes);
                }

                commit.Done.SetResult();
            }
        }
        catch (Exception e)
        {
            // Bugs included: a flusher that stopped would leave every writer waiting for ever.
            Fail(batch, e);
        }

        batch.Clear();
    }

    /// <summary>A copy elsewhere never holds up the pool for longer than its limit, and never fails a change.</summary>
    private async Task AwaitCopyAsync(LiveJournal journal, bool wasHealthy, Task written)
    {
        _ = written.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
        if (!wasHealthy)
        {
            return;
        }

        try
        {
            await written.WaitAsync(LiveJournal.AppendLimit, _time);
        }
        catch (TimeoutException) when (journal.IsWritingWhole)
        {
            // The half was full. That the pool waits is bounded all the same: later batches don't, since it is no longer healthy.
            journal.Lag();
        }
        catch (TimeoutException)
        {
            journal.Break($"it did not answer within {LiveJournal.AppendLimit.TotalSeconds:0} seconds");
        }
        catch (Exception e)
        {
            journal.Break(e.Message);
        }
    }

    /// <summary>Nothing that was not written may be seen: these and all that built on them fail, and writing goes on from what is durable.</summary>
    private void Fail(List<Commit> batch, Exception cause)
    {
        List<object> waiting = [];
        lock (_writing)
        {
            while (_queue.Reader.TryRead(out var item))
            {
                if (item is Commit commit)
                {
                    batch.Add(commit);
                }
                else
                {
                    waiting.Add(item);
                }
            }

            _newest = _published;
            foreach (var request in waiting)
            {
                _queue.Writer.TryWrite(request);
            }

            _queue.Writer.TryWrite(new StartOver(_local, null));
        }

        foreach (var commit in batch)
        {
            commit.Done.SetException(new XenApiException(
                cause, "INTERNAL_ERROR", $"The pool's own journal can't be written, so nothing was changed: {cause.Message}"));
        }
    }

    private sealed record StartOver(LiveJournal Journal, TaskCompletionSource<Task>? Waiting)
    {
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

    private sealed record Join(LiveJournal Journal);

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
