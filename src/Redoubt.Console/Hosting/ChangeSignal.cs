using System.Collections.Immutable;
using Redoubt.Database;

namespace Redoubt.Console;

/// <summary>
/// Tells the open pages that something has changed: one subscription for all of them, and at most a few times a second, since a pool
/// that starts a hundred VMs changes a thousand times. What no page shows wakes none: sessions and tasks come and go with every client
/// and with what pages themselves ask. Only that a session has ended is told, to whom it may have been.
/// </summary>
public sealed class ChangeSignal : IDisposable
{
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(300);

    // Runs are kept in a journal of their own, whose changes the database does not tell.
    private static readonly TimeSpan LookAtRunsEvery = TimeSpan.FromSeconds(2);

    private ImmutableHashSet<Action<SignalKind>> _listeners = [];
    private IDisposable? _subscription;
    private ITimer? _timer;
    private ITimer? _runTimer;
    private string _runs = "";
    private int _isTimed;
    private int _isChanged;

    /// <summary>Listens until what it gives is disposed. The listener must be quick and must not throw.</summary>
    public IDisposable Subscribe(Action<SignalKind> listener)
    {
        ImmutableInterlocked.Update(ref _listeners, all => all.Add(listener));
        return new Ending(() => ImmutableInterlocked.Update(ref _listeners, all => all.Remove(listener)));
    }

    /// <summary>Tells all listeners soon.</summary>
    public void Raise(SignalKind what)
    {
        if (what == SignalKind.Pool)
        {
            Volatile.Write(ref _isChanged, 1);
        }

        if (Interlocked.Exchange(ref _isTimed, 1) == 0)
        {
            _timer?.Change(LeastPause, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Tells nobody any more.</summary>
    public void Dispose()
    {
        _subscription?.Dispose();
        _timer?.Dispose();
        _runTimer?.Dispose();
    }

    /// <param name="database">The pool's database.</param>
    /// <param name="runs">Where the runs stand, in a text that differs when they do.</param>
    /// <param name="time">The clock.</param>
    internal void Listen(PoolDatabase database, Func<string> runs, TimeProvider time)
    {
        _timer = time.CreateTimer(_ => Tell(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _subscription = database.Subscribe((_, changes) =>
        {
            if (KindOf(changes) is { } what)
            {
                Raise(what);
            }
        });
        _runs = runs();
        _runTimer = time.CreateTimer(_ => LookAtRuns(runs()), null, LookAtRunsEvery, LookAtRunsEvery);
    }

    private static SignalKind? KindOf(IReadOnlyList<Change> changes)
    {
        SignalKind? what = null;
        foreach (var change in changes)
        {
            if (change.Class.Name is not ("session" or "task"))
            {
                return SignalKind.Pool;
            }

            if (change.Class.Name == "session" && change.After is null)
            {
                what = SignalKind.SessionEnd;
            }
        }

        return what;
    }

    private void LookAtRuns(string now)
    {
        if (!_listeners.IsEmpty && Interlocked.Exchange(ref _runs, now) != now)
        {
            Raise(SignalKind.Pool);
        }
    }

    private void Tell()
    {
        // In this order: what changes from here on is told the next time.
        Interlocked.Exchange(ref _isTimed, 0);
        var what = Interlocked.Exchange(ref _isChanged, 0) == 1 ? SignalKind.Pool : SignalKind.SessionEnd;
        foreach (var listener in _listeners)
        {
            listener(what);
        }
    }

    private sealed class Ending(Action act) : IDisposable
    {
        public void Dispose() => act();
    }
}
