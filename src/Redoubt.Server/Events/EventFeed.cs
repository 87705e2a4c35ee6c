using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>
/// The latest changes of the database, numbered. A ring: who comes back after more changes than it holds gets everything anew, which
/// costs them a longer answer and nobody else anything.
/// </summary>
internal sealed class EventFeed : IDisposable
{
    private readonly EventEntry[] _ring;
    private readonly Lock _gate = new();
    private readonly IDisposable _subscription;
    private DatabaseState _state;
    private TaskCompletionSource _changed = NewSignal();
    private long _written;
    private long _sequence;
    private long _complete;

    /// <summary>Begins to listen.</summary>
    /// <param name="database">The database.</param>
    /// <param name="time">The clock, which tells one run of the daemon from another.</param>
    /// <param name="kept">How many changes are kept.</param>
    public EventFeed(PoolDatabase database, TimeProvider time, int kept = 65_536)
    {
        _ring = new EventEntry[kept];
        Run = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            _subscription = database.Subscribe(Take);
            _state = database.State;
            _sequence = _complete = Math.Max(1, _state.Generation);
        }
    }

    /// <summary>This run of the daemon.</summary>
    public long Run { get; }

    /// <summary>The last event's number.</summary>
    public long Current
    {
        get
        {
            lock (_gate)
            {
                return _sequence;
            }
        }
    }

    /// <summary>What has happened since: each object once, with its last change; null if that is not known any more.</summary>
    /// <returns>The changes, the database after them, the number of the last one, and what ends when there are more.</returns>
    public (List<EventEntry>? Entries, DatabaseState State, EventToken Token, Task More) Since(EventToken token)
    {
        lock (_gate)
        {
            var now = new EventToken(_sequence, Run);
            return (token.Run != Run || token.Sequence < _complete
                || token.Sequence > _sequence ? null : Collect(token.Sequence), _state, now, _changed.Task);
        }
    }

    /// <summary>Tells of an object again although nothing has changed.</summary>
    public long Inject(ClassModel model, string reference)
    {
        lock (_gate)
        {
            _sequence++;
            Add(new(_sequence, model, reference, EventOperation.Mod));
            Signal();
            return _sequence;
        }
    }

    /// <summary>Whether nothing more will be told.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Lets go of everybody who waits.</summary>
    public void Dispose()
    {
        _subscription.Dispose();
        lock (_gate)
        {
            IsClosed = true;
            Signal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Take(DatabaseState after, IReadOnlyList<Change> changes)
    {
        lock (_gate)
        {
            // The first commits may be in the state that the feed began with; to tell of them again does no harm.
            _state = after;
            _sequence = Math.Max(_sequence + 1, after.Generation);
            foreach (var change in changes)
            {
                var operation = change.After is null ? EventOperation.Del : change.Before is null ? EventOperation.Add : EventOperation.Mod;
                Add(new(_sequence, change.Class, change.Ref, operation));
            }

            Signal();
        }
    }

    private void Add(EventEntry entry)
    {
        var slot = _written % _ring.Length;
        if (_written >= _ring.Length)
        {
            _complete = _ring[slot].Sequence;
        }

        _ring[slot] = entry;
        _written++;
    }

    private void Signal()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }

    private List<EventEntry> Collect(long after)
    {
        var latest = new Dictionary<(string, string), int>();
        var entries = new List<EventEntry>();
        for (var i = _written - 1; i >= Math.Max(0, _written - _ring.Length) && _ring[i % _ring.Length].Sequence > after; i--)
        {
            var entry = _ring[i % _ring.Length];
            if (latest.TryAdd((entry.Class.Name, entry.Ref), entries.Count))
            {
                entries.Add(entry);
            }
            else if (entry.Operation == EventOperation.Add
                && entries[latest[(entry.Class.Name, entry.Ref)]] is { Operation: EventOperation.Mod } mod)
            {
                entries[latest[(entry.Class.Name, entry.Ref)]] = mod with { Operation = EventOperation.Add };
            }
        }

        entries.Reverse();
        return entries;
    }
}
