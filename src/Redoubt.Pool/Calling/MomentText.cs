using System.Globalization;

namespace Redoubt.Pool;

/// <summary>How the pool writes moments into maps and files, for programs and people alike: <c>2026-01-31T23:59:59Z</c>.</summary>
internal static class MomentText
{
    /// <summary>The moment in UTC, to the second.</summary>
    public static string Of(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
