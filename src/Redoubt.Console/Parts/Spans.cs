using System.Globalization;
using Redoubt.Recovery;

namespace Redoubt.Console;

/// <summary>Times and sizes in words.</summary>
internal static class Spans
{
    public static string Relative(DateTimeOffset moment, DateTimeOffset now)
    {
        var span = now - moment;
        return span.Duration() < TimeSpan.FromSeconds(10) ? PartsText.JustNow
            : span > TimeSpan.Zero ? PartsText.Ago(Words(span)) : PartsText.Ahead(Words(-span));
    }

    /// <summary>Of what has been: that it is still to come is said for what it is.</summary>
    public static string Past(DateTimeOffset moment, DateTimeOffset now) =>
        Clocks.IsAhead(moment, now) ? PartsText.AfterNow(Words(moment - now)) : Relative(moment, now);

    public static string Words(TimeSpan span) =>
        span.TotalSeconds < 90 ? PartsText.Seconds((long)Math.Round(span.TotalSeconds))
        : span.TotalMinutes < 90 ? PartsText.Minutes((long)Math.Round(span.TotalMinutes))
        : span.TotalHours < 36 ? PartsText.Hours((long)Math.Round(span.TotalHours))
        : PartsText.Days((long)Math.Round(span.TotalDays));

    /// <summary>As a clock: <c>1:05</c>.</summary>
    public static string Clock(TimeSpan span) => span.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalHours}:{span:mm\\:ss}")
        : span.ToString(@"m\:ss", CultureInfo.InvariantCulture);

    public static string Exact(DateTimeOffset moment) =>
        moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string Bytes(long bytes) => bytes switch
    {
        < 1L << 20 => $"{bytes / 1024.0:0} KiB",
        < 1L << 30 => $"{bytes / (double)(1L << 20):0} MiB",
        < 1L << 40 => $"{bytes / (double)(1L << 30):0.#} GiB",
        _ => $"{bytes / (double)(1L << 40):0.#} TiB",
    };
}
