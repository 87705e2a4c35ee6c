namespace Redoubt.Database.Journal.Area;

/// <summary>Times as the area has them, in milliseconds since 1970 UTC.</summary>
internal static class AreaTime
{
    private static readonly long Last = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
    private static readonly long First = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();

    /// <summary>The time; never throws, for the number may come from a damaged volume.</summary>
    public static DateTimeOffset Of(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(ms, First, Last));
}
