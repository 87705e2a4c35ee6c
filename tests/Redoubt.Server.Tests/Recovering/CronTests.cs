using Redoubt.Desk;

namespace Redoubt.Server.Tests.Recovering;

public sealed class CronTests
{
    [Theory]
    [InlineData("30 2 * * *", "2026-11-22T02:30:00Z", "2026-11-23T02:30:00Z")]
    [InlineData("30 2 * * *", "2026-11-22T02:29:59Z", "2026-11-22T02:30:00Z")]
    [InlineData("*/15 * * * *", "2026-11-22T10:07:00Z", "2026-11-22T10:15:00Z")]
    [InlineData("0 8-17/3 * * *", "2026-11-22T11:00:00Z", "2026-11-22T14:00:00Z")]
    [InlineData("0 0 1,15 * *", "2026-11-15T00:00:00Z", "2026-12-01T00:00:00Z")]
    [InlineData("0 3 * * 6", "2026-11-22T00:00:00Z", "2026-11-28T03:00:00Z")]
    [InlineData("0 3 * * 7", "2026-11-23T00:00:00Z", "2026-11-29T03:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-11-22T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 13 * 5", "2026-11-22T00:00:00Z", "2026-11-27T00:00:00Z")]
    [InlineData("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z")]
    [InlineData("@weekly", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z")]
    [InlineData("@hourly", "2026-11-22T09:59:59Z", "2026-11-22T10:00:00Z")]
    [InlineData("0 3 * * sat", "2026-11-22T00:00:00Z", "2026-11-28T03:00:00Z")]
    [InlineData("CRON_TZ=Europe/Paris 30 2 * * *", "2026-11-22T00:00:00Z", "2026-11-22T01:30:00Z")]
    [InlineData("CRON_TZ=Europe/Paris 30 2 * * *", "2026-07-01T00:00:00Z", "2026-07-01T00:30:00Z")]
    [InlineData("CRON_TZ=Europe/Paris 30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("CRON_TZ=Europe/Paris 30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("CRON_TZ=Europe/Paris 30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("CRON_TZ=America/New_York @daily", "2026-11-22T00:00:00Z", "2026-11-22T05:00:00Z")]
    public void The_next_time_is_the_first_one_after(string cron, string after, string expected) =>
        Assert.Equal(DateTimeOffset.Parse(expected), Cron.Parse(cron).Next(DateTimeOffset.Parse(after)));

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("*/0 * * * *")]
    [InlineData("a * * * *")]
    [InlineData("1-2-3 * * * *")]
    [InlineData("0 0 31 2 *")]
    [InlineData("@every_minute")]
    [InlineData("* * * * * *")]
    [InlineData("CRON_TZ=Europe/Nowhere 0 3 * * *")]
    [InlineData("CRON_TZ= 0 3 * * *")]
    [InlineData("CRON_TZ=Europe/Paris")]
    public void What_is_no_schedule_is_refused(string cron) => Assert.Throws<FormatException>(() => Cron.Parse(cron));
}
