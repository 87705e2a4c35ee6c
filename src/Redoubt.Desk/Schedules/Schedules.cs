using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Test failovers that run by themselves: <c>schedules.json</c> of the daemon's directory. That a test is to be started is written down
/// before it is, and what came of it after, so that a daemon that dies in between starts nothing twice and loses nothing; what was due
/// while no daemon ran is missed, said, and not made up for at an hour that nobody chose.
/// <code>
///   due ─► intended (in the file) ─► being started ─► started or refused (in the file)
///              │ the daemon dies                          ▲
///              └─► a run of it is there ──────────────────┤
///                  none is, and it was just now ─► again ─┤
///                  none is, and it was long ago ─► missed ┘
/// </code>
/// </summary>
internal sealed class Schedules : IAsyncDisposable
{
    private const string FileName = "schedules.json";

    // A daemon that was only restarted makes up for what it was late for.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly PoolServices _pool;
    private readonly ILogger<Schedules> _log;
    private readonly SemaphoreSlim _gate = new(1);

    // The schedules whose tests are being started by this daemon. With the gate closed.
    private readonly HashSet<string> _starting = new(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, Entry> _entries;
    private Func<Schedule, DateTimeOffset, string?> _findStarted = (_, _) => null;
    private Worker? _worker;
    private ImmutableList<Task> _starts = [];

    private Schedules(PoolServices pool, ILogger<Schedules> log, ImmutableSortedDictionary<string, Entry> entries) =>
        (_pool, _log, _entries) = (pool, log, entries);

    /// <summary>All of them.</summary>
    public IEnumerable<Schedule> All =>
        Volatile.Read(ref _entries).Values.Select(e => e.Schedule with { Next = Cron.Parse(e.Schedule.Cron).Next(_pool.Time.GetUtcNow()) });

    /// <exception cref="InvalidDataException">The file is garbled.</exception>
    public static Schedules Open(PoolServices pool, ILogger<Schedules> log) => new(pool, log, Read(pool.Files.PathOf(FileName)));

    /// <summary>Checks the file of a directory.</summary>
    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static void Check(string directory) => Read(Path.Combine(directory, FileName));

    private static ImmutableSortedDictionary<string, Entry> Read(string path)
    {
        try
        {
            var entries = DurableFile.Read(path) is { } content
                ? RecoveryJson.Read<List<Entry>>(System.Text.Encoding.UTF8.GetString(content))
                : [];
            entries.ForEach(e => Cron.Parse(e.Schedule.Cron));
            return entries.ToImmutableSortedDictionary(e => e.Schedule.Name, e => e, StringComparer.Ordinal);
        }
        catch (Exception broken) when (broken is FormatException or ArgumentException or NullReferenceException)
        {
            throw new InvalidDataException(
                $"{path} is garbled ({broken.Message.TrimEnd('.')}). Nothing was changed. {KeptName.Find(FileName)!.Advice}", broken);
        }
    }

    /// <summary>Begins to start what is due.</summary>
    /// <param name="startAsync">Starts a schedule's test in the name of who made it; gives the run's UUID.</param>
    /// <param name="find">Finds a run.</param>
    /// <param name="findStarted">Finds the run of a schedule's test that was started since a moment.</param>
    public void Start(
        Func<Schedule, CancellationToken, Task<string>> startAsync, Func<string, RunRecord?> find,
        Func<Schedule, DateTimeOffset, string?> findStarted)
    {
        _findStarted = findStarted;
        _worker = new("The start of scheduled tests", Period, _pool.Time, _log, isFirstAtOnce: true, async stop =>
        {
            var begun = await BeginAsync(startAsync, stop);
            _starts = [.. _starts.Where(s => !s.IsCompleted), .. begun];
            await AnnounceAsync(find);
        });
    }

    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, <c>DR_SCHEDULE_EXISTS</c>.</exception>
    public async Task<Schedule> AddAsync(string name, string plan, string cron, string by, CancellationToken cancellationToken)
    {
        Names.Require("name", name);
        RequireCron(cron);
        var now = _pool.Time.GetUtcNow();
        var schedule = new Schedule { Name = name, Plan = plan, Cron = cron, CreatedBy = by, CreatedAt = now };
        await WriteAsync(
            entries => entries.ContainsKey(name)
                ? throw new XenApiException("DR_SCHEDULE_EXISTS", name)
                : entries.Add(name, new(schedule, now)),
            cancellationToken);
        return schedule with { Next = Cron.Parse(cron).Next(now) };
    }

    /// <summary>Changes a schedule. What it knows of earlier tests stays; what was due under the old times is not made up for.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, <c>DR_SCHEDULE_UNKNOWN</c>.</exception>
    public async Task<Schedule> SetAsync(string name, string plan, string cron, string by, CancellationToken cancellationToken)
    {
        RequireCron(cron);
        var now = _pool.Time.GetUtcNow();
        Schedule? changed = null;
        await WriteAsync(
            entries =>
            {
                var entry = entries.GetValueOrDefault(name) ?? throw new XenApiException("DR_SCHEDULE_UNKNOWN", name);
                changed = entry.Schedule with { Plan = plan, Cron = cron, CreatedBy = by, CreatedAt = now };

                // A test that is being started is found again by the moment it was due.
                var considered = entry.Intended is null ? now : entry.Considered;
                return entries.SetItem(name, entry with { Schedule = changed, Considered = considered, FormerPlan = null });
            },
            cancellationToken);
        return changed! with { Next = Cron.Parse(cron).Next(now) };
    }

    private static void RequireCron(string cron)
    {
        try
        {
            Cron.Parse(cron);
        }
        catch (FormatException wrong)
        {
            throw new XenApiException(wrong, "INVALID_VALUE", "cron", wrong.Message);
        }
    }

    /// <exception cref="XenApiException"><c>DR_SCHEDULE_UNKNOWN</c>.</exception>
    public Task RemoveAsync(string name, CancellationToken cancellationToken) =>
        WriteAsync(
            entries => entries.Remove(name) is var left && left.Count < entries.Count
                ? left
                : throw new XenApiException("DR_SCHEDULE_UNKNOWN", name),
            cancellationToken);

    /// <summary>
    /// Has the schedules of a plan test it under another name, with all that they know. Both names are in the file while the plan itself is
    /// renamed, so that whoever opens it after a daemon that died in between finds out which is right.
    /// </summary>
    /// <param name="plan">The plan.</param>
    /// <param name="name">Its new name.</param>
    /// <param name="renameAsync">Renames the plan itself.</param>
    public async Task RenamePlanAsync(string plan, string name, Func<Task> renameAsync)
    {
        await WriteAsync(
            entries => Each(
                entries, e => e.Schedule.Plan == plan, e => e with { Schedule = e.Schedule with { Plan = name }, FormerPlan = plan }),
            CancellationToken.None);
        try
        {
            await renameAsync();
        }
        catch
        {
            await SettleAsync(e => e.FormerPlan == plan && e.Schedule.Plan == name, _ => false);
            throw;
        }

        await SettleAsync(e => e.FormerPlan == plan && e.Schedule.Plan == name, _ => true);
    }

    /// <summary>Ends the renaming of plans that a daemon began which is no more.</summary>
    /// <param name="isThere">Whether there is a plan of this name.</param>
    public Task SettlePlansAsync(Func<string, bool> isThere) => SettleAsync(e => e.FormerPlan is not null, isThere);

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await _worker.DisposeAsync();
        }

