using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Server.Recovering;

/// <summary>
/// Test failovers that run by themselves: <c>schedules.json</c> of the daemon's directory. That something was due is written down before
/// it is started, so that a daemon that dies in between never starts it twice; what was due while no daemon ran is missed, said, and not
/// made up for at an hour that nobody chose.
/// </summary>
internal sealed class Schedules : IAsyncDisposable
{
    // A daemon that was only restarted makes up for what it was late for.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly PoolServices _pool;
    private readonly ILogger<Schedules> _log;
    private readonly string _path;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _stop = new();
    private ImmutableSortedDictionary<string, Entry> _entries;
    private Task _loop = Task.CompletedTask;

    private Schedules(PoolServices pool, ILogger<Schedules> log, string path, ImmutableSortedDictionary<string, Entry> entries) =>
        (_pool, _log, _path, _entries) = (pool, log, path, entries);

    /// <summary>All of them.</summary>
    public IEnumerable<Schedule> All => Volatile.Read(ref _entries).Values.Select(e => e.Schedule with { Next = Cron.Parse(e.Schedule.Cron).Next(_pool.Time.GetUtcNow()) });

    /// <exception cref="InvalidDataException">The file is garbled.</exception>
    public static Schedules Open(PoolServices pool, ILogger<Schedules> log)
    {
        var path = Path.Combine(pool.DataDirectory, "schedules.json");
        try
        {
            return new(pool, log, path, File.Exists(path)
                ? RecoveryJson.Read<List<Entry>>(File.ReadAllText(path)).ToImmutableSortedDictionary(e => e.Schedule.Name, e => e, StringComparer.Ordinal)
                : ImmutableSortedDictionary.Create<string, Entry>(StringComparer.Ordinal));
        }
        catch (Exception broken) when (broken is FormatException or ArgumentException)
        {
            throw new InvalidDataException($"The file of the schedules {path} is garbled ({broken.Message}). Remove it and make the schedules again.", broken);
        }
    }

    /// <summary>Begins to start what is due.</summary>
    /// <param name="startAsync">Starts a schedule's test in the name of who made it; gives the run's UUID.</param>
    /// <param name="find">Finds a run.</param>
    public void Start(Func<Schedule, CancellationToken, Task<string>> startAsync, Func<string, RunRecord?> find) =>
        _loop = Task.Run(() => LoopAsync(startAsync, find), CancellationToken.None);

    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, <c>DR_SCHEDULE_EXISTS</c>.</exception>
    public async Task<Schedule> AddAsync(string name, string plan, string cron, string by, CancellationToken cancellationToken)
    {
        Names.Require("name", name);
        try
        {
            Cron.Parse(cron);
        }
        catch (FormatException wrong)
        {
            throw new XenApiException(wrong, "INVALID_VALUE", "cron", wrong.Message);
        }

        var now = _pool.Time.GetUtcNow();
        var schedule = new Schedule { Name = name, Plan = plan, Cron = cron, CreatedBy = by, CreatedAt = now };
        await WriteAsync(entries => entries.ContainsKey(name) ? throw new XenApiException("DR_SCHEDULE_EXISTS", name) : entries.Add(name, new(schedule, now)), cancellationToken);
        return schedule with { Next = Cron.Parse(cron).Next(now) };
    }

    /// <exception cref="XenApiException"><c>DR_SCHEDULE_UNKNOWN</c>.</exception>
    public Task RemoveAsync(string name, CancellationToken cancellationToken) =>
        WriteAsync(entries => entries.Remove(name) is var left && left.Count < entries.Count ? left : throw new XenApiException("DR_SCHEDULE_UNKNOWN", name), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _gate.Dispose();
    }

    /// <summary>Says how tests have ended that were started by schedules.</summary>
    internal async Task AnnounceAsync(Func<string, RunRecord?> find)
    {
        foreach (var schedule in Volatile.Read(ref _entries).Values.Select(e => e.Schedule).Where(s => s.Last is { Run: not null, Outcome: null }))
        {
            // A run that is not in the journal any more has nothing left to tell.
            var run = find(schedule.Last!.Run!);
            if (run is null || !run.Phase.IsFinal())
            {
                continue;
            }

            await ChangeAsync(schedule.Name, e => e with { Schedule = e.Schedule with { Last = e.Schedule.Last! with { Outcome = run.Phase } } });
            if (run.Phase != RunPhase.Succeeded)
            {
                await TellAsync("DR_TEST_FAILED", $"The test of plan {schedule.Plan} (schedule {schedule.Name}, run {run.Uuid}) did not succeed: {run.Failure ?? run.Phase.ToString()}");
            }
        }
    }

