using System.Globalization;

namespace Redoubt.Console.Plans;

/// <summary>
/// When a plan is tested, as most people want it: an hour of a day, of a week or of a month. Times are UTC, as cron's are here.
/// </summary>
/// <param name="Every">How often.</param>
/// <param name="Hour">At which hour.</param>
/// <param name="Weekday">On which day of the week, 0 for Sunday; for <see cref="Often.Week"/>.</param>
/// <param name="Day">On which day of the month; for <see cref="Often.Month"/>.</param>
/// <param name="Own">The expression; for <see cref="Often.Own"/>.</param>
internal sealed record ScheduleChoice(Often Every, int Hour, int Weekday, int Day, string Own)
{
    /// <summary>As cron spells it.</summary>
    public string Cron => Every switch
    {
        Often.Day => string.Create(CultureInfo.InvariantCulture, $"0 {Hour} * * *"),
        Often.Week => string.Create(CultureInfo.InvariantCulture, $"0 {Hour} * * {Weekday}"),
        Often.Month => string.Create(CultureInfo.InvariantCulture, $"0 {Hour} {Day} * *"),
        Often.Own => Own.Trim(),
    };
}
