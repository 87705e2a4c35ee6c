using System.Globalization;

namespace Redoubt.Database.Journal;

/// <summary>
/// An earlier point of a database's life that a reader is asked for: the newest state at or before it. A closed set of two.
/// </summary>
public abstract record JournalPoint
{
    private const string FineForm = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK";
    private static readonly string[] SecondForms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyyMMdd'T'HH:mm:ssK"];

    private JournalPoint()
    {
    }

    /// <summary>
    /// What a person wrote: a generation (<c>1234</c>), or a time with its zone (<c>2026-11-22T14:05:00Z</c>, also without hyphens, as
    /// XenAPI writes it). A time to the second means that whole second: histories are listed so, and what is listed must be found. Null if
    /// it is neither.
    /// </summary>
    public static JournalPoint? Parse(string text)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var generation))
        {
            return new AtGeneration(generation);
        }

        if (DateTimeOffset.TryParseExact(text, SecondForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var second))
        {
            return new AtTime(second + TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        }

        return DateTimeOffset.TryParseExact(text, FineForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? new AtTime(time)
            : null;
    }

    /// <summary>By the count of changes.</summary>
    /// <param name="Generation">The highest generation wanted.</param>
    public sealed record AtGeneration(long Generation) : JournalPoint;

    /// <summary>By the clock of the writer. Only states with a proven time can be found so.</summary>
    /// <param name="Time">The latest time wanted.</param>
    public sealed record AtTime(DateTimeOffset Time) : JournalPoint;
}
