using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>When the snapshots of a schedule are due, and what is made of that from one look to the next.</summary>
public sealed class SnapshotTimesTests
{
    private static readonly string[] Days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

    // Half an hour beside the others; a shift of half an hour; a day that was left out; two years of each.
    private static readonly string[] Zones =
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"];

    [Theory]
    [InlineData("hourly", "min=15", "UTC", "2026-03-01T10:14:59Z", "2026-03-01T09:15:00Z")]
    [InlineData("hourly", "min=15", "UTC", "2026-03-01T10:15:00Z", "2026-03-01T10:15:00Z")]
    [InlineData("hourly", "min=15", "Asia/Kolkata", "2026-03-01T10:00:00Z", "2026-03-01T09:45:00Z")]
    [InlineData("daily", "hour=2 min=30", "UTC", "2026-03-01T02:29:00Z", "2026-02-28T02:30:00Z")]
    [InlineData("daily", "hour=2 min=30", "Europe/Berlin", "2026-01-10T01:30:00Z", "2026-01-10T01:30:00Z")]
    [InlineData("daily", "", "UTC", "2026-03-01T02:29:00Z", "2026-03-01T00:00:00Z")]
    [InlineData("weekly", "hour=2 min=30 days=Monday,Thursday", "UTC", "2026-11-29T12:00:00Z", "2026-11-26T02:30:00Z")]
    [InlineData("weekly", "hour=2", "UTC", "2026-11-29T12:00:00Z", "2026-11-23T02:00:00Z")]

