using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Database.Journal;
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
/// <remarks>
/// There is no thread that flushes: of the callers who wait, one leads. Whoever comes when nobody leads writes the batch on its own
/// thread, so that a lone writer waits for the disk and for no other thread. After a batch of several the next leader takes its turn
/// behind the callers just released: they queue their next changes first, and all of these share the next flush. Were it to begin at
/// once, two groups would take turns for ever, each with half of the writers in it.
/// </remarks>
public sealed class PoolDatabase : IAsyncDisposable
{
    private readonly Lock _writing = new();
    private readonly LiveJournal _local;
    private readonly TimeProvider _time;
    private readonly Func<Guid> _newId;
    private readonly Func<KeyRing>? _keys;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger<PoolDatabase> _log;
    private readonly Histogram<double>? _flushes;
    private readonly Counter<long>? _commits;
    private volatile DatabaseState _published;
    private volatile bool _isClosed;
    private readonly List<WriterRequest> _queue = [];
    private bool _isLed;
    private DatabaseState _newest;
    private AgreeToBatch? _agree;
    private volatile Exception? _disagreed;
    private ImmutableDictionary<string, LiveJournal> _journals = ImmutableDictionary<string, LiveJournal>.Empty;
    private ImmutableArray<Action<DatabaseState, IReadOnlyList<Change>>> _subscribers = [];
    private Task _lastQueued = Task.CompletedTask;
    private long _journalled;

    private PoolDatabase(
        DatabaseState state, LiveJournal local, TimeProvider time, Func<Guid> newId, Func<KeyRing>? keys, ILogger<PoolDatabase> log,
        Meter? meter)
    {
        (_published, _newest, _local, _time, _newId, _keys, _log) = (state, state, local, time, newId, keys, log);
        _flushes = meter?.CreateHistogram<double>("redoubt.commit.duration", "s", "How long it took to make a batch of changes durable.");
        _commits = meter?.CreateCounter<long>("redoubt.commit.changes", "{transaction}", "Transactions that were made durable.");
        _journalled = state.Generation;
        local.StandingChanged = (journal, standing) => JournalChanged?.Invoke(journal, standing);
        local.WantsToStartOver = journal => Ask(new WriterRequest.StartOver(journal, null));
    }

    /// <summary>
    /// Told when a journal stands otherwise than before: the pool's own (<see cref="Own"/>) or an SR's. Of each journal in the order in
    /// which it happened. Whoever hears of it takes note, and acts elsewhere: it is told under a lock.
    /// </summary>
    public event Action<LiveJournal, JournalStanding>? JournalChanged;

    /// <summary>The database as it is now: everything in it is durable.</summary>
    public DatabaseState State => _published;

    /// <summary>The pool's own journal.</summary>
    public LiveJournal Own => _local;

    /// <summary>The journals on SRs.</summary>
    public IEnumerable<LiveJournal> Journals => _journals.Values;

    /// <summary>The generation of the last change that journals were given; a journal at this generation lacks nothing.</summary>
    public long JournalledGeneration => Interlocked.Read(ref _journalled);

    /// <summary>Starts from a state and writes it, whole, to the local journal before it answers.</summary>
    /// <param name="state">The database, its secrets in clear.</param>
    /// <param name="local">The pool's own journal.</param>
    /// <param name="time">The clock.</param>
    /// <param name="newId">Makes UUIDs.</param>
    /// <param name="keys">The keys with which secrets are sealed in every journal; <see langword="null"/> to leave them in clear.</param>
    /// <param name="log">Told of faults of those who hear of changes.</param>
    /// <param name="meter">Measures how long changes take to become durable.</param>
    /// <param name="agree">
    /// Has the hosts of the pool agree to each batch (<see cref="AgreeAsync"/>); <see langword="null"/> in a pool of one.
    /// </param>
    /// <exception cref="IOException">The local journal can't be written.</exception>
    public static async Task<PoolDatabase> OpenAsync(
        DatabaseState state, LiveJournal local, TimeProvider time, Func<Guid> newId, Func<KeyRing>? keys = null,
        ILogger<PoolDatabase>? log = null, Meter? meter = null, AgreeToBatch? agree = null)
    {
        local.Keys = keys;
        var even = state.Generation < 0 ? 0 : state.Generation + (state.Generation & 1);
        var start = state.At(even);
        local.IsPoolsOwn = true;
        await local.StartOver(start);
        return new(start, local, time, newId, keys, log ?? NullLogger<PoolDatabase>.Instance, meter) { _agree = agree };
    }