        await Task.WhenAll(_starts);
        _gate.Dispose();
    }

    /// <summary>Says how tests have ended that were started by schedules.</summary>
    internal async Task AnnounceAsync(Func<string, RunRecord?> find)
    {
        foreach (var schedule in Volatile.Read(ref _entries).Values.Select(e => e.Schedule)
            .Where(s => s.Last is { Run: not null, Outcome: null }))
        {
            // A run that is not in the journal any more has nothing left to tell.
            var run = find(schedule.Last!.Run!);
            if (run is null || !run.Phase.IsFinal())
            {
                continue;
            }

            try
            {
                await ChangeAsync(
                    schedule.Name, e => e with { Schedule = e.Schedule with { Last = e.Schedule.Last! with { Outcome = run.Phase } } });
            }
            catch (IOException full)
            {
                _log.LogError(full, "How the test of the schedule {Schedule} ended can't be noted", schedule.Name);
                continue;
            }

            if (run.Phase != RunPhase.Succeeded)
            {
                await TellAsync(new Announcement.TestFailed(
                    _pool.PoolUuid,
                    $"The test of plan {schedule.Plan} (schedule {schedule.Name}, run {run.Uuid}) did not succeed: "
                    + $"{run.Failure ?? run.Phase.ToString()}"));
            }
        }
    }

    /// <summary>Starts what is due now, and waits until it is started.</summary>
    internal async Task SweepAsync(Func<Schedule, CancellationToken, Task<string>> startAsync, CancellationToken cancellationToken)
    {
        await Task.WhenAll(await BeginAsync(startAsync, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    // What is due is judged for all at one moment and written down, and none waits for the start of another, which may take minutes.
    private async Task<List<Task>> BeginAsync(
        Func<Schedule, CancellationToken, Task<string>> startAsync, CancellationToken cancellationToken)
    {
        List<Due> due;
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            var now = _pool.Time.GetUtcNow();
            due = [.. _entries.Values.Where(e => !_starting.Contains(e.Schedule.Name)).Select(e => Judge(e, now)).OfType<Due>()];
            Keep(_entries.SetItems(due.Select(d => KeyValuePair.Create(d.Entry.Schedule.Name, d.Entry))));
            _starting.UnionWith(due.Where(d => d.At is not null).Select(d => d.Entry.Schedule.Name));
        }
        finally
        {
            _gate.Release();
        }

        return [.. due.Select(d => Task.Run(() => SeeToAsync(d, startAsync, cancellationToken), CancellationToken.None))];
    }

    // Null if nothing is due. An intention that nobody sees to is that of a daemon that died.
    private Due? Judge(Entry entry, DateTimeOffset now) => entry.Intended is { } intended ? TakeUp(entry, intended, now) : Take(entry, now);

    private Due? Take(Entry entry, DateTimeOffset now)
    {
        var due = DueBetween(Cron.Parse(entry.Schedule.Cron), entry.Considered, now);
        if (due.Count == 0)
        {
            return null;
        }

        var isLate = now - due[^1] > Grace;
        var missed = isLate ? due.Count : due.Count - 1;
        var schedule = missed == 0
            ? entry.Schedule
            : entry.Schedule with { Missed = entry.Schedule.Missed + missed, LastMissed = isLate ? due[^1] : due[^2] };
        DateTimeOffset? at = isLate ? null : due[^1];
        return new(
            entry with { Schedule = schedule, Considered = now, Intended = at }, at,
            missed == 0 ? null : new Announcement.TestMissed(
                _pool.PoolUuid,
                $"{NameOf(schedule)} was due {missed} times while the daemon did not run, or was still starting the one before."));
    }

    private Due TakeUp(Entry entry, DateTimeOffset intended, DateTimeOffset now)
    {
        var schedule = entry.Schedule;
        if (_findStarted(schedule, entry.Considered) is { } run)
        {
            return new(
                entry with { Schedule = schedule with { Last = new(intended, run, null, null), Missed = 0 }, Intended = null }, null, null);
        }

        const string Why = "The daemon was stopped while it planned the test.";
        return now - intended <= Grace
            ? new(
                entry with { Considered = now }, intended,
                new Announcement.TestRestarted(_pool.PoolUuid, $"{NameOf(schedule)} is started again. {Why}"))
            : new(
                entry with
                {
                    Schedule = schedule with { Last = new(intended, null, Why, null), Missed = schedule.Missed + 1, LastMissed = intended },
                    Intended = null,
                },
                null, new Announcement.TestMissed(_pool.PoolUuid, $"{NameOf(schedule)} was missed. {Why}"));
    }

    private static string NameOf(Schedule schedule) => $"The test of plan {schedule.Plan} (schedule {schedule.Name})";

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

    private async Task SeeToAsync(Due due, Func<Schedule, CancellationToken, Task<string>> startAsync, CancellationToken cancellationToken)
    {
        if (due.Announcement is { } announcement)
        {
            await TellAsync(announcement);
        }

        if (due.At is not { } at)
        {
            return;
        }

        var schedule = due.Entry.Schedule;
        try
        {
            await StartAsync(schedule, at, startAsync, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The daemon stops. What it intended is in the file, and the next one sees to it.
        }
        catch (Exception unwritten)
        {
            // The next round finds the run that was started, or starts it again.
            _log.LogError(unwritten, "What came of the test of the schedule {Schedule} could not be noted", schedule.Name);
        }
        finally
        {
            await _gate.WaitAsync(CancellationToken.None);
            _starting.Remove(schedule.Name);
            _gate.Release();
        }
    }

    // Whatever goes wrong with one concerns no other.
    private async Task StartAsync(
        Schedule schedule, DateTimeOffset due, Func<Schedule, CancellationToken, Task<string>> startAsync,
        CancellationToken cancellationToken)
    {
        ScheduleResult result;
        try
        {
            result = new(due, await startAsync(schedule, cancellationToken), null, null);
        }
        catch (Exception refused) when (refused is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            if (refused is not (XenApiException or XenApiTransportException or FormatException))
            {
                _log.LogError(refused, "The test of the schedule {Schedule} could not be started", schedule.Name);
            }

            result = new(
                due, null,
                refused is XenApiException x ? ErrorSentences.Find(x.Code, x.Parameters, (_, _) => null) ?? x.Message : refused.Message,
                null);
        }

        await ChangeAsync(schedule.Name, e => e with { Schedule = e.Schedule with { Last = result, Missed = 0 }, Intended = null });
        if (result.Failure is { } why)
        {
            await TellAsync(new Announcement.TestFailed(_pool.PoolUuid, $"{NameOf(schedule)} was not started: {why}"));
        }
    }

    // It is in the schedule as well, so a message that can't be posted keeps nothing from being done.
    private async Task TellAsync(Announcement announcement)
    {
        try
        {
            await _pool.PostAsync(announcement);
        }
        catch (XenApiException unwritten)
        {
            _log.LogError(unwritten, "This could not be posted: {Text}", announcement.Text);
        }
    }

    private Task ChangeAsync(string name, Func<Entry, Entry> change) =>
        WriteAsync(
            entries => entries.TryGetValue(name, out var entry) && change(entry) is var changed && changed != entry
                ? entries.SetItem(name, changed)
                : entries,
            CancellationToken.None);

    private Task SettleAsync(Func<Entry, bool> isMeant, Func<string, bool> isThere) => WriteAsync(
        entries => Each(entries, isMeant, e => e with
        {
            Schedule = e.Schedule with { Plan = isThere(e.Schedule.Plan) ? e.Schedule.Plan : e.FormerPlan! },
            FormerPlan = null,
        }),
        CancellationToken.None);

    private static ImmutableSortedDictionary<string, Entry> Each(
        ImmutableSortedDictionary<string, Entry> entries, Func<Entry, bool> isMeant, Func<Entry, Entry> change) =>
        entries.SetItems(entries.Values.Where(isMeant).ToList().Select(e => KeyValuePair.Create(e.Schedule.Name, change(e))));

    private async Task WriteAsync(
        Func<ImmutableSortedDictionary<string, Entry>, ImmutableSortedDictionary<string, Entry>> change,
        CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            Keep(change(_entries));
        }
        finally
        {
            _gate.Release();
        }
    }

    // With the gate closed.
    private void Keep(ImmutableSortedDictionary<string, Entry> changed)
    {
        if (!ReferenceEquals(changed, _entries))
        {
            _pool.Files.Write(FileName, System.Text.Encoding.UTF8.GetBytes(RecoveryJson.Write(changed.Values.ToList())));
            Volatile.Write(ref _entries, changed);
        }
    }

    /// <param name="Schedule">What is told of it.</param>
    /// <param name="Considered">Up to when what was due has been dealt with.</param>
    private sealed record Entry(Schedule Schedule, DateTimeOffset Considered)
    {
        /// <summary>When the test was due that is being started; null if none is.</summary>
        public DateTimeOffset? Intended { get; init; }

        /// <summary>The plan's name before the one that it is being given; null if it is being given none.</summary>
        public string? FormerPlan { get; init; }
    }

    /// <param name="Entry">The schedule, as it is from now on.</param>
    /// <param name="At">When it was due for the test that is to be started; null for none.</param>
    /// <param name="Announcement">What people should be told; null for nothing.</param>
    private sealed record Due(Entry Entry, DateTimeOffset? At, Announcement? Announcement);
}
