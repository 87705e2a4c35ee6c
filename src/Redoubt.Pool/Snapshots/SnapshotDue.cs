using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What is known of a snapshot schedule from one look to the next, which has to outlive the daemon: a line in the pool's
/// <c>other_config</c>, since a VMSS has no field for it. Pure.
/// </summary>
/// <param name="Settings">
/// What it went by. Where that has changed, the schedule begins anew: what was due by the old one, or while it was off, is not made up for.
/// </param>
/// <param name="Considered">Up to when what was due has been dealt with.</param>
/// <param name="Intended">What its snapshots are being taken for; null if none are. One that nobody sees to was a dead daemon's.</param>
internal sealed record SnapshotDue(string Settings, DateTimeOffset Considered, DateTimeOffset? Intended)
{
    /// <summary>As many as are counted of what was missed.</summary>
    public const int MostMissed = 1000;

    private const string KeyPrefix = "snapshot-schedule-";
    private const string Off = "off";
    private const char Between = '|';

    /// <summary>The key for a schedule.</summary>
    public static string KeyOf(VmssRecord schedule) => KeyPrefix + schedule.Uuid;

    /// <summary>What is kept of a schedule in the pool's <c>other_config</c>; null if nothing is, or nothing that could be read.</summary>
    public static SnapshotDue? Of(ImmutableSortedDictionary<string, string> config, VmssRecord schedule) =>
        config.GetValueOrDefault(KeyOf(schedule), "").Split(Between, 3) is [var considered, var intended, var settings]
        && ReadMoment(considered) is { } at
        && (intended.Length == 0 || ReadMoment(intended) is not null)
            ? new(settings, at, ReadMoment(intended))
            : null;

    /// <summary>
    /// What is known after a look, and how many moments passed for which nothing is taken. Of all that was due since the last look only the
    /// latest counts: who was away for a week takes one snapshot and not a hundred.
    /// </summary>
    /// <param name="kept">What was known; null: the schedule is new.</param>
    /// <param name="schedule">The schedule.</param>
    /// <param name="now">The time.</param>
    /// <param name="zone">Whose clocks it goes by.</param>
    public static (SnapshotDue Due, int Missed) Look(SnapshotDue? kept, VmssRecord schedule, DateTimeOffset now, TimeZoneInfo zone)
    {
        var times = schedule.Enabled ? SnapshotTimes.Find(schedule) : null;
        kept = Begin(kept, schedule, now, zone);
        if (times is null)
        {
            return (kept, 0);
        }

        if (kept.Considered > now)
        {
            // The clock was put back. A snapshot knows what it was taken for, so that none is taken twice.
            return (kept with { Considered = now }, 0);
        }

        var latest = times.Latest(now, zone);
        if (latest <= kept.Considered)
        {
            return (kept, 0);
        }

        var missed = times.Count(kept.Considered, latest, zone, MostMissed) + (kept.Intended is null ? 0 : 1);
        return (kept with { Considered = latest, Intended = latest }, missed);
    }

    /// <summary>What is known of a schedule that begins anew, if it goes by something else than was known; else what was known.</summary>
    /// <inheritdoc cref="Look"/>
    public static SnapshotDue Begin(SnapshotDue? kept, VmssRecord schedule, DateTimeOffset now, TimeZoneInfo zone)
    {
        var settings = schedule.Enabled && SnapshotTimes.Find(schedule) is { } times ? $"{times} {zone.Id}" : Off;
        return kept?.Settings == settings ? kept : new(settings, now, null);
    }

    /// <summary>The moment in words that are the same everywhere.</summary>
    public static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    /// <summary>As it is kept.</summary>
    public override string ToString() =>
        $"{Text(Considered)}{Between}{(Intended is { } at ? Text(at) : "")}{Between}{Settings}";

    private static DateTimeOffset? ReadMoment(string text) => DateTimeOffset.TryParseExact(
        text, "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
}
