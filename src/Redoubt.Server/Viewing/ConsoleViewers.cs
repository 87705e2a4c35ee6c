using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Viewing;

/// <summary>
/// Who looks at which console. Whoever has logged out, or lost the role for it, looks no longer, nor does anybody when the guest has gone:
/// all viewers are looked over when something of that kind has changed, and now and then for sessions that nobody has used.
/// </summary>
internal sealed class ConsoleViewers : IAsyncDisposable
{
    /// <summary>The lowest role that may look at consoles, and type.</summary>
    public const Role Lowest = Role.VmOperator;

    /// <summary>How many may look at one console at once: QEMU keeps a picture for each.</summary>
    public const int MostOfConsole = 64;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly PoolServices _pool;
    private readonly Worker _worker;
    private readonly IDisposable _subscription;
    private readonly Lock _gate = new();
    private ImmutableHashSet<ConsoleViewer> _viewers = [];
    private bool _isOver;

    public ConsoleViewers(PoolServices pool, ILogger<ConsoleViewers> log)
    {
        _pool = pool;
        _worker = new("The look over who may look at consoles", Interval, pool.Time, log, isFirstAtOnce: false, LookOverAsync);
        _subscription = pool.Database.Subscribe(Take);
    }

    /// <summary>How many look.</summary>
    public int Count => _viewers.Count;

    /// <summary>Lets somebody look, until what it gives is disposed.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: too many do.</exception>
    public ConsoleViewer Enter(Ref<SessionRecord> session, GuestConsole console)
    {
        var viewer = new ConsoleViewer(session, console, Leave);
        lock (_gate)
        {
            if (_isOver || _viewers.Count(v => v.Console.Console == console.Console) >= MostOfConsole)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    _isOver
                        ? "The daemon is being stopped."
                        : $"{MostOfConsole} viewers look at this console of the VM {console.VmName} already. Close some of them.");
            }

            _viewers = _viewers.Add(viewer);
        }

        // What has ended before it could be told of is noticed at once.
        _worker.Wake();
        return viewer;
    }

    /// <summary>Ends all lines.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        _subscription.Dispose();
        await _worker.DisposeAsync();
        foreach (var viewer in _viewers)
        {
            viewer.End();
        }
    }

    private void Leave(ConsoleViewer viewer)
    {
        lock (_gate)
        {
            _viewers = _viewers.Remove(viewer);
        }
    }

    private void Take(DatabaseState state, IReadOnlyList<Change> changes)
    {
        if (!_viewers.IsEmpty && changes.Any(c => c.Before?.Record is SessionRecord or ConsoleRecord or SubjectRecord))
        {
            _worker.Wake();
        }
    }

    private Task LookOverAsync(CancellationToken cancellationToken)
    {
        foreach (var viewer in _viewers.Where(v => !MayGoOn(v)))
        {
            viewer.End();
        }

        return Task.CompletedTask;
    }

    private bool MayGoOn(ConsoleViewer viewer) => _pool.State.Find(viewer.Console.Console) is not null
        && _pool.Sessions.MayGoOn(viewer.Session, s => s.Role >= Lowest, viewer.HasTyped);
}
