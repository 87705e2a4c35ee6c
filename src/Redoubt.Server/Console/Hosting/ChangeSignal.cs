using System.Collections.Immutable;
using Redoubt.Database;

namespace Redoubt.Server.Console;

/// <summary>
/// Tells the open pages that something has changed: one subscription for all of them, and at most a few times a second, since a pool
/// that starts a hundred VMs changes a thousand times.
/// </summary>
public sealed class ChangeSignal : IDisposable
{
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(300);

    // Runs are kept in a journal of their own, whose changes the database does not tell.
    private static readonly TimeSpan LookAtRunsEvery = TimeSpan.FromSeconds(2);

    private ImmutableHashSet<Action> _listeners = [];
    private IDisposable? _subscription;
    private ITimer? _timer;
    private ITimer? _runTimer;
    private string _runs = "";
    private int _pending;

    /// <summary>Listens until what it gives is disposed. The listener must be quick and must not throw.</summary>
    public IDisposable Subscribe(Action listener)
    {
        ImmutableInterlocked.Update(ref _listeners, all => all.Add(listener));
        return new Ending(() => ImmutableInterlocked.Update(ref _listeners, all => all.Remove(listener)));
    }

    /// <summary>Tells all listeners soon.</summary>
    public void Raise()
    {
        if (Interlocked.Exchange(ref _pending, 1) == 0)
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
        _subscription = database.Subscribe((_, _) => Raise());
        _runTimer = time.CreateTimer(_ => LookAtRuns(runs()), null, LookAtRunsEvery, LookAtRunsEvery);
    }

    private void LookAtRuns(string now)
    {
        if (!_listeners.IsEmpty && Interlocked.Exchange(ref _runs, now) != now)
        {
            Raise();
        }
    }

    private void Tell()
    {
        Interlocked.Exchange(ref _pending, 0);
        foreach (var listener in _listeners)
        {
            listener();
        }
    }

    private sealed class Ending(Action act) : IDisposable
    {
        public void Dispose() => act();
    }
}
