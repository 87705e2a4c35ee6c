using System.Globalization;

namespace Redoubt.Recovery;

/// <summary>How plans write moments and times.</summary>
internal static class Moments
{
    public static string Write(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Write(TimeSpan span) =>
        span.TotalDays >= 2 ? $"{span.TotalDays:0} days"
        : span.TotalHours >= 2 ? $"{span.TotalHours:0} hours"
        : span.TotalMinutes >= 2 ? $"{span.TotalMinutes:0} minutes"
        : Math.Round(span.TotalSeconds) == 1 ? "1 second" : $"{span.TotalSeconds:0} seconds";

    public static string Bytes(long bytes) => $"{Math.Ceiling(bytes / 1048576.0):0} MiB";
}
