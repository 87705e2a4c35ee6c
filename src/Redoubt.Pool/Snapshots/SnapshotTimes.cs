using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// When the snapshots of a schedule (VMSS) are due: each hour, each day or on some days of the week, by the clocks of a place. What falls
/// into the hour that a place leaves out in spring is due at the end of it, and what falls into the one that it has twice in autumn is due
/// once; each hour that passes has its snapshot. Pure.
/// </summary>
internal sealed class SnapshotTimes
{
    private const string MinuteKey = "min";
    private const string HourKey = "hour";
    private const string DaysKey = "days";
    private const string Field = "schedule";

    // In xapi's order, whose first is the default.
    private static readonly ImmutableArray<string> Minutes = ["0", "15", "30", "45"];

    private static readonly ImmutableArray<DayOfWeek> Days =
    [
        DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday, DayOfWeek.Saturday,
        DayOfWeek.Sunday,
    ];

    private readonly VmssFrequency _frequency;
    private readonly int _minute;
    private readonly int _hour;
    private readonly ImmutableArray<DayOfWeek> _days;

    private SnapshotTimes(VmssFrequency frequency, int minute, int hour, ImmutableArray<DayOfWeek> days) =>
        (_frequency, _minute, _hour, _days) = (frequency, minute, hour, days);

    /// <summary>
    /// The times of a schedule, of which a key that is missing has xapi's default; null: nobody can tell, as of one from others.
    /// </summary>
    public static SnapshotTimes? Find(VmssRecord schedule)
    {
        ImmutableSortedDictionary<string, string> all;
        try
        {
            all = Complete(schedule.Frequency, schedule.Schedule);
        }
        catch (XenApiException)
        {
            return null;
        }

        return new(
            schedule.Frequency,
            int.Parse(all[MinuteKey], CultureInfo.InvariantCulture),
            int.Parse(all.GetValueOrDefault(HourKey, "0"), CultureInfo.InvariantCulture),
            [.. all.GetValueOrDefault(DaysKey, "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Enum.Parse<DayOfWeek>)]);
    }

    /// <summary>Checks the keys that a schedule is made with: none that its frequency does not go by.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void RequireKeys(VmssFrequency frequency, ImmutableSortedDictionary<string, string> schedule)
    {
        foreach (var (key, value) in schedule.Where(s => !Keys(frequency).Contains(s.Key)))
        {
            throw Invalid(key, value);
        }
    }

    /// <summary>A map with what its frequency goes by, and nothing else; what is missing has xapi's default.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static ImmutableSortedDictionary<string, string> Complete(
        VmssFrequency frequency, ImmutableSortedDictionary<string, string> schedule) =>
        Keys(frequency).ToImmutableSortedDictionary(
            key => key, key => Check(key, schedule.GetValueOrDefault(key) ?? Default(key)), StringComparer.Ordinal);

    /// <summary>A value as it is kept: days in their own spelling.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: there is no such key, or it is no such value.</exception>
    public static string Check(string key, string value) => key switch
    {
        MinuteKey when Minutes.Contains(value) => value,
        HourKey when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var hour) && hour <= 23 => value,
        DaysKey => CheckDays(value),
        _ => throw Invalid(key, value),
    };

    /// <summary>The latest moment up to another one at which a snapshot is due.</summary>
    public DateTimeOffset Latest(DateTimeOffset now, TimeZoneInfo zone) =>
        _frequency == VmssFrequency.Hourly ? LatestHour(now, zone) : LatestDay(now, zone);

    /// <summary>How many moments there are after one and before another, of which no more than a limit are counted.</summary>
    public int Count(DateTimeOffset after, DateTimeOffset before, TimeZoneInfo zone, int most)
    {
        var count = 0;
        for (var at = Latest(before.AddTicks(-1), zone); at > after && count < most; at = Latest(at.AddTicks(-1), zone))
        {
            count++;
        }

        return count;
    }

    /// <summary>All that it goes by, as one line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{_frequency} {_hour}:{_minute} {string.Join(',', _days.Order())}");

    private static ImmutableArray<string> Keys(VmssFrequency frequency) => frequency switch
    {
        VmssFrequency.Hourly => [MinuteKey],
        VmssFrequency.Daily => [HourKey, MinuteKey],
        VmssFrequency.Weekly => [HourKey, MinuteKey, DaysKey],
        VmssFrequency.Unrecognized => throw new XenApiException("INVALID_VALUE", "frequency", ""),
    };

    private static string Default(string key) => key == DaysKey ? $"{Days[0]}" : "0";

    private static string CheckDays(string value)
    {
        var days = value.Split(',').Select(word => Days.Select(d => $"{d}").FirstOrDefault(
            d => d.Equals(word, StringComparison.OrdinalIgnoreCase)) ?? throw Invalid(DaysKey, word)).ToList();
        return days.Distinct().Count() == days.Count ? string.Join(',', days) : throw Invalid(DaysKey, value);
    }

    private static XenApiException Invalid(string key, string value) => new("INVALID_VALUE", $"{Field}:{key}", value);

    // The hours of a place are those of the world, but for a shift of its clocks by half an hour.
    private DateTimeOffset LatestHour(DateTimeOffset now, TimeZoneInfo zone)
    {
        var at = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        while (TimeZoneInfo.ConvertTime(at, zone).Minute != _minute)
        {
            at = at.AddMinutes(-1);
        }

        return at;
    }

    private DateTimeOffset LatestDay(DateTimeOffset now, TimeZoneInfo zone)
    {
        var day = TimeZoneInfo.ConvertTime(now, zone).Date.AddDays(1);
        while (!IsMeant(day.DayOfWeek) || MomentOf(day, zone) > now)
        {
            day = day.AddDays(-1);
        }

        return MomentOf(day, zone);
    }

    private bool IsMeant(DayOfWeek day) => _frequency == VmssFrequency.Daily || _days.Contains(day);

    private DateTimeOffset MomentOf(DateTime day, TimeZoneInfo zone)
    {
        var local = day.AddHours(_hour).AddMinutes(_minute);
        while (zone.IsInvalidTime(local))
        {
            local = local.AddMinutes(1);
        }

        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
