using System.Globalization;
using Redoubt.Recovery;

namespace Redoubt.Cli.Recovering;

/// <summary>Moments and ages as lists show them.</summary>
internal static class ShownMoments
{
    public static string Show(DateTimeOffset? at) =>
        at is { } known ? known.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "";

    /// <summary>How long ago something was, in its largest unit; the moment itself if it can't have been yet.</summary>
    public static string Ago(DateTimeOffset at, DateTimeOffset now) => (now - at) switch
    {
        _ when Clocks.IsAhead(at, now) => $"{Show(at)} (AFTER NOW)",
        { TotalSeconds: < 120 } age => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, age.TotalSeconds):0} s ago"),
        { TotalMinutes: < 120 } age => string.Create(CultureInfo.InvariantCulture, $"{age.TotalMinutes:0} min ago"),
        { TotalHours: < 48 } age => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0} h ago"),
        var age => string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:0} days ago"),
    };

    /// <summary>How VMs came out, for a narrow column.</summary>
    public static string Of(VmTally tally) =>
        $"{tally.Well}/{tally.Total}{(tally.Unchecked > 0 ? $" +{tally.Unchecked} not checked" : "")}";

    /// <summary>A name of the code as people write it: <c>TestFailover</c> is <c>test failover</c>.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
