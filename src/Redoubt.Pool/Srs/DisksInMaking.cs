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
        [.. sr.OtherConfig.GetValueOrDefault(Key, "").Split(',')
            .Where(u => Guid.TryParseExact(u, "D", out _)).Select(u => new VdiUuid(Guid.Parse(u)))];

    /// <summary>Notes one.</summary>
    public static void Begin(Transaction tx, Ref<SrRecord> sr, VdiUuid vdi) => Change(tx, sr, noted => noted.Add(vdi));

    /// <summary>Takes the note away; without one there is nothing to do.</summary>
    public static void End(Transaction tx, Ref<SrRecord> sr, VdiUuid vdi) => Change(tx, sr, noted => noted.Remove(vdi));

    private static void Change(Transaction tx, Ref<SrRecord> reference, Func<ImmutableArray<VdiUuid>, ImmutableArray<VdiUuid>> change)
    {
        if (tx.Find(reference) is not { } sr || change(Of(sr)) is var noted && noted.Length == Of(sr).Length)
        {
            return;
        }

        tx.Update(reference, s => s with
        {
            OtherConfig = noted.IsEmpty ? s.OtherConfig.Remove(Key) : s.OtherConfig.SetItem(Key, string.Join(',', noted)),
        });
    }
}
