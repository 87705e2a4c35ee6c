using Cronos;

namespace Redoubt.Desk;

/// <summary>
/// When something is due again and again, in cron's five fields: minute, hour, day of the month, month, day of the week. A field is
/// <c>*</c>, a number, a name (<c>MON</c>, <c>JAN</c>), a range <c>a-b</c>, any of them with a step <c>/n</c>, or a list of these with
/// commas between. Sunday is 0 and 7. As in cron, where both days are restricted either will do. <c>@hourly</c>, <c>@daily</c>,
/// <c>@weekly</c> and <c>@monthly</c> stand for what they say. It goes by UTC, or by the clocks of a place where one is named before the
/// fields: <c>CRON_TZ=Europe/Paris</c>. What falls into the hour that a place leaves out in spring is due at the end of it, and what
/// falls into the one that it has twice in autumn is due once.
/// </summary>
public sealed class Cron
{
    private const string ZonePrefix = "CRON_TZ=";
    private static readonly (string Name, string Values)[] _fields =
    [
        ("minute", "a number from 0 to 59"), ("hour", "a number from 0 to 23"), ("day of the month", "a number from 1 to 31"),
        ("month", "a number from 1 to 12, a name as JAN"), ("day of the week", "a number from 0 to 7, a name as MON"),
    ];

    // Two where either day will do: Cronos asks for both.
    private readonly CronExpression[] _either;
    private readonly TimeZoneInfo _zone;

    private Cron(CronExpression[] either, TimeZoneInfo zone) => (_either, _zone) = (either, zone);

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is none, or never due.</exception>
    public static Cron Parse(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var zone = words is [var first, ..] && first.StartsWith(ZonePrefix, StringComparison.Ordinal)
            ? Zone(first[ZonePrefix.Length..])
            : null;
        string[] fields = zone is null ? words : words[1..];
        fields = fields switch
        {
            ["@hourly"] => ["0", "*", "*", "*", "*"],
            ["@daily"] => ["0", "0", "*", "*", "*"],
            ["@weekly"] => ["0", "0", "*", "*", "0"],
            ["@monthly"] => ["0", "0", "1", "*", "*"],
            _ => fields,
        };
        if (fields is not [var minute, var hour, var day, var month, var weekday])
        {
            throw new FormatException(
                $"A schedule has five fields (minute, hour, day of the month, month, day of the week), not {fields.Length}: '{text}'.");
        }

        var isEither = !day.StartsWith('*') && !weekday.StartsWith('*');
        string[] expressions = isEither
            ? [$"{minute} {hour} {day} {month} *", $"{minute} {hour} * {month} {weekday}"]
            : [string.Join(' ', fields)];
        Cron cron;
        try
        {
            cron = new([.. expressions.Select(e => CronExpression.Parse(e))], zone ?? TimeZoneInfo.Utc);
        }
        catch (CronFormatException wrong)
        {
            throw new FormatException(
                WrongField(fields)
                    ?? $"'{text}' is no schedule of minute, hour, day of the month, month and day of the week: "
                        + $"{wrong.Message.TrimEnd('.')}.",
                wrong);
        }

        return cron.Next(DateTimeOffset.UnixEpoch) is null ? throw new FormatException($"The schedule '{text}' is never due.") : cron;
    }

    /// <summary>The first minute after a moment at which it is due; null if there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after) => _either.Min(e => e.GetNextOccurrence(after, _zone))?.ToUniversalTime();

    // The library says what it wanted, but not of which field in words that people use: so each is tried alone.
    private static string? WrongField(string[] fields)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            string[] alone = [.. Enumerable.Repeat("*", fields.Length)];
            alone[i] = fields[i];
            if (!CronExpression.TryParse(string.Join(' ', alone), out _))
            {
                return $"In a schedule the {_fields[i].Name} is {_fields[i].Values}, a range, a list or *, with /n for a "
                    + $"step; not '{fields[i]}'.";
            }
        }

        return null;
    }

    // By the names that are the same on every machine.
    private static TimeZoneInfo Zone(string name) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId
            ? zone
            : throw new FormatException($"There is no time zone '{name}'. Name one by its place, as in {ZonePrefix}Europe/Paris.");
}
