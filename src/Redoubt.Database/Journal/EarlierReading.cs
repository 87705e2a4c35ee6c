using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>Finds the newest state at or before a point, in the history and in what the two halves still hold of the way to now.</summary>
internal sealed class EarlierReading(JournalReading volume)
{
    /// <summary>The state, or why there is none.</summary>
    /// <exception cref="IOException">Not even the first bytes can be read.</exception>
    public JournalVerdict At(JournalPoint point)
    {
        var (magic, _) = volume.Head(out var found);
        if (magic is not null && volume.Area.Header is null)
            return new JournalVerdict.NotARedoLog(found);
        var damage = new List<JournalDamage>();
        var best = Best([Half(JournalHalf.First, point, damage), Half(JournalHalf.Second, point, damage)], point);
        foreach (var entry in volume.Area.Entries.Where(e => IsBefore(e, point) && (best?.Content is not { } content || Compare(e, content, point) > 0))
            .OrderByDescending(e => point is JournalPoint.AtTime ? e.WrittenAt.UtcTicks : e.Generation))
        {
            var (content, problem) = volume.Earlier(entry, JournalHalf.First);
            if (content is not null)
                return damage.Count == 0 ? new JournalVerdict.Intact(content) : new JournalVerdict.CutAt(content, damage, 0, null, false);
            damage.Add(problem!);
        }

        if (best is not { Content: { } state })
        {
            damage.Insert(0, new JournalDamage(JournalDamageKind.NothingThatOld, 0, $"nothing on the volume is as old as {Words(point)}"));
            return new JournalVerdict.Unusable(damage);
        }

        // What is wrong behind the point does not concern it; what is wrong before it is why this is not the state that was asked for.
        return best.Damage is null
            ? new JournalVerdict.Intact(state)
            : new JournalVerdict.CutAt(state, [best.Damage, .. damage], best.Lost, best.LastSeen, FromOtherHalf: false);
    }

    private HalfReading? Half(JournalHalf half, JournalPoint point, List<JournalDamage> damage)
    {
        var until = point switch
        {
            JournalPoint.AtGeneration generation => generation.Generation,
            JournalPoint.AtTime time =>
                volume.Area.Proofs(half).Records.LastOrDefault(r => r.WrittenAt <= time.Time)?.Generation ?? long.MinValue,
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        if (until == long.MinValue)
            return null;
        var reading = volume.Half(half, until);
        // Without proof of this very half its times are those of something else.
        if (reading.Content is null || (point is JournalPoint.AtTime && !reading.IsProven))
        {
            if (reading.Damage is { Kind: not JournalDamageKind.NothingThatOld and not JournalDamageKind.DatabaseRecord } wrong)
                damage.Add(wrong);
            return null;
        }

        return reading;
    }

    private static HalfReading? Best(IEnumerable<HalfReading?> readings, JournalPoint point) => readings.OfType<HalfReading>()
        .OrderByDescending(r => point is JournalPoint.AtTime ? r.Content!.WrittenAt?.UtcTicks ?? 0 : r.Content!.Generation)
        .ThenByDescending(r => r.Proofs.Life).FirstOrDefault();

    private static bool IsBefore(HistoryEntry entry, JournalPoint point) => point switch
    {
        JournalPoint.AtGeneration generation => entry.Generation <= generation.Generation,
        JournalPoint.AtTime time => entry.WrittenAt <= time.Time,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static int Compare(HistoryEntry entry, JournalContent content, JournalPoint point) => point is JournalPoint.AtTime
        ? entry.WrittenAt.CompareTo(content.WrittenAt ?? DateTimeOffset.MinValue)
        : entry.Generation.CompareTo(content.Generation);

    private static string Words(JournalPoint point) => point switch
    {
        JournalPoint.AtGeneration generation => $"generation {generation.Generation}",
        JournalPoint.AtTime time => $"{time.Time:u}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
