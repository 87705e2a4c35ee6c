using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// Decides which states the history of a volume gets. Pure. The log itself has every state since the whole database was last written, so
/// the history need not be dense.
/// </summary>
internal static class HistoryPolicy
{
    /// <summary>How far apart states are while things change. Compressing a large pool takes about a second of one processor.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>How far apart they are at least when very much changes.</summary>
    private static readonly TimeSpan ShortInterval = TimeSpan.FromMinutes(1);

    private const long ManyGenerations = 20_000;

    /// <summary>Whether a state is due.</summary>
    /// <param name="last">The state that was kept last, by this writer.</param>
    /// <param name="next">The state in question.</param>
    /// <param name="isWhole">Whether the whole database was written just now, so that the half that had the states before it will be
    /// overwritten next.</param>
    /// <param name="isFall">Whether most VMs were gone right after it.</param>
    public static bool IsDue(HistoryPoint? last, HistoryPoint next, bool isWhole, bool isFall)
    {
        if (last is null)
            return true;
        if (next.Generation == last.Generation)
            return false;
        var age = (next.At - last.At).Duration();
        return isWhole || isFall || age >= Interval || (age >= ShortInterval && next.Generation - last.Generation >= ManyGenerations);
    }

    /// <summary>Whether a change took most of the VMs. Templates count here; that is cheap, and one state more does no harm.</summary>
    public static bool IsFall(DatabaseState before, DatabaseState after) =>
        before.Table(VmRecord.Declaration).Count is var had && had > 0 && after.Table(VmRecord.Declaration).Count < (had + 1) / 2;
}
