using System.Globalization;

namespace Redoubt.Recovery;

/// <summary>How plans write moments and times.</summary>
internal static class Moments
{
    public static string Write(DateTimeOffset moment) =>
        moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads a moment as servers write it; null if it is none.</summary>
    public static DateTimeOffset? Parse(string text) =>
        DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment
        : DateTimeOffset.TryParseExact(
            text, "yyyyMMdd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out moment) ? moment
        : null;

    public static string Write(TimeSpan span) =>
        span.TotalDays >= 2 ? $"{span.TotalDays:0} days"
        : span.TotalHours >= 2 ? $"{span.TotalHours:0} hours"
        : span.TotalMinutes >= 2 ? $"{span.TotalMinutes:0} minutes"
        : Math.Round(span.TotalSeconds) == 1 ? "1 second" : $"{span.TotalSeconds:0} seconds";

    public static string Bytes(decimal bytes) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(bytes / 1048576m):0} MiB");
}