    /// <summary>Starts what is due now.</summary>
    internal async Task SweepAsync(Func<Schedule, CancellationToken, Task<string>> startAsync, CancellationToken cancellationToken)
    {
        foreach (var name in Volatile.Read(ref _entries).Keys)
        {
            if (await TakeDueAsync(name) is not { } due)
            {
                continue;
            }

            if (due.Missed > 0)
            {
                await TellAsync("DR_TEST_MISSED", $"The test of plan {due.Schedule.Plan} (schedule {name}) was due {due.Missed} times while the daemon did not run.");
            }

            if (due.At is { } at)
            {
                await StartAsync(due.Schedule, at, startAsync, cancellationToken);
            }
        }
    }

    // Written down in one step with being found due, so that nobody else finds it due as well. Null if it is not.
    private async Task<Due?> TakeDueAsync(string name)
    {
        Due? taken = null;
        var now = _pool.Time.GetUtcNow();
        await ChangeAsync(name, entry =>
        {
            var due = DueBetween(Cron.Parse(entry.Schedule.Cron), entry.Considered, now);
            if (due.Count == 0)
            {
                return entry;
            }

            var isLate = now - due[^1] > Grace;
            var missed = isLate ? due.Count : due.Count - 1;
            var schedule = missed == 0 ? entry.Schedule : entry.Schedule with { Missed = entry.Schedule.Missed + missed, LastMissed = isLate ? due[^1] : due[^2] };
            taken = new(schedule, missed, isLate ? null : due[^1]);
            return new(schedule, now);
        });
        return taken;
    }

    // At most a day's worth is counted one by one; more would say nothing new.
    private static List<DateTimeOffset> DueBetween(Cron cron, DateTimeOffset after, DateTimeOffset until)
    {
        const int Most = 1440;
        var due = new List<DateTimeOffset>();
        for (var next = cron.Next(after); next <= until && due.Count < Most; next = cron.Next(next.Value))
        {
            due.Add(next.Value);
        }

        return due;
    }

    private async Task StartAsync(Schedule schedule, DateTimeOffset due, Func<Schedule, CancellationToken, Task<string>> startAsync, CancellationToken cancellationToken)
    {
        ScheduleResult result;
        try
        {
            result = new(due, await startAsync(schedule, cancellationToken), null, null);
        }
        catch (Exception refused) when (refused is XenApiException or XenApiTransportException or FormatException)
        {
            var why = refused is XenApiException x ? ErrorSentences.Find(x.Code, x.Parameters, (_, _) => null) ?? x.Message : refused.Message;
            result = new(due, null, why, null);
            await TellAsync("DR_TEST_FAILED", $"The test of plan {schedule.Plan} (schedule {schedule.Name}) was not started: {why}");
        }

        await ChangeAsync(schedule.Name, e => e with { Schedule = e.Schedule with { Last = result, Missed = 0 } });
    }

    private async Task LoopAsync(Func<Schedule, CancellationToken, Task<string>> startAsync, Func<string, RunRecord?> find)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(startAsync, _stop.Token);
                await AnnounceAsync(find);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed)
            {
                // The next round tries again: the tests of a year must not stop because of one bad minute.
                _log.LogError(failed, "The schedules of tests could not be looked at");
            }

            try
            {
                await Task.Delay(LongestWait, _pool.Time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private Task TellAsync(string name, string body) => _pool.PostAsync(name, 2, Cls.Pool, _pool.State.Get(_pool.Pool).Uuid, body);

    private Task ChangeAsync(string name, Func<Entry, Entry> change) =>
        WriteAsync(entries => entries.TryGetValue(name, out var entry) && change(entry) is var changed && changed != entry ? entries.SetItem(name, changed) : entries, CancellationToken.None);

    private async Task WriteAsync(Func<ImmutableSortedDictionary<string, Entry>, ImmutableSortedDictionary<string, Entry>> change, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var changed = change(_entries);
            if (!ReferenceEquals(changed, _entries))
            {
                PrivateFile.Write(_path, System.Text.Encoding.UTF8.GetBytes(RecoveryJson.Write(changed.Values.ToList())));
                Volatile.Write(ref _entries, changed);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <param name="Schedule">What is told of it.</param>
    /// <param name="Considered">Up to when what was due has been dealt with.</param>
    private sealed record Entry(Schedule Schedule, DateTimeOffset Considered);

    /// <param name="Schedule">What has come due.</param>
    /// <param name="Missed">How often that was while nobody could start it.</param>
    /// <param name="At">When it was due for the test that is to be started; null for none.</param>
    private sealed record Due(Schedule Schedule, int Missed, DateTimeOffset? At);
}
