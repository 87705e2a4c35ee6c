using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Recovery;
using Redoubt.Server.Recovering;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Recovering;

public sealed class ScheduleTests
{
    private static readonly RecoveryRequest Everything = new() { Policy = new() { Kind = RecoveryKind.Failover } };

    private readonly List<string> _started = [];

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
        var schedules = Schedules.Open(pool.Server.Daemon.Services, NullLogger<Schedules>.Instance);
        await schedules.AddAsync("nightly", "shop", cron, "root", Stop);
        return schedules;
    }

    private static void UntilDue(TestPool pool, Schedules schedules) =>
        pool.Clock.Advance(schedules.All.Single().Next!.Value - pool.Clock.GetUtcNow() + TimeSpan.FromSeconds(1));

    private static async Task<List<string?>> MessagesAsync(TestPool pool) =>
        [.. (await pool.CallAsync("message.get_all_records")).EnumerateObject().Select(m => m.Value.GetProperty("name").GetString())];

    private Task<string> StartAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        _started.Add(schedule.Plan);
        return Task.FromResult($"run-{_started.Count}");
    }
}
