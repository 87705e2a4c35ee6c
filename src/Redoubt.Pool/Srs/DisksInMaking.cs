using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The disks on an SR that are being made, noted in its <c>other_config</c> before there is anything of them. Who makes one takes the note
/// away in the transaction that says whose it is; what is noted when the daemon starts is nobody's, and goes. Pure but for the transaction.
/// </summary>
internal static class DisksInMaking
{
    /// <summary>The key.</summary>
    public const string Key = "disks-being-made";

    /// <summary>The UUIDs noted.</summary>
    public static ImmutableArray<VdiUuid> Of(SrRecord sr) =>
        [.. NotedList.Of(sr.OtherConfig, Key).Where(u => Guid.TryParseExact(u, "D", out _)).Select(u => new VdiUuid(Guid.Parse(u)))];

    /// <summary>Notes one.</summary>
    public static void Begin(Transaction tx, Ref<SrRecord> sr, VdiUuid vdi) => Change(tx, sr, noted => noted.Add($"{vdi}"));

    /// <summary>Takes the note away; without one there is nothing to do.</summary>
    public static void End(Transaction tx, Ref<SrRecord> sr, VdiUuid vdi) => Change(tx, sr, noted => noted.Remove($"{vdi}"));

    private static void Change(Transaction tx, Ref<SrRecord> reference, Func<ImmutableSortedSet<string>, ImmutableSortedSet<string>> change)
    {
        if (tx.Find(reference) is not { } sr)
        {
            return;
        }

        var (noted, changed) = (NotedList.Of(sr.OtherConfig, Key), change(NotedList.Of(sr.OtherConfig, Key)));
        if (changed.Count != noted.Count)
        {
            tx.Update(reference, s => s with { OtherConfig = NotedList.With(s.OtherConfig, Key, changed) });
        }
    }
}
