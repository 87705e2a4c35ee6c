using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Recovering;

public sealed class ScheduleTests
{
    private static readonly RecoveryRequest Everything = new() { Policy = new() { Kind = RecoveryKind.Failover } };

    private readonly List<string> _started = [];
    private int _planning;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_test_is_started_once_when_it_is_due()
    {
        await using var pool = await PoolAsync();
        await using var schedules = await WithoutDaemonAsync(pool, "*/10 * * * *");
        await schedules.SweepAsync(StartAsync, Stop);
        Assert.Empty(_started);

        UntilDue(pool, schedules);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => schedules.SweepAsync(StartAsync, Stop), Stop)));
        Assert.Equal(["shop"], _started);
        var last = schedules.All.Single().Last!;
        Assert.Equal(("run-1", null), (last.Run, last.Failure));
    }

    [Fact]
    public async Task What_was_due_while_no_daemon_ran_is_missed_and_said()
    {
        await using var pool = await PoolAsync();
        await pool.CallAsync("recovery.add_schedule", "nightly", "shop", "0 3 * * *");
        await pool.Server.DisposeAsync();
        pool.Clock.Advance(TimeSpan.FromDays(2) + (Cron.Parse("0 9 * * *").Next(pool.Clock.GetUtcNow())!.Value - pool.Clock.GetUtcNow()));
        await pool.StartAsync();
        while (!(await MessagesAsync(pool)).Contains("DR_TEST_MISSED"))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }

        var schedule = RecoveryJson.Read<List<Schedule>>((await pool.CallAsync("recovery.get_schedules")).GetString()!).Single();
        Assert.InRange(schedule.Missed, 2, 3);
        Assert.Null(schedule.Last);
        var status = RecoveryJson.Read<DrStatus>((await pool.CallAsync("recovery.get_status")).GetString()!);
        Assert.Contains(status.Problems, p => p.Contains("missed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_test_that_can_not_be_started_is_said()
    {
        await using var pool = await PoolAsync();
        await using var schedules = await WithoutDaemonAsync(pool, "*/10 * * * *");
        UntilDue(pool, schedules);
        await schedules.SweepAsync((_, _) => throw new XenApiException("DR_PLAN_BLOCKED", "no-metadata"), Stop);
        Assert.Contains("no-metadata", schedules.All.Single().Last!.Failure!, StringComparison.Ordinal);
        Assert.Contains("DR_TEST_FAILED", await MessagesAsync(pool));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(30, false)]
    public async Task A_test_in_whose_planning_the_daemon_was_stopped_is_started_again_or_said_to_be_missed(
        int minutesLater, bool isStarted)
    {
        await using var pool = await PoolAsync();
        await using (var first = await WithoutDaemonAsync(pool, "0 * * * *"))
        {
            UntilDue(pool, first);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var sweep = first.SweepAsync((_, token) => NeverAsync(token), stop.Token);
            await Patience.UntilAsync(() => Volatile.Read(ref _planning) == 1, "the test is being planned");
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sweep);
        }

        pool.Clock.Advance(TimeSpan.FromMinutes(minutesLater));
        await using var second = Open(pool);
        await second.SweepAsync(StartAsync, Stop);
        Assert.Equal(isStarted ? ["shop"] : [], _started);
        var schedule = second.All.Single();
        Assert.Equal(isStarted ? 0 : 1, schedule.Missed);
        Assert.Equal(isStarted, schedule.LastMissed is null);
        Assert.Equal((isStarted ? "run-1" : null, isStarted), (schedule.Last!.Run, schedule.Last.Failure is null));
        Assert.Contains(isStarted ? "DR_TEST_RESTARTED" : "DR_TEST_MISSED", await MessagesAsync(pool));

        // Once is enough.
        await second.SweepAsync(StartAsync, Stop);
        Assert.Equal((isStarted ? 1 : 0, schedule.Missed), (_started.Count, second.All.Single().Missed));
    }

    [Fact]
    public async Task A_test_that_was_started_just_before_the_daemon_died_is_not_started_twice()
    {
        await using var pool = await PoolAsync();
        await using (var first = await WithoutDaemonAsync(pool, "*/10 * * * *"))
        {
            UntilDue(pool, first);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var sweep = first.SweepAsync((_, token) => NeverAsync(token), stop.Token);
            await Patience.UntilAsync(() => Volatile.Read(ref _planning) == 1, "the test is being planned");
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sweep);
        }

        await using var second = Open(pool);
        second.Start(StartAsync, _ => null, (schedule, since) => since <= pool.Clock.GetUtcNow() ? $"the run of {schedule.Plan}" : null);
        await Patience.UntilAsync(() => second.All.Single().Last is { Run: "the run of shop" }, "the run is found");
        Assert.Empty(_started);
    }

    [Fact]
    public async Task Tests_that_are_due_together_are_started_together_whatever_becomes_of_one()
    {
        await using var pool = await PoolAsync();
        await using var schedules = await WithoutDaemonAsync(pool, "0 * * * *");
        foreach (var name in new[] { "a-stuck", "b-cancelled", "c-broken", "z-well" })
        {
            await schedules.AddAsync(name, "shop", "0 * * * *", "root", Stop);
        }

        UntilDue(pool, schedules);
        var release = new TaskCompletionSource();
        var well = new TaskCompletionSource();
        var sweep = schedules.SweepAsync(
            async (schedule, _) =>
            {
                switch (schedule.Name)
                {
                    case "a-stuck": await release.Task; return "run-a";
                    case "b-cancelled": throw new TaskCanceledException("somebody's limit ran out");
                    case "c-broken": throw new InvalidOperationException("a bug");
                    case "z-well": well.SetResult(); return "run-z";
                    default: return "run-n";
                }
            },
            Stop);
        await well.Task.WaitAsync(TimeSpan.FromMinutes(3), Stop);
        await Patience.UntilAsync(() => schedules.All.Count(s => s.Last is not null) == 4, "all but the stuck one are noted");

        // What is long in being planned is neither started twice nor missed.
        pool.Clock.Advance(TimeSpan.FromMinutes(20));
        await schedules.SweepAsync(StartAsync, Stop);
        Assert.Empty(_started);
        release.SetResult();
        await sweep;
        var last = schedules.All.ToDictionary(s => s.Name, s => s.Last!);
        Assert.Equal(("run-a", "run-n", "run-z"), (last["a-stuck"].Run, last["nightly"].Run, last["z-well"].Run));
        Assert.Contains("limit ran out", last["b-cancelled"].Failure!, StringComparison.Ordinal);
        Assert.Contains("a bug", last["c-broken"].Failure!, StringComparison.Ordinal);
        Assert.All(schedules.All, s => Assert.Equal(0, s.Missed));
        Assert.Equal(2, (await MessagesAsync(pool)).Count(m => m == "DR_TEST_FAILED"));
    }

    [Fact]
    public async Task A_plan_that_is_renamed_keeps_its_schedules_with_all_that_they_know()
    {
        await using var pool = await PoolAsync();
        await pool.CreateUserAsync("olga", "pool-operator");
        await pool.ResultAsync("recovery.add_schedule", await pool.LoginAsync("olga"), "nightly", "shop", "0 3 * * *");
        await pool.CallAsync("recovery.save_plan", "other", Everything.ToJson());
        await pool.CallAsync("recovery.add_schedule", "weekly", "other", "@weekly");
        var before = await SchedulesAsync(pool);

        Assert.Equal(["DR_PLAN_UNKNOWN", "nothing"], await pool.FailureAsync("recovery.rename_plan", "nothing", "x"));
        Assert.Equal(["DR_PLAN_EXISTS", "other"], await pool.FailureAsync("recovery.rename_plan", "shop", "other"));
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("recovery.rename_plan", "shop", "a/b"))[0]);
        await pool.CreateUserAsync("rita", "read-only");
        var denied = await pool.RawFailureAsync("recovery.rename_plan", await pool.LoginAsync("rita"), "shop", "boutique");
        Assert.Equal("RBAC_PERMISSION_DENIED", denied[0]);
        Assert.Equal(before, await SchedulesAsync(pool));

        await pool.CallAsync("recovery.rename_plan", "shop", "boutique");
        Assert.Equal([before[0] with { Plan = "boutique" }, before[1]], await SchedulesAsync(pool));
        Assert.Equal("olga", before[0].CreatedBy);
        Assert.Equal(["boutique", "other"], await PlansAsync(pool));
        await pool.Server.DisposeAsync();
        await pool.StartAsync();
        Assert.Equal([before[0] with { Plan = "boutique" }, before[1]], await SchedulesAsync(pool));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_daemon_that_dies_while_a_plan_is_renamed_leaves_its_schedules_with_the_name_that_it_has(bool isAfter)
    {
        await using var pool = await PoolAsync();
        await pool.CallAsync("recovery.add_schedule", "nightly", "shop", "0 3 * * *");

        // As the file is when one dies at each side of the change to the database.
        await using (var dying = Open(pool))
        {
            var renamed = dying.RenamePlanAsync("shop", "boutique", async () =>
            {
                if (isAfter)
                {
                    await pool.CallAsync("recovery.remove_plan", "shop");
                    await pool.CallAsync("recovery.save_plan", "boutique", Everything.ToJson());
                }

                File.Copy(Path.Combine(pool.DataDirectory, "schedules.json"), Path.Combine(pool.DataDirectory, "as-it-was"));
            });
            await renamed;
        }

        await pool.Server.DisposeAsync();
        File.Move(Path.Combine(pool.DataDirectory, "as-it-was"), Path.Combine(pool.DataDirectory, "schedules.json"), overwrite: true);
        await pool.StartAsync();
        Assert.Equal(isAfter ? "boutique" : "shop", Assert.Single(await SchedulesAsync(pool)).Plan);
    }

    [Fact]
    public async Task Hooks_are_listed_by_name()
    {
        await using var pool = await PoolAsync();
        Assert.Equal([], RecoveryJson.Read<List<string>>((await pool.CallAsync("recovery.list_hooks")).GetString()!));
        var hooks = Directory.CreateDirectory(Path.Combine(pool.DataDirectory, "hooks")).FullName;
        await File.WriteAllTextAsync(Path.Combine(hooks, "mail"), "", Stop);
        await File.WriteAllTextAsync(Path.Combine(hooks, "dns"), "", Stop);
        Assert.Equal(["dns", "mail"], RecoveryJson.Read<List<string>>((await pool.CallAsync("recovery.list_hooks")).GetString()!));
    }

    [Fact]
    public async Task A_schedule_names_a_plan_that_is_there_and_a_time_that_comes()
    {
        await using var pool = await PoolAsync();
        await pool.CallAsync("recovery.add_schedule", "nightly", "shop", "@daily");
        Assert.Equal(["DR_SCHEDULE_EXISTS", "nightly"], await pool.FailureAsync("recovery.add_schedule", "nightly", "shop", "@daily"));
        Assert.Equal(["DR_PLAN_UNKNOWN", "nothing"], await pool.FailureAsync("recovery.add_schedule", "other", "nothing", "@daily"));
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("recovery.add_schedule", "other", "shop", "0 0 31 2 *"))[0]);
        await pool.CallAsync("recovery.remove_schedule", "nightly");
        Assert.Equal(["DR_SCHEDULE_UNKNOWN", "nightly"], await pool.FailureAsync("recovery.remove_schedule", "nightly"));
    }

    private static async Task<TestPool> PoolAsync()
    {
        var pool = new TestPool();
        await pool.InitializeAsync();
        await pool.CallAsync("recovery.save_plan", "shop", Everything.ToJson());
        return pool;
    }

    // Beside the daemon's own, which are looked at whenever the daemon likes.
    private static async Task<Schedules> WithoutDaemonAsync(TestPool pool, string cron)
    {
        var schedules = Open(pool);
        await schedules.AddAsync("nightly", "shop", cron, "root", Stop);
        return schedules;
    }

    private static Schedules Open(TestPool pool) => Schedules.Open(pool.Server.Daemon.Services, NullLogger<Schedules>.Instance);

    private static async Task<List<Schedule>> SchedulesAsync(TestPool pool) =>
        RecoveryJson.Read<List<Schedule>>((await pool.CallAsync("recovery.get_schedules")).GetString()!);

    private static async Task<List<string>> PlansAsync(TestPool pool) =>
        [.. RecoveryJson.Read<PlanCatalog>((await pool.CallAsync("recovery.get_plans", false)).GetString()!).Plans.Select(p => p.Name)];

    private async Task<string> NeverAsync(CancellationToken cancellationToken)
    {
        Interlocked.Exchange(ref _planning, 1);
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return "never";
    }

    private static void UntilDue(TestPool pool, Schedules schedules) =>
        pool.Clock.Advance(schedules.All.First().Next!.Value - pool.Clock.GetUtcNow() + TimeSpan.FromSeconds(1));

    private static async Task<List<string?>> MessagesAsync(TestPool pool) =>
        [.. (await pool.CallAsync("message.get_all_records")).EnumerateObject().Select(m => m.Value.GetProperty("name").GetString())];

    private Task<string> StartAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        _started.Add(schedule.Plan);
        return Task.FromResult($"run-{_started.Count}");
    }
}