    // The hour that Berlin leaves out in spring ends at 03:00 there, and of the one that it has twice in autumn the first counts.
    [InlineData("daily", "hour=2 min=30", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("daily", "hour=2 min=30", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("hourly", "min=30", "Europe/Berlin", "2026-10-25T01:45:00Z", "2026-10-25T01:30:00Z")]
    public void The_latest_moment_is_found(string frequency, string map, string zone, string now, string expected) =>
        Assert.Equal(At(expected), SnapshotTimes.Find(Schedule(frequency, map))!.Latest(At(now), Zone(zone)));

    [Fact]
    public void The_moments_of_a_schedule_follow_each_other_and_none_is_left_out_or_due_twice()
    {
        var random = new Random(Sampling.Seed);
        for (var tried = 0; tried < Sampling.Share(1200, 6); tried++)
        {
            var (schedule, zone) = (Draw(random), Zone(Zones[random.Next(Zones.Length)]));
            var times = SnapshotTimes.Find(schedule)!;
            var now = At("2011-01-01T00:00:00Z").AddMinutes(random.Next(16 * 365 * 24 * 60)).AddSeconds(random.Next(60));
            var what = $"{times} in {zone.Id} at {now:O} (seed {Sampling.Seed})";
            var latest = times.Latest(now, zone);
            Assert.True(latest <= now, what);
            Assert.True(now - latest <= Longest(schedule.Frequency), what);
            Assert.Equal(0, latest.UtcTicks % TimeSpan.TicksPerMinute);

            // It is the same one for whoever looks at any time until the next.
            Assert.Equal(latest, times.Latest(latest, zone));
            var before = times.Latest(latest.AddTicks(-1), zone);
            Assert.True(before < latest, what);
            Assert.Equal(before, times.Latest(before.AddTicks((long)(random.NextDouble() * ((latest - before).Ticks - 1))), zone));
            Assert.Equal(1, times.Count(before.AddTicks(-1), latest, zone, 10));
            Assert.Equal(0, times.Count(before, latest, zone, 10));

            // By the clocks of the place it is what was asked for, where those show it.
            var local = TimeZoneInfo.ConvertTime(latest, zone);
            var asked = local.Date.AddHours(schedule.Frequency == VmssFrequency.Hourly ? local.Hour : Number(schedule, "hour"))
                .AddMinutes(Number(schedule, "min"));
            Assert.True(local.DateTime == asked || zone.IsInvalidTime(asked) || zone.IsInvalidTime(asked.AddDays(-1)), what);
        }
    }

    [Fact]
    public void Whoever_looks_at_whatever_times_takes_each_moment_once_and_after_a_pause_the_latest_only()
    {
        var random = new Random(Sampling.Seed);
        for (var tried = 0; tried < Sampling.Share(600, 6); tried++)
        {
            var (schedule, zone) = (Draw(random), Zone(Zones[random.Next(Zones.Length)]));
            var times = SnapshotTimes.Find(schedule)!;
            var now = At("2020-01-01T00:00:00Z").AddMinutes(random.Next(6 * 365 * 24 * 60));
            var what = $"{times} in {zone.Id} from {now:O} (seed {Sampling.Seed})";
            var (due, missed) = SnapshotDue.Look(null, schedule, now, zone);
            Assert.Equal((null, 0), (due.Intended, missed));
            var (begun, counted) = (now, 0);
            for (var looks = 0; looks < 40; looks++)
            {
                now = now.AddSeconds(random.Next(4) switch
                {
                    0 => random.Next(60),
                    1 => random.Next(3600),
                    2 => random.Next(3 * 24 * 3600),
                    _ => -random.Next(600),
                });
                var before = due;
                (due, missed) = SnapshotDue.Look(SnapshotDue.Of(Kept(due, schedule), schedule), schedule, now, zone);
                Assert.True(due.Considered <= now, what);
                if (due.Intended is not { } at)
                {
                    Assert.Equal(0, missed);
                    continue;
                }

                Assert.True(at > before.Considered && at == times.Latest(now, zone), what);
                Assert.Equal(missed, times.Count(before.Considered, at, zone, SnapshotDue.MostMissed));
                counted += missed + 1;
                due = due with { Intended = null };
            }

            Assert.True(counted >= times.Count(begun, due.Considered, zone, SnapshotDue.MostMissed), what);
        }
    }

    [Fact]
    public void A_schedule_that_was_off_or_has_changed_makes_up_for_nothing()
    {
        var (schedule, zone) = (Schedule("hourly", "min=15"), TimeZoneInfo.Utc);
        var (due, _) = SnapshotDue.Look(null, schedule with { Enabled = false }, At("2026-03-01T09:00:00Z"), zone);
        (due, _) = SnapshotDue.Look(due, schedule with { Enabled = false }, At("2026-03-01T10:20:00Z"), zone);
        Assert.Null(due.Intended);
        (due, _) = SnapshotDue.Look(due, schedule, At("2026-03-01T10:21:00Z"), zone);
        Assert.Equal((null, At("2026-03-01T10:21:00Z")), (due.Intended, due.Considered));
        var other = schedule with { Schedule = TestSite.Map(("min", "0")) };
        (due, _) = SnapshotDue.Look(due, other, At("2026-03-01T11:10:00Z"), zone);
        Assert.Null(due.Intended);
        (due, var missed) = SnapshotDue.Look(due, other, At("2026-03-01T14:10:00Z"), zone);
        Assert.Equal((At("2026-03-01T14:00:00Z"), 2), (due.Intended, missed));

        // Also if what a dead daemon intended was never seen to.
        (due, missed) = SnapshotDue.Look(due, other, At("2026-03-01T15:00:00Z"), zone);
        Assert.Equal((At("2026-03-01T15:00:00Z"), 1), (due.Intended, missed));

        // The clocks of another place are other moments.
        (due, _) = SnapshotDue.Look(due, other, At("2026-03-01T15:30:00Z"), Zone("Asia/Kolkata"));
        Assert.Equal((null, At("2026-03-01T15:30:00Z")), (due.Intended, due.Considered));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x|y|z")]
    [InlineData("2026-03-01T15:30:00.0000000Z||")]
    [InlineData("2026-03-01T15:30:00.0000000Z|soon|daily")]
    public void What_cannot_be_read_counts_as_never_seen(string kept)
    {
        var schedule = Schedule("daily", "");
        var found = SnapshotDue.Of(TestSite.Map((SnapshotDue.KeyOf(schedule), kept)), schedule);
        Assert.True(found is null || found.Settings.Length == 0);
        Assert.Null(SnapshotDue.Look(found, schedule, At("2026-03-01T15:30:00Z"), TimeZoneInfo.Utc).Due.Intended);
    }

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, string> Kept(SnapshotDue due, VmssRecord schedule) =>
        TestSite.Map((SnapshotDue.KeyOf(schedule), due.ToString()));

    private static TimeSpan Longest(VmssFrequency frequency) => frequency switch
    {
        VmssFrequency.Hourly => TimeSpan.FromMinutes(120),
        VmssFrequency.Daily => TimeSpan.FromHours(49),
        _ => TimeSpan.FromDays(8.1),
    };

    private static VmssRecord Draw(Random random)
    {
        var minute = $"min={random.Next(4) * 15}";
        return random.Next(3) switch
        {
            0 => Schedule("hourly", minute),
            1 => Schedule("daily", $"hour={random.Next(24)} {minute}"),
            _ => Schedule("weekly", $"hour={random.Next(24)} {minute} days={DrawDays(random)}"),
        };
    }

    private static string DrawDays(Random random)
    {
        var first = random.Next(7);
        return string.Join(',', Days.Where((_, i) => i == first || random.Next(3) == 0));
    }

    private static VmssRecord Schedule(string frequency, string map) => new()
    {
        Uuid = "00000000-0000-4000-8000-000000000001",
        Enabled = true,
        Frequency = VmssFrequencyType.Instance.Decode(frequency),
        Schedule = TestSite.Map(
            [.. map.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Split('=')).Select(w => (w[0], w[1]))]),
    };

    private static int Number(VmssRecord schedule, string key) =>
        int.Parse(schedule.Schedule[key], System.Globalization.CultureInfo.InvariantCulture);

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static TimeZoneInfo Zone(string id) => TimeZoneInfo.FindSystemTimeZoneById(id);
}
