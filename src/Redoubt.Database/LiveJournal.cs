using System.Collections.Immutable;
using System.Threading.Channels;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database;

/// <summary>
/// One durable copy of the database, kept up to date by a worker of its own, so that a volume that hangs holds up nobody but its worker.
/// <code>
///             whole database written, and all
///             that was queued meanwhile
/// CatchingUp ───────────────────────► Healthy
///     ▲  │ failed                        │ failed, or not in time, or not where a reader would find it
///     │  └──────────────► Broken ◄───────┘
///     └── after a pause ─────┘             from each: Superseded, when another daemon has taken the volume over
/// </code>
/// That it is where a reader would find it, and still this daemon's, is proven before and after each batch as far as that costs nothing,
/// and every two seconds, also when nothing changes, by opening the path anew and reading back what was written last.
/// </summary>
public sealed class LiveJournal : IAsyncDisposable
{
    // Behind this many batches a copy starts over with a whole database, which is then the shorter way.
    private const int MaxBacklog = 4096;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPauseDisplaced = TimeSpan.FromSeconds(4);

    /// <summary>How often a volume is proven to be in its place while nothing else shows it.</summary>
    private static readonly TimeSpan ProofInterval = TimeSpan.FromSeconds(2);

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly VolumeSigner? _signer;
    private readonly Action? _make;
    private readonly ITimer _proofs;
    private readonly Lock _changing = new();
    private readonly Channel<JournalWork> _work = Channel.CreateBounded<JournalWork>(MaxBacklog);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _worker;
    private readonly Lock _writing = new();
    private readonly IAsyncDisposable? _held;
    private JournalHalf? _keep;
    private JournalDevice? _device;
    private long _length;
    private JournalWriter? _writer;
    private TimeSpan _pause = FirstPause;
    private volatile JournalStanding _standing = JournalStanding.Unwritten;
    private volatile VolumeOwner _owner;
    private volatile JournalWork? _proof;
    private volatile TaskCompletionSource? _brought;
    private volatile bool _isWritingWhole;
    private volatile bool _isLarge;
    private volatile string? _historyProblem;
    private Task _packing = Task.CompletedTask;
    private (DatabaseState State, DateTimeOffset At)? _waiting;
    private HistoryPoint? _lastKept;
    private DatabaseState? _written;
    private DateTimeOffset _writtenAt;
    private long _generation = -1;
    private Task _lastPosted = Task.CompletedTask;

    /// <summary>Takes charge of the redo log in this file or device, which must exist and have been initialised.</summary>
    /// <param name="key">What the journal is called: the UUID of its VDI, or <c>local</c>.</param>
    /// <param name="path">Where it lies.</param>
    /// <param name="keep">The half that must stay untouched until the first whole database is durable; by default the one that
    /// counts.</param>
    /// <param name="time">The clock.</param>
    /// <param name="signer">Signs what is written; null for the pool's own journal, which nobody else reads.</param>
    /// <param name="owner">Who writes it; by default a daemon in the directory of the path.</param>
    /// <param name="make">
    /// Makes an empty redo log at the path when there is nothing or no redo log, and keeps what is there; by default such a journal stays
    /// broken.
    /// </param>
    /// <param name="held">What has the volume be at the path; let go when the journal is closed.</param>
    public LiveJournal(
        string key, string path, JournalHalf? keep, TimeProvider time, VolumeSigner? signer = null, VolumeOwner? owner = null,
        Action? make = null, IAsyncDisposable? held = null)
    {
        Key = key;
        _signer = signer;
        _path = path;
        _keep = keep;
        _time = time;
        _owner = owner ?? VolumeOwner.Create(Path.GetDirectoryName(path) ?? path, time);
        _make = make;
        _held = held;
        _worker = Task.Run(WorkAsync);
        _proofs = time.CreateTimer(_ => AskForProof(), null, ProofInterval, ProofInterval);
    }

