using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>The copies that a plan recovers from. Pure.</summary>
internal static class Copy
{
    /// <summary>Those that are taken from storage.</summary>
    public static List<CopyFacts> Of(RecoveryPlan plan) =>
        [.. plan.Choices.Select(c => c.Chosen).OfType<CopyFacts>().Where(c => c.VolumeUuid is not null)];

    /// <summary>When a copy is from. When a volume was written counts more than what its rows record, as in the report.</summary>
    public static DateTimeOffset? At(CopyFacts copy) => copy.WrittenAt ?? copy.LastRecordedAt;

    /// <summary>
    /// When the oldest is from, which is how much is lost: one VM's fresh copy must not hide that the others' are old. Null if it is
    /// known of none.
    /// </summary>
    public static DateTimeOffset? Oldest(IEnumerable<CopyFacts> copies) => copies.Select(At).Min();
}
