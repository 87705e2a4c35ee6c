using System.Collections.Immutable;
using System.Globalization;

namespace Redoubt.Server.Recovering;

/// <summary>
/// When something is due again and again, in cron's five fields: minute, hour, day of the month, month, day of the week, all in UTC. A
/// field is <c>*</c>, a number, a range <c>a-b</c>, any of them with a step <c>/n</c>, or a list of these with commas between. Sunday is
/// 0 and 7. As in cron, where both days are restricted either will do. <c>@hourly</c>, <c>@daily</c>, <c>@weekly</c> and <c>@monthly</c>
/// stand for what they say.
/// </summary>
internal sealed class Cron
{
    // February 29th on a given day of the week comes back within 40 years at worst.
    private const int MostDays = 366 * 41;

    private readonly ImmutableSortedSet<int> _minutes;
    private readonly ImmutableSortedSet<int> _hours;
    private readonly ImmutableSortedSet<int> _days;
    private readonly ImmutableSortedSet<int> _months;
    private readonly ImmutableSortedSet<int> _weekdays;
    private readonly bool _eitherDay;

    private Cron(string[] fields)
    {
        _minutes = Field("minute", fields[0], 0, 59);
        _hours = Field("hour", fields[1], 0, 23);
        _days = Field("day of the month", fields[2], 1, 31);
        _months = Field("month", fields[3], 1, 12);
        _weekdays = [.. Field("day of the week", fields[4], 0, 7).Select(d => d % 7)];
        _eitherDay = !fields[2].StartsWith('*') && !fields[4].StartsWith('*');
    }

    /// <exception cref="FormatException">It is none, or never due.</exception>
    public static Cron Parse(string text)
    {
        var fields = (text.Trim() switch
        {
            "@hourly" => "0 * * * *",
            "@daily" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            var other => other,
        }).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5)
        {
            throw new FormatException($"A schedule has five fields (minute, hour, day of the month, month, day of the week), not {fields.Length}: '{text}'.");
        }

        var cron = new Cron(fields);
        return cron.Next(DateTimeOffset.UnixEpoch) is null ? throw new FormatException($"The schedule '{text}' is never due.") : cron;
    }

    /// <summary>The first minute after a moment at which it is due; null if there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var from = after.UtcDateTime;
        var earliest = new DateTime(from.Year, from.Month, from.Day, from.Hour, from.Minute, 0, DateTimeKind.Utc).AddMinutes(1);
        for (var day = earliest.Date; day < earliest.Date.AddDays(MostDays); day = day.AddDays(1))
        {
            if (!IsDay(day))
            {
                continue;
            }

            foreach (var hour in _hours)
            {
                foreach (var minute in _minutes)
                {
                    var at = day.AddHours(hour).AddMinutes(minute);
                    if (at >= earliest)
                    {
                        return new DateTimeOffset(at, TimeSpan.Zero);
                    }
                }
            }
        }

        return null;
    }

    private bool IsDay(DateTime day)
    {
        var (ofMonth, ofWeek) = (_days.Contains(day.Day), _weekdays.Contains((int)day.DayOfWeek));
        return _months.Contains(day.Month) && (_eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek);
    }

    private static ImmutableSortedSet<int> Field(string name, string text, int low, int high) =>
        [.. text.Split(',').SelectMany(part => Part(name, part, low, high))];

    private static IEnumerable<int> Part(string name, string text, int low, int high)
    {
        var (range, step) = text.Split('/') switch
        {
            [var whole] => (whole, 1),
            [var whole, var every] => (whole, Number(name, every, 1, high)),
            _ => throw Wrong(name, text, low, high),
        };
        var (first, last) = range.Split('-') switch
        {
            ["*"] => (low, high),
            [var one] => (Number(name, one, low, high), text.Contains('/') ? high : Number(name, one, low, high)),
            [var from, var to] => (Number(name, from, low, high), Number(name, to, low, high)),
            _ => throw Wrong(name, text, low, high),
        };
        if (first > last)
        {
            throw Wrong(name, text, low, high);
        }

        for (var value = first; value <= last; value += step)
        {
            yield return value;
        }
    }

    private static int Number(string name, string text, int low, int high) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= low && number <= high
            ? number
            : throw Wrong(name, text, low, high);

    private static FormatException Wrong(string name, string text, int low, int high) =>
        new($"In a schedule the {name} is a number from {low} to {high}, a range, a list or *, with /n for a step; not '{text}'.");
}