    /// <summary>How long a batch of changes may take before the journal is given up for broken (xapi's limit).</summary>
    public static TimeSpan AppendLimit { get; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a whole database may take (xapi's limit).</summary>
    public static TimeSpan WholeLimit { get; } = TimeSpan.FromSeconds(30);

    /// <summary>What the journal is called.</summary>
    public string Key { get; }

    /// <summary>Where it lies.</summary>
    public string FullPath => _path;

    /// <summary>Who writes it.</summary>
    public VolumeOwner Owner => _owner;

    /// <summary>How it stands.</summary>
    public JournalHealth Health => _standing.Health;

    /// <summary>How it stands, and why.</summary>
    public JournalStanding Standing => _standing;

    /// <summary>The generation that the copy has reached.</summary>
    public long Generation => Interlocked.Read(ref _generation);

    /// <summary>
    /// Why the last state that was due for the history of the volume is not in it; <see langword="null"/> when all is well.
    /// </summary>
    public string? HistoryProblem => _historyProblem;

    /// <summary>Whether the database is too large for xapi's form, so that only Redoubt can read the copy.</summary>
    public bool IsLarge => _isLarge;

    /// <summary>Told of each change of standing, in order. Called under a lock, so whoever hears of it only takes note.</summary>
    internal Action<LiveJournal, JournalStanding>? StandingChanged { get; set; }

    /// <summary>Sees everything that is done to the volume before it is done; for tests.</summary>
    internal Action<DeviceOperation>? Observer { get; set; }

    /// <summary>Whether it is the pool's own: it has no limit, since without it nothing is durable and everybody waits for it.</summary>
    internal bool IsPoolsOwn { get; set; }

    /// <summary>The keys with which secrets are sealed in what is written whole; null to leave them in clear.</summary>
    internal Func<KeyRing>? Keys { get; set; }

    /// <summary>Asks the database for a fresh start: it answers with <see cref="StartOver"/>.</summary>
    internal Action<LiveJournal>? WantsToStartOver { get; set; }

    /// <summary>Asks the database whether this is up to date: if so, it answers with <see cref="Join"/>.</summary>
    internal Action<LiveJournal>? WantsToJoin { get; set; }

    /// <summary>Completes when it has been healthy for the first time, or fails with what broke it before that.</summary>
    internal Task Joined => _joined.Task;

    /// <summary>Whether it is writing a whole database, which may take as long as <see cref="WholeLimit"/>.</summary>
    internal bool IsWritingWhole => _isWritingWhole;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _proofs.DisposeAsync();
        _work.Writer.TryComplete();
        await _stopping.CancelAsync();
        // A worker inside a hung system call never returns; nothing it could still write is wanted.
        await Task.WhenAny(Task.WhenAll(_worker, _packing), Task.Delay(AppendLimit, _time));

        // Also under a worker that hangs: the call it is in ends as it may, and its next one finds the device closed. Otherwise it could
        // go on, minutes later, with a volume that somebody else has meanwhile written to.
        _device?.Dispose();
        if (_worker.IsCompleted)
        {
            _writer?.Dispose();
            _stopping.Dispose();
        }

        if (_held is not null)
        {
            await _held.DisposeAsync();
        }
    }

    /// <summary>
    /// Proves that a reader of the path finds what was written last. If it does not, the journal is broken, or superseded, when this
    /// throws.
    /// </summary>
    /// <exception cref="JournalException">It is displaced, or another daemon writes it.</exception>
    /// <exception cref="IOException">It can't be opened or read.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public Task ProveAsync(CancellationToken cancellationToken) => Post(NewProof()).WaitAsync(AppendLimit, _time, cancellationToken);

    /// <summary>Writes the whole database; changes queued from now on follow it. The answer completes when it is durable.</summary>
    internal Task StartOver(DatabaseState state)
    {
        var whole = new JournalWork(state, [], true);
        while (_work.Reader.TryRead(out var dropped))
        {
            if (dropped.Whole)
            {
                // Whoever waits for an older whole database gets this one, which lacks nothing of it.
                _ = PassOnAsync(whole.Done.Task, dropped.Done);
            }
            else
            {
                dropped.Done.TrySetCanceled();
            }
        }

        Happen(new JournalEvent.StartedOver());
        return Post(whole);
    }

    private static async Task PassOnAsync(Task outcome, TaskCompletionSource to)
    {
        try
        {
            await outcome.ConfigureAwait(false);
            to.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            to.TrySetCanceled();
        }
        catch (Exception failed)
        {
            to.TrySetException(failed);
        }
    }

    /// <summary>Queues a batch. The answer completes when it is durable.</summary>
    internal Task Post(DatabaseState state, ImmutableArray<JournalTransaction> batch) => Post(new JournalWork(state, batch, false));

    /// <summary>
    /// As <see cref="Post(DatabaseState, ImmutableArray{JournalTransaction})"/>, on the caller's thread if the worker is idle: for the
    /// pool's own journal, for which everybody waits anyway. Two thread switches are half of what a flush of a good disk takes.
    /// </summary>
    internal Task WriteOrPost(DatabaseState state, ImmutableArray<JournalTransaction> batch)
    {
        // One that is broken takes the whole database instead, with the batch in it: who waits for it now is who has most reason to try.
        var work = new JournalWork(state, batch, Health == JournalHealth.Broken);
        // Only the database's leader queues batches and whole databases, so none can get in between.
        if (!_lastPosted.IsCompleted || Health == JournalHealth.Superseded || !_writing.TryEnter())
        {
            return Post(work);
        }

        try
        {
            Handle(work, []);
        }
        catch (OperationCanceledException)
        {
            work.Done.TrySetCanceled();
        }
        finally
        {
            _writing.Exit();
        }

        return work.Done.Task;
    }

    /// <summary>
    /// Lets the journal count again. Called between two batches, so that there is none that was acknowledged without it after this.
    /// </summary>
    internal void Join()
    {
        Happen(new JournalEvent.Joined());
        if (Health == JournalHealth.Healthy)
        {
            _joined.TrySetResult();
        }
    }

    /// <summary>Stops changes from waiting while a whole database is being written.</summary>
    internal void Lag() => Happen(new JournalEvent.Lagged());

    /// <summary>Gives the journal up until it has recovered.</summary>
    internal void Break(string reason) => Fail(new JournalEvent.Failed(reason, _time.GetUtcNow()), reason);

    private void Break(Exception e, bool couldNotOpen) => Fail(
        e is JournalException { Fault: JournalFault.Superseded }
            ? new JournalEvent.Superseded(e.Message, _time.GetUtcNow())
            : new JournalEvent.Failed(
                e.Message, _time.GetUtcNow(),
                couldNotOpen
                    || e is JournalException { Fault: JournalFault.Displaced or JournalFault.NotARedoLog or JournalFault.VolumeTooSmall }),
        e.Message);

    private void Fail(JournalEvent happened, string reason)
    {
        Happen(happened);
        if (_joined.TrySetException(new IOException($"{_path}: {reason}")))
        {
            _ = _joined.Task.Exception;
        }

        // An idle worker would never learn that it has to try again. If the queue is full, what is in it tells as much.
        _work.Writer.TryWrite(JournalWork.Nudge);
    }

    /// <summary>The only place where the standing changes. Its listener hears of changes in their order.</summary>
    private void Happen(JournalEvent happened)
    {
        lock (_changing)
        {
            var next = _standing.Next(happened);
            if (next == _standing)
            {
                return;
            }

            _standing = next;
            StandingChanged?.Invoke(this, next);
        }
    }

    private static JournalWork NewProof() => new(DatabaseState.Empty, [], false) { IsProof = true };

    private void AskForProof()
    {
        if (_proof is null or { Done.Task.IsCompleted: true })
        {
            var proof = NewProof();
            // A queue that is full is being worked on, and each batch is proof enough.
            _proof = _work.Writer.TryWrite(proof) ? proof : null;
        }
    }

    private Task Post(JournalWork work)
    {
        if (!_work.Writer.TryWrite(work))
        {
            Break("it has fallen too far behind");
            work.Done.TrySetException(new IOException($"{_path}: too far behind"));
        }

        if (work.Whole || Health != JournalHealth.Broken)
        {
            _brought?.TrySetResult();
        }

        if (!work.IsProof)
        {
            _lastPosted = work.Done.Task;
        }

        return work.Done.Task;
    }

    private async Task WorkAsync()
    {
        try
        {
            await foreach (var work in _work.Reader.ReadAllAsync(_stopping.Token))
            {
                if (Health == JournalHealth.Superseded)
                {
                    work.Done.TrySetException(new IOException(_standing.Reason));
                    continue;
                }

                if (work.Packed is null && Health == JournalHealth.Broken && !work.Whole)
                {
                    await AskToStartOverAsync(work);
                    continue;
                }

                lock (_writing)
                {
                    if (work.Packed is not null)
                    {
                        AddToHistory(work.Packed);
                        JoinIfDone();
                    }
                    else if (work.IsProof)
                    {
                        Prove(work);
                    }
                    else if (work != JournalWork.Nudge)
                    {
                        Handle(work, Following(work));
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The journal is being let go.
        }
    }

    /// <summary>
    /// What is in the queue was meant for a journal in order; after a pause the whole database is asked for instead. Whoever brings one
    /// before that ends the pause.
    /// </summary>
    private async Task AskToStartOverAsync(JournalWork work)
    {
        var brought = _brought = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (JournalWork? next = work; next is { Whole: false }; next = _work.Reader.TryPeek(out var peeked) && !peeked.Whole
            && _work.Reader.TryRead(out peeked) ? peeked : null)
        {
            next.Done.TrySetException(new IOException($"{_path}: the journal is broken: {_standing.Reason}"));
        }

        if (_work.Reader.TryPeek(out _))
        {
            return;
        }

        if (await Task.WhenAny(brought.Task, Task.Delay(_pause, _time, _stopping.Token)) != brought.Task)
        {
            // As long as nothing can be opened a try costs nothing, and people wait for the storage to be put right.
            var longest = IsPoolsOwn ? FirstPause : _standing.IsDisplaced ? LongestPauseDisplaced : LongestPause;
            _pause = _pause * 2 < longest ? _pause * 2 : longest;
            WantsToStartOver?.Invoke(this);
        }

        // Nothing else is worth a look before that, and whatever came would only begin the next pause.
        await brought.Task.WaitAsync(_stopping.Token);
    }

    /// <summary>
    /// The batches that have queued up behind one: a volume slower than the pool's own catches up by taking them together.
    /// </summary>
    private List<JournalWork> Following(JournalWork work)
    {
        var following = new List<JournalWork>();
        while (work.IsBatch && _work.Reader.TryPeek(out var next) && next.IsBatch)
        {
            _work.Reader.TryRead(out next);
            following.Add(next!);
        }

        return following;
    }

    private void Handle(JournalWork work, List<JournalWork> following)
    {
        var last = following.Count > 0 ? following[^1] : work;
        try
        {
            _stopping.Token.ThrowIfCancellationRequested();
            var together = following.Count == 0
                ? work
                : work with { State = last.State, Batch = [.. work.Batch, .. following.SelectMany(f => f.Batch)] };
            using var watch = IsPoolsOwn ? null : Watch(work.Whole ? WholeLimit : AppendLimit);
            Write(together, watch);
            Interlocked.Exchange(ref _generation, last.State.Generation);
            _pause = FirstPause;
            if (IsPoolsOwn && Health != JournalHealth.Healthy)
            {
                Happen(new JournalEvent.StartedOver());
                Join();
            }

            work.Done.TrySetResult();
            following.ForEach(f => f.Done.TrySetResult());
            JoinIfDone();
            KeepIfDue(together);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            // Whatever it was, bugs included, this copy can't be trusted to be up to date, and who waits for it must hear of it.
            GiveUp(e);
            work.Done.TrySetException(e);
            following.ForEach(f => f.Done.TrySetException(e));
        }
    }

    /// <summary>Proves that the volume is in its place.</summary>
    private void Prove(JournalWork work)
    {
        try
        {
            _stopping.Token.ThrowIfCancellationRequested();
            using var watch = IsPoolsOwn ? null : Watch(AppendLimit);
            _writer?.Prove();
            work.Done.TrySetResult();
            JoinIfDone();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            GiveUp(e);
            work.Done.TrySetException(e);
        }
    }

    private void GiveUp(Exception e)
    {
        // What can't be opened may be a folder by now, a link that leads nowhere, or nothing.
        var couldNotOpen = _writer is null;
        _writer?.Dispose();
        _device?.Dispose();
        (_device, _writer, _isWritingWhole) = (null, null, false);
        Break(e, couldNotOpen);
    }

    /// <summary>Gives the journal up when the time is over, whatever its health and whoever waits for it.</summary>
    private ITimer Watch(TimeSpan limit) => _time.CreateTimer(
        _ => Break($"it did not answer within {(_isWritingWhole ? WholeLimit : AppendLimit).TotalSeconds:0} seconds"),
        null,
        limit,
        Timeout.InfiniteTimeSpan);

    private void Write(JournalWork work, ITimer? watch)
    {
        if (work.State.Generation <= Generation && !work.Whole)
        {
            throw new InvalidOperationException($"generation {work.State.Generation} cannot follow {Generation} on {_path}");
        }

        if (work.Whole || !Append(work.Batch))
        {
            var writer = Open();
            _isWritingWhole = true;
            watch?.Change(WholeLimit, Timeout.InfiniteTimeSpan);
            writer.WriteDatabase(StateDump.ToDump(work.State, Keys?.Invoke()));
            (_isWritingWhole, _isLarge, _keep) = (false, writer.IsLarge, null);
            _owner = writer.Owner ?? _owner;
        }
    }

    /// <summary>Whether a batch could be appended. If not, the whole database must be written, with the batch in it.</summary>
    private bool Append(ImmutableArray<JournalTransaction> batch)
    {
        try
        {
            return Open().Append(batch) == AppendResult.Durable;
        }
        catch (JournalException e) when (IsPoolsOwn && e.Fault == JournalFault.Displaced)
        {
            // Somebody removed the file under the pool. All that was in it is in memory, so whoever changes something now need not suffer.
            GiveUp(e);
            return false;
        }
    }

    private JournalWriter Open()
    {
        if (_writer is null)
        {
            if (_make is not null && !File.Exists(_path))
            {
                MakeAnew(_make);
            }

            try
            {
                _writer = Take();
            }
            catch (JournalException e) when (_make is not null && e.Fault is JournalFault.NotARedoLog or JournalFault.VolumeTooSmall)
            {
                _device?.Dispose();
                MakeAnew(_make);
                _writer = Take();
            }
        }

        return _writer;
    }

    private JournalWriter Take()
    {
        _device = JournalDevice.Open(_path);
        if (_device.Length < _length)
        {
            // Of a file that was cut, a change may have made more again, at its own place. It would do until a start finds it short.
            throw new JournalException(JournalFault.VolumeTooSmall, $"{_path} was cut from {_length} to {_device.Length} bytes");
        }

        _length = _device.Length;
        _device.Observer = Observer;
        return new JournalWriter(_device, _time, _keep, _owner, _signer);
    }

    private void MakeAnew(Action make)
    {
        make();
        // It has had no owner, neither half counts, and it need not be as long as the one before it.
        (_owner, _keep, _length) = (_owner with { Term = 0 }, null, 0);
    }

    private void JoinIfDone()
    {
        if (Health == JournalHealth.CatchingUp && _work.Reader.Count == 0 && _writer is not null)
        {
            WantsToJoin?.Invoke(this);
        }
    }

    /// <summary>Sees to it that the history gets this state, or the one before it when this one lost most VMs.</summary>
    private void KeepIfDue(JournalWork work)
    {
        var now = _time.GetUtcNow();
        var isFall = _written is not null && HistoryPolicy.IsFall(_written, work.State);
        var (state, at) = isFall ? (_written!, _writtenAt) : (work.State, now);
        (_written, _writtenAt) = (work.State, now);
        if (_writer is not { HasArea: true })
        {
            return;
        }

        // A state before a fall waits for its turn: the log has it until the database is next written whole, and then this runs again.
        if (HistoryPolicy.IsDue(_lastKept, new HistoryPoint(state.Generation, at), work.Whole, isFall) && (isFall || _waiting is null))
        {
            _waiting = (state, at);
        }

        if (_waiting is { } due && _packing.IsCompleted)
        {
            _waiting = null;
            Pack(due.State, due.At);
        }
    }

    /// <summary>
    /// Compressing takes as long as it takes and is done aside; what it makes comes back through the queue, for only the worker writes to
    /// the volume.
    /// </summary>
    private void Pack(DatabaseState state, DateTimeOffset at)
    {
        _packing = Task.Run(() =>
        {
            try
            {
                var packed = PackedDatabase.Of(StateDump.ToDump(state, Keys?.Invoke()), at);
                // A queue that is full has more urgent things in it; the next state is due soon.
                if (!_work.Writer.TryWrite(new JournalWork(state, [], false) { Packed = packed }))
                {
                    _historyProblem = "the journal had no time for it";
                }
            }
            catch (Exception e)
            {
                // Nobody awaits the outcome but through the property; commits do not depend on it.
                _historyProblem = e.Message;
            }
        });
    }

    private void AddToHistory(PackedDatabase packed)
    {
        if (Health is JournalHealth.Broken or JournalHealth.Superseded || _writer is null)
        {
            _historyProblem = "the journal is broken";
            return;
        }

        // As with a whole database, changes do not wait for it longer than for a batch, and it is not broken for that unless it never ends.
        _isWritingWhole = true;
        using var watch = IsPoolsOwn ? null : Watch(WholeLimit);
        try
        {
            var result = _writer.AddHistory(packed);
            _lastKept = new HistoryPoint(packed.Entry.Generation, packed.Entry.WrittenAt);
            _historyProblem = result is HistoryAddResult.NoSpace ? "there is only space for states that are worth more" : null;
        }
        catch (Exception e)
        {
            // Bugs included, for the log is in order all the same. If the device is gone, the next batch will find that out.
            _historyProblem = e.Message;
        }
        finally
        {
            _isWritingWhole = false;
        }
    }
}