    /// <summary>
    /// Runs a transaction. When this answers, its changes are published, and durable on the local journal and every healthy SR's.
    /// </summary>
    /// <remarks>The transaction must be quick and must not wait: it runs under the one lock there is.</remarks>
    /// <exception cref="XenApiException">What the transaction threw, and then nothing has changed; or <c>INTERNAL_ERROR</c>: the local
    /// journal can't be written.</exception>
    public async Task<T> WriteAsync<T>(Func<Transaction, T> body, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        T result;
        Task done;
        var (commit, leads) = ((Commit?)null, false);
        lock (_writing)
        {
            var transaction = new Transaction(_newest, _newId);
            result = body(transaction);
            var changes = transaction.Changes();
            if (changes.Count > 0)
            {
                commit = Commit.Of(transaction, changes, _newest.Generation, _keys?.Invoke());
                if (_isClosed)
                {
                    throw new XenApiException("INTERNAL_ERROR", "The database is closed.");
                }

                if (_disagreed is { } disagreed)
                {
                    var why = $"This host no longer coordinates its pool, so nothing was changed: {disagreed.Message}";
                    throw new XenApiException(disagreed, "INTERNAL_ERROR", why);
                }

                leads = Enqueue(commit);
                _newest = commit.State;
                _lastQueued = commit.Done.Task;
            }

            // A transaction that changes nothing may have found what it wanted in one that is still being written. It waits by itself, so
            // that what its caller does next holds up nobody else who waits for the same.
            done = commit is null && !_lastQueued.IsCompleted
                ? _lastQueued.ContinueWith(
                    static t => t, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Unwrap()
                : _lastQueued;
        }

        if (leads)
        {
            _ = LeadAsync(commit);
        }

        // Once queued it will be written, so its outcome is awaited whatever the caller's token says.
        await done;
        return result;
    }

    /// <summary>
    /// Runs a transaction again and again while the pool's own journal can't be written: for what must be put right in the end, such as the
    /// note that something is being done. What the transaction itself throws is no reason to try again. Gives up when the database is
    /// closed.
    /// </summary>
    /// <exception cref="XenApiException">What the transaction threw, and then nothing has changed; or the database is closed.</exception>
    public async Task WriteSurelyAsync(Action<Transaction> body, CancellationToken cancellationToken = default)
    {
        for (var isOwn = true; ;)
        {
            try
            {
                await WriteAsync(
                    tx =>
                    {
                        isOwn = true;
                        body(tx);
                        isOwn = false;
                    },
                    cancellationToken);
                return;
            }
            catch (XenApiException e) when (!isOwn && e.Code == "INTERNAL_ERROR" && !_isClosed && _disagreed is null)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), _time, cancellationToken);
            }
        }
    }

    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Action<Transaction> body, CancellationToken cancellationToken = default) => WriteAsync(
        tx =>
        {
            body(tx);
            return true;
        },
        cancellationToken);

    /// <summary>Adds a durable copy. When this answers true, the whole database is on it and it takes part in every change.</summary>
    /// <param name="journal">The copy.</param>
    /// <param name="keepTrying">Whether to keep a copy that can't be written now, and go on trying; then the answer is false.</param>
    /// <param name="cancellationToken">Stops waiting; unless it is to be kept, the copy is then let go.</param>
    /// <exception cref="IOException">It can't be written; it has not been added.</exception>
    public async Task<bool> AttachAsync(LiveJournal journal, bool keepTrying, CancellationToken cancellationToken)
    {
        journal.Keys = _keys;
        journal.StandingChanged = (j, standing) => JournalChanged?.Invoke(j, standing);
        journal.WantsToStartOver = j => Ask(new WriterRequest.StartOver(j, null));
        journal.WantsToJoin = j => Ask(new WriterRequest.Join(j));
        ImmutableInterlocked.Update(ref _journals, journals => journals.SetItem(journal.Key, journal));
        try
        {
            await StartOverAsync(journal, cancellationToken);

            // Only from then on does no change get past it.
            await journal.Joined.WaitAsync(LiveJournal.WholeLimit, _time, cancellationToken);
            return true;
        }
        catch (Exception e) when (keepTrying && e is not OperationCanceledException)
        {
            journal.Break(e.Message);
            return false;
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
        if (ImmutableInterlocked.TryRemove(ref _journals, key, out var journal))
        {
            await journal.DisposeAsync();
        }
    }

    /// <summary>
    /// Has the hosts of the pool agree to every batch from now on, before any journal gets it. A batch that they do not agree to, or of
    /// which that is not known, ends all writing here: whoever coordinates the pool then knows what became of it.
    /// </summary>
    /// <param name="begin">Given the database as it is at the beginning; answers what has a batch agreed to.</param>
    public async Task AgreeAsync(Func<DatabaseState, KeyRing?, Task<AgreeToBatch>> begin)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Ask(new WriterRequest.Agree(begin, begun));
        await begun.Task;
    }

    /// <summary>Writes the whole database to every journal now, and reads back that it is where it should be.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    /// <param name="times">How often; twice leaves nothing of before in either half of those that can be written.</param>
    /// <exception cref="AggregateException">Those that could not be written, each with its reason; the others have been.</exception>
    public async Task FlushWholeAsync(CancellationToken cancellationToken, int times = 1)
    {
        var failures = new List<Exception>();
        foreach (var journal in _journals.Values.Append(_local))
        {
            try
            {
                for (var time = 0; time < times; time++)
                {
                    await StartOverAsync(journal, cancellationToken);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                var why = e is TimeoutException ? $"it did not answer within {LiveJournal.WholeLimit.TotalSeconds:0} seconds" : e.Message;
                failures.Add(
                    new IOException(why.Contains(journal.FullPath, StringComparison.Ordinal) ? why : $"{journal.FullPath}: {why}", e));
            }
        }

        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }
    }

    /// <summary>
    /// Calls back for every commit, in order, once it is durable. The callback must be quick; what it throws concerns nobody else.
    /// </summary>
    public IDisposable Subscribe(Action<DatabaseState, IReadOnlyList<Change>> callback)
    {
        ImmutableInterlocked.Update(ref _subscribers, s => s.Add(callback));
        return new Subscription(() => ImmutableInterlocked.Update(ref _subscribers, s => s.Remove(callback)));
    }

    /// <summary>Finishes what is queued and closes the journals.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_writing)
        {
            _isClosed = true;
            if (!_isLed)
            {
                _drained.TrySetResult();
            }
        }

        await _drained.Task;
        foreach (var key in _journals.Keys)
        {
            await DetachAsync(key);
        }

        await _local.DisposeAsync();
    }

    /// <summary>Queues; answers whether whoever queued it must lead. Under the lock.</summary>
    private bool Enqueue(WriterRequest request)
    {
        _queue.Add(request);
        var leads = !_isLed;
        _isLed = true;
        return leads;
    }

    /// <summary>Queues what no caller of <see cref="WriteAsync{T}"/> waits for; another thread leads if nobody does.</summary>
    private void Ask(WriterRequest request)
    {
        var (isClosed, leads) = (false, false);
        lock (_writing)
        {
            isClosed = _isClosed;
            leads = !isClosed && Enqueue(request);
        }

        if (isClosed)
        {
            (request as WriterRequest.StartOver)?.Waiting?.TrySetException(new IOException("the database is closed"));
            (request as WriterRequest.Agree)?.Begun.TrySetException(new IOException("the database is closed"));
        }
        else if (leads)
        {
            LeadLater();
        }
    }

    /// <summary>Has a journal written whole, and waits until that is durable.</summary>
    private async Task StartOverAsync(LiveJournal journal, CancellationToken cancellationToken)
    {
        var written = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        Ask(new WriterRequest.StartOver(journal, written));
        await (await written.Task.WaitAsync(cancellationToken)).WaitAsync(LiveJournal.WholeLimit, _time, cancellationToken);
    }

    /// <summary>Behind all that threads are waiting to do now, the callers just released among it.</summary>
    private void LeadLater() =>
        ThreadPool.UnsafeQueueUserWorkItem(static database => _ = database.LeadAsync(null), this, preferLocal: false);

    /// <summary>
    /// Takes what is queued, writes it, and hands the lead on. Never throws. It runs on the thread of a caller, so it takes nothing of that
    /// caller's context along: the next ones must not depend on it.
    /// </summary>
    /// <param name="own">What the caller on whose thread this runs is about to wait for.</param>
    private async Task LeadAsync(Commit? own)
    {
        List<Commit> batch;
        WriterRequest? request;
        lock (_writing)
        {
            if (LetGoIfIdle())
            {
                return;
            }

            // Only up to the next request: what stays in the queue, a failure can still take back.
            batch = new(_queue.Count);
            while (batch.Count < _queue.Count && _queue[batch.Count] is Commit commit)
            {
                batch.Add(commit);
            }

            request = batch.Count < _queue.Count ? _queue[batch.Count] : null;
            _queue.RemoveRange(0, batch.Count + (request is null ? 0 : 1));
        }

        var isAlone = batch.Count <= 1;
        if (request is WriterRequest.Join { Journal: var joining } && joining.Generation >= _journalled)
        {
            // Before the batch at hand, which then waits for it too: under a steady load there is no better moment.
            joining.Join();
        }

        await FlushAsync(batch, own).ConfigureAwait(false);
        if (request is WriterRequest.StartOver start)
        {
            // A journal starts over from a state that lacks nothing: what was before it in the queue has gone first.
            start.Started(_disagreed is { } disagreed
                ? Task.FromException(new IOException($"this host no longer coordinates its pool: {disagreed.Message}"))
                : start.Journal.StartOver(_published));
        }
        else if (request is WriterRequest.Agree agreeing)
        {
            await BeginAsync(agreeing).ConfigureAwait(false);
        }

        bool isOver;
        lock (_writing)
        {
            // A lone writer is not to find another thread in its way when it comes back.
            isOver = isAlone && LetGoIfIdle();
        }

        if (!isOver)
        {
            LeadLater();
        }

        own?.Finish();
    }

    private bool LetGoIfIdle()
    {
        if (_queue.Count > 0)
        {
            return false;
        }

        _isLed = false;
        if (_isClosed)
        {
            _drained.TrySetResult();
        }

        return true;
    }

    private async Task FlushAsync(List<Commit> batch, Commit? own)
    {
        if (batch.Count == 0)
        {
            return;
        }

        var began = _time.GetTimestamp();
        try
        {
            var state = batch[^1].State;
            var transactions = Transactions(batch);
            if (!transactions.IsEmpty)
            {
                if (_agree is { } agree)
                {
                    await AgreeToAsync(agree, state, transactions).ConfigureAwait(false);
                }

                var elsewhere = _journals.IsEmpty ? [] : PostElsewhere(state, transactions);
                await (_agree is null ? _local.WriteOrPost(state, transactions) : WriteAgreedAsync(state, transactions))
                    .ConfigureAwait(false);
                Interlocked.Exchange(ref _journalled, state.Generation);
                if (!elsewhere.IsEmpty)
                {
                    await Task.WhenAll(elsewhere.Select(e => AwaitCopyAsync(e.Journal, e.WasHealthy, e.Written))).ConfigureAwait(false);
                }
            }

            _flushes?.Record(_time.GetElapsedTime(began).TotalSeconds);
            _commits?.Add(batch.Count);
            _published = state;
            foreach (var commit in batch)
            {
                foreach (var subscriber in _subscribers)
                {
                    Tell(subscriber, commit);
                }
            }

            Release(batch, own, null);
        }
        catch (Exception e)
        {
            // Bugs included: a leader that stopped would leave every writer waiting for ever.
            Fail(batch, own, e);
        }
    }

    /// <summary>Between two batches, so that what it begins with is all there is.</summary>
    private async Task BeginAsync(WriterRequest.Agree agreeing)
    {
        try
        {
            _agree = await agreeing.Begin(_published, _keys?.Invoke()).ConfigureAwait(false);
            agreeing.Begun.SetResult();
        }
        catch (Exception e)
        {
            // Whoever asked hears of it. Until it has begun, nobody relies on it.
            agreeing.Begun.SetException(e);
        }
    }

    private async Task AgreeToAsync(AgreeToBatch agree, DatabaseState state, ImmutableArray<JournalTransaction> transactions)
    {
        if (_disagreed is { } before)
        {
            throw before;
        }

        try
        {
            await agree(state, _keys?.Invoke(), transactions).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _disagreed = e;
            throw;
        }
    }

    /// <summary>
    /// What the hosts agreed to is durable with a majority, and they go on from it: it must not be told as a failed change where only this
    /// host's journal can't be written. That gets it whole when it can be again.
    /// </summary>
    private async Task WriteAgreedAsync(DatabaseState state, ImmutableArray<JournalTransaction> transactions)
    {
        try
        {
            await _local.WriteOrPost(state, transactions).ConfigureAwait(false);
        }
        catch (Exception e) when (_local.Health != JournalHealth.Superseded)
        {
            _log.LogError(e, "This host's own journal can't be written; what the hosts of the pool have agreed to stands all the same");
        }
    }

    /// <summary>What of a batch journals are given.</summary>
    private static ImmutableArray<JournalTransaction> Transactions(List<Commit> batch)
    {
        var transactions = ImmutableArray.CreateBuilder<JournalTransaction>(batch.Count);
        foreach (var commit in batch)
        {
            if (commit.Transaction is { } transaction)
            {
                transactions.Add(transaction);
            }
        }

        return transactions.DrainToImmutable();
    }

    private ImmutableArray<(LiveJournal Journal, bool WasHealthy, Task Written)> PostElsewhere(
        DatabaseState state, ImmutableArray<JournalTransaction> transactions) =>
    [
        .. _journals.Values.Where(j => j.Health is JournalHealth.Healthy or JournalHealth.CatchingUp)
            .Select(j => (j, j.Health == JournalHealth.Healthy, j.Post(state, transactions))),
    ];

    /// <summary>
    /// What is published is durable, whatever becomes of those who hear of it: a bug of theirs must not be told as a failed change.
    /// </summary>
    private void Tell(Action<DatabaseState, IReadOnlyList<Change>> subscriber, Commit commit)
    {
        try
        {
            subscriber(commit.State, commit.Changes);
        }
        catch (Exception e)
        {
            _log.LogError(e, "Somebody who is told of changes met a fault; the change is durable, and others are told");
        }
    }

    /// <summary>
    /// Lets the callers go on, each on a thread's time of its own; the one on whose thread this runs goes on when it has handed on the
    /// lead.
    /// </summary>
    private static void Release(List<Commit> batch, Commit? own, Exception? failure)
    {
        foreach (var commit in batch)
        {
            commit.Failure = failure;
            if (!ReferenceEquals(commit, own))
            {
                ThreadPool.UnsafeQueueUserWorkItem(static c => c.Finish(), commit, preferLocal: false);
            }
        }
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
            await written.WaitAsync(LiveJournal.AppendLimit, _time).ConfigureAwait(false);
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
        catch (OperationCanceledException)
        {
            // It starts over, or is being let go.
        }
        catch (Exception e)
        {
            journal.Break(e.Message);
        }
    }

    /// <summary>
    /// Nothing that was not written may be seen: these and all that built on them fail, and writing goes on from what is durable.
    /// </summary>
    private void Fail(List<Commit> batch, Commit? own, Exception cause)
    {
        lock (_writing)
        {
            batch.AddRange(_queue.OfType<Commit>());
            _queue.RemoveAll(static request => request is Commit);
            _newest = _published;

            // The copies on SRs may have what the pool's own has not, and what comes next has the same generations. Where the hosts did not
            // agree no copy has any of it, and none is this host's to write any more.
            if (_disagreed is null)
            {
                _queue.AddRange(_journals.Values.Append(_local).Select(journal => new WriterRequest.StartOver(journal, null)));
            }

            _lastQueued = Task.CompletedTask;
        }

        Release(batch, own, new XenApiException(
            cause, "INTERNAL_ERROR", _disagreed is null
                ? $"The pool's own journal can't be written, so nothing was changed: {cause.Message}"
                : "This host no longer coordinates its pool, and it is not known whether this was changed; ask the pool's coordinator. "
                    + cause.Message));
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
