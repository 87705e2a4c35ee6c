using Redoubt.Recovery;

namespace Redoubt.Inspection;

/// <summary>Ages of a database that can't be true. Pure.</summary>
public static class MomentWarnings
{
    /// <summary>The same report, with a warning if it speaks of what is to come.</summary>
    /// <param name="report">The report.</param>
    /// <param name="now">The present.</param>
    public static DatabaseReport WithMomentWarnings(this DatabaseReport report, DateTimeOffset now)
    {
        var ahead = new (DateTimeOffset? At, string What)[]
        {
            (report.StateWritten, "It says that it was written at"),
            (report.NewestTime, "The latest time recorded in it is"),
            (report.EarlierStates is { Count: > 0 } states ? states.Max(s => s.WrittenAt) : null, "It says that an earlier state was written at"),
            (report.FileWritten, "The file says that it was written at"),
        }.FirstOrDefault(m => m.At is { } at && Clocks.IsAhead(at, now));
        return ahead.At is { } wrong
            ? report with
            {
                Warnings =
                [
                    .. report.Warnings,
                    $"{ahead.What} {Write(wrong)}, and the clock here says {Write(now)}: one of the two clocks is wrong, so how "
                        + "old it is is not known.",
                ],
            }
            : report;
    }

    private static string Write(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture);
}
