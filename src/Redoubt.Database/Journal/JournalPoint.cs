using System.Globalization;

namespace Redoubt.Database.Journal;

/// <summary>An earlier point of a database's life that a reader is asked for: the newest state at or before it. A closed set of two.</summary>
public abstract record JournalPoint
{
    private static readonly string[] TimeForms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyyMMdd'T'HH:mm:ssK"];

    private JournalPoint()
    {
    }

    /// <summary>
    /// What a person wrote: a generation (<c>1234</c>), or a time with its zone (<c>2026-11-22T14:05:00Z</c>, also without hyphens, as
    /// XenAPI writes it). Null if it is neither.
    /// </summary>
    public static JournalPoint? Parse(string text)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var generation))
        {
            return new AtGeneration(generation);
        }

        return DateTimeOffset.TryParseExact(text, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? new AtTime(time) : null;
    }

    /// <summary>By the count of changes.</summary>
    /// <param name="Generation">The highest generation wanted.</param>
    public sealed record AtGeneration(long Generation) : JournalPoint;

    /// <summary>By the clock of the writer. Only states with a proven time can be found so.</summary>
    /// <param name="Time">The latest time wanted.</param>
    public sealed record AtTime(DateTimeOffset Time) : JournalPoint;
}
