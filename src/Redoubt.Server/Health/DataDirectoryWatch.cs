using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Health;

/// <summary>
/// Finds out whether the daemon's directory still takes what is written to it, by writing to it: a disk or a mount that hangs fails
/// nothing, and a daemon that only waits for it looks well to everybody who does not write.
/// <code>
///  prober:  write, flush ─► pause ─► write, flush …     (hangs with the directory)
///  watch:   looks at since when the prober has waited    (never hangs)
/// </code>
/// </summary>
internal sealed class DataDirectoryWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // How long a call that changes something is waited for while the directory is known to hang: it may need no writing.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly PoolServices _pool;
    private readonly TimeProvider _time;
    private readonly ILogger<DataDirectoryWatch> _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Task _prober;
    private readonly Worker _watch;
    private string? _told;
    private CancellationTokenSource _hangs = new();
    private Probe? _running;
    private string? _failure;
    private DateTimeOffset _failedSince;

    /// <param name="pool">The pool.</param>
    /// <param name="time">The clock of the machine, for it is the disk's time that is measured.</param>
    /// <param name="log">Told when the directory hangs, and when it answers again.</param>
    public DataDirectoryWatch(PoolServices pool, TimeProvider time, ILogger<DataDirectoryWatch> log)
    {
        (_pool, _time, _log) = (pool, time, log);

        // On a thread of its own, for it may never come back.
        _prober = Task.Factory.StartNew(
            ProbeAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        _watch = new Worker("The watch over the daemon's directory", Look, time, log, isFirstAtOnce: false, _ => LookAsync());
    }

    /// <summary>What is wrong with the directory, or with the pool's own journal in it, in a sentence; null if nothing is.</summary>
    public string? Trouble
    {
        get
        {
            lock (_gate)
            {
                return _running is { } running
                    && IsLate(running) ? $"The daemon's data directory has not answered since {running.Since:yyyy-MM-dd HH:mm:ss}Z: "
                        + "nothing can be changed until it does."
                    : _failure is { } failure ? "The daemon's data directory can't be written since "
                        + $"{_failedSince:yyyy-MM-dd HH:mm:ss}Z: {failure}"
                    : _pool.Database.Own.Standing is { Health: JournalHealth.Broken or JournalHealth.Superseded, Reason: { } reason, Since: { } since }
                        ? $"The pool's own journal can't be written since {since:yyyy-MM-dd HH:mm:ss}Z, and nothing "
                            + $"can be changed: {reason}"
                    : null;
            }
        }
    }

    /// <summary>
    /// Does something that may have to write, and waits for it; while the directory hangs, not for longer than it takes to say so. What has
    /// begun before that is known, and has its thread in the write, waits for the directory.
    /// </summary>
    /// <exception cref="XenApiException"><c>INTERNAL_ERROR</c>: the directory hangs. What was waited for goes on.</exception>
    public async Task<T> DoAsync<T>(Func<Task<T>> act)
    {
        CancellationToken hangs;
        lock (_gate)
        {
            hangs = _hangs.Token;
        }

        var work = hangs.IsCancellationRequested ? Task.Run(act) : act();
        if (work.IsCompleted)
        {
            return await work;
        }

        try
        {
            return hangs.IsCancellationRequested ? await work.WaitAsync(Patience, _time) : await work.WaitAsync(hangs);
        }
        catch (Exception late) when (!work.IsCompleted
            && (late is TimeoutException || (late is OperationCanceledException && hangs.IsCancellationRequested)))
        {
            // Nobody waits any more, so nobody else would look at how it ended.
            _ = work.ContinueWith(
                static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw new XenApiException(
                late,
                "INTERNAL_ERROR",
                $"{Trouble ?? "The daemon's data directory did not answer."} What was asked for may still be done then; "
                    + "look before you repeat it.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watch.DisposeAsync();

        // A prober that hangs ends with the process.
        await Task.WhenAny(_prober, Task.Delay(Look, _time));
    }

    private async Task ProbeAsync()
    {
        var path = Path.Combine(_pool.DataDirectory, "scratch", "alive");
        while (!_stopping.IsCancellationRequested)
        {
            lock (_gate)
            {
                _running = new(_time.GetTimestamp(), _time.GetUtcNow());
            }

            string? failure = null;
            try
            {
                using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, options: FileOptions.DeleteOnClose);
                RandomAccess.Write(file, "alive\n"u8, 0);
                RandomAccess.FlushToDisk(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failure = e.Message;
            }

            lock (_gate)
            {
                _failedSince = _failure is null ? _time.GetUtcNow() : _failedSince;
                (_running, _failure) = (null, failure);
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

    private async Task LookAsync()
    {
        var (before, now) = (_told, Trouble);
        _told = now;
        if (IsHanging() && !_hangs.IsCancellationRequested)
        {
            await _hangs.CancelAsync();
        }

        if (now is not null && before is null)
        {
            _log.LogError("{Trouble}", now);
        }
        else if (now is null && before is not null)
        {
            _log.LogInformation("The daemon's directory {Directory} answers again", _pool.DataDirectory);
            lock (_gate)
            {
                _hangs = new CancellationTokenSource();
            }

            await _pool.PostAsync(new Announcement.DirectoryTroubleOver(_pool.PoolUuid, before));
        }
    }

    private bool IsHanging()
    {
        lock (_gate)
        {
            return _running is { } running && IsLate(running);
        }
    }

    private bool IsLate(Probe probe) => _time.GetElapsedTime(probe.Began) > Limit;

    private sealed record Probe(long Began, DateTimeOffset Since);
}
