using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;

namespace Redoubt.Agreement;

/// <summary>
/// Follows the log of the pool into the journal of this host, so that the whole database lies on its own disk as well. What the journal has
/// and the log has not, since nobody acknowledged it, goes; whoever was away longer than the log goes back takes the whole database from
/// etcd.
/// </summary>
public sealed class LogFollower : IAsyncDisposable
{
    private const int PerRead = 256;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly EtcdClient _etcd;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private readonly Lock _waiting = new();
    private ImmutableList<(long Generation, TaskCompletionSource Reached)> _waiters = [];
    private long _generation = -1;

    /// <summary>Begins to follow.</summary>
    /// <param name="etcd">The member of this host.</param>
    /// <param name="path">The journal, which must exist and have been initialised. Nobody else writes it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of what keeps it from following.</param>
    public LogFollower(EtcdClient etcd, string path, TimeProvider time, ILogger<LogFollower> log)
    {
        (_etcd, _path, _time, _log) = (etcd, path, time, log);
        _running = Task.Run(RunAsync);
    }

    /// <summary>The generation that the journal has reached; -1 before it has any.</summary>
    public long Generation => Interlocked.Read(ref _generation);

    /// <summary>Why it does not follow now; <see langword="null"/> while it does.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Waits until the journal has reached a generation.</summary>
    public async Task ReachAsync(long generation, CancellationToken cancellationToken)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiting)
        {
            if (_generation >= generation)
            {
                return;
            }

            _waiters = _waiters.Add((generation, reached));
        }

        await reached.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Stops. The journal is closed then, and as far as <see cref="Generation"/> says.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(_stopping.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (
                e is EtcdException or IOException or JournalException or InvalidDataException or UnauthorizedAccessException)
            {
                if (Trouble != e.Message)
                {
                    _log.LogWarning("This host does not follow the log of its pool now: {Message}", e.Message);
                }

                Trouble = e.Message;
            }

            try
            {
                await Task.Delay(Pause, _time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var own = JournalReader.Read(_path) switch
        {
            JournalVerdict.Intact intact => intact.Content,
            JournalVerdict.CutAt cut => cut.Content,
            _ => null,
        };
        var (dump, batches, revision) = await ReadAsync(own?.Database, cancellationToken);
        using var device = JournalDevice.Open(_path);
        using var writer = new JournalWriter(device, _time, own?.Half);
        var replay = new LogReplay(dump);
        foreach (var batch in batches)
        {
            replay.Apply(batch);
        }

        writer.WriteDatabase(replay.Dump);
        Reached(replay.Generation);
        Trouble = null;
        await foreach (var changes in _etcd.WatchAsync(LogKeys.Log, LogKeys.EndOf(LogKeys.Log), revision + 1, cancellationToken))
        {
            var told = await DecodeAsync(changes.Where(c => !c.IsRemoval).Select(c => c.Value), cancellationToken);
            List<LogBatch> added = [.. told.Where(replay.Apply)];
            if (added.Count == 0)
            {
                continue;
            }

            if (writer.Append([.. added.SelectMany(b => b.Transactions)]) != AppendResult.Durable)
            {
                writer.WriteDatabase(replay.Dump);
            }

            Reached(replay.Generation);
        }
    }

    /// <summary>
    /// Where to start from and what follows that, and the revision of the store for which that is so. What this host has itself will do if
    /// the log goes on from it.
    /// </summary>
    private async Task<(DatabaseDump From, List<LogBatch> Then, long Revision)> ReadAsync(
        DatabaseDump? own, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            var from = own?.Manifest.Generation ?? -1;
            var answer = await _etcd.TransactAsync(
                [],
                [
                    new EtcdAct.Read(LogKeys.Head, LogKeys.Head + "\0"),
                    new EtcdAct.Read(LogKeys.Whole, LogKeys.Whole + "\0"),
                    new EtcdAct.Read(LogKeys.Batch(Math.Max(0, from + 1)), LogKeys.EndOf(LogKeys.Log), PerRead),
                ],
                cancellationToken);
            if (answer.Reads is not [[var headValue], [var wholeValue], var batchValues])
            {
                throw new InvalidDataException("the log of the pool has not begun");
            }

            var head = LogHead.Of(headValue);
            var batches = await DecodeAsync(batchValues, cancellationToken);
            if (own is not null && (batches.Count > 0 ? batches[0].After == from : head.Generation == from))
            {
                var replay = batches;
                while (replay.Count > 0 && replay[^1].Generation < head.Generation)
                {
                    var next = new EtcdAct.Read(LogKeys.Batch(replay[^1].Generation + 1), LogKeys.EndOf(LogKeys.Log), PerRead);
                    var more = await _etcd.TransactAsync([], [next], cancellationToken);
                    if (more.Reads[0].IsEmpty)
                    {
                        throw new EtcdException("the log was shortened while it was read", isRefusal: true);
                    }

                    replay.AddRange(await DecodeAsync(more.Reads[0], cancellationToken));
                }

                // What came after the first look is told again by the watch, and passed over.
                return (own, replay, answer.Revision);
            }

            var (generation, parts) = WholeDatabase.Parse(wholeValue.Bytes);
            var found = new List<byte[]>();
            for (var i = 0; i < parts; i++)
            {
                found.Add((await _etcd.FindAsync(LogKeys.Part(generation, i), cancellationToken))?.Bytes
                    ?? throw new EtcdException("a newer whole database took the place of the one that was being read", isRefusal: true));
            }

            own = WholeDatabase.Unpack(found);
            if (own.Manifest.Generation != generation)
            {
                throw new InvalidDataException(
                    $"the whole database in etcd is of generation {own.Manifest.Generation} and said to be of {generation}");
            }
        }
    }

    private async Task<List<LogBatch>> DecodeAsync(IEnumerable<EtcdValue> values, CancellationToken cancellationToken)
    {
        var batches = new List<LogBatch>();
        foreach (var value in values)
        {
            var bytes = value.Bytes;
            if (LogBatch.PiecesIn(bytes) is var pieces and > 0)
            {
                var generation = long.Parse(value.Key.AsSpan(LogKeys.Log.Length), NumberStyles.None, CultureInfo.InvariantCulture);
                using var whole = new MemoryStream();
                for (var i = 0; i < pieces; i++)
                {
                    var piece = await _etcd.FindAsync(LogKeys.Piece(generation, i), cancellationToken)
                        ?? throw new EtcdException("the log was shortened while it was read", isRefusal: true);
                    await whole.WriteAsync(piece.Bytes, cancellationToken);
                }

                bytes = whole.ToArray();
            }

            batches.Add(LogBatch.Decode(bytes));
        }

        return batches;
    }

    private void Reached(long generation)
    {
        lock (_waiting)
        {
            Interlocked.Exchange(ref _generation, generation);
            foreach (var (_, reached) in _waiters.Where(w => w.Generation <= generation))
            {
                reached.TrySetResult();
            }

            _waiters = _waiters.RemoveAll(w => w.Generation <= generation);
        }
    }
}
