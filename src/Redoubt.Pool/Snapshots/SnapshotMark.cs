using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// By what a snapshot is known that a schedule has taken: <c>is_vmss_snapshot</c>, and in <c>snapshot_info</c>, which no client can set,
/// whose it is and for which moment. Pure.
/// </summary>
internal static class SnapshotMark
{
    private const string ScheduleKey = "vmss";
    private const string DueKey = "vmss-due";

    /// <summary>Marks a snapshot as a schedule's; a null moment: somebody had it taken in between.</summary>
    public static VmRecord Put(VmRecord snapshot, VmssRecord schedule, DateTimeOffset? due)
    {
        var info = snapshot.SnapshotInfo.SetItem(ScheduleKey, schedule.Uuid);
        return snapshot with
        {
            IsVmssSnapshot = true,
            SnapshotInfo = due is { } at ? info.SetItem(DueKey, SnapshotDue.Text(at)) : info,
        };
    }

    /// <summary>Whether a VM has its snapshot for a moment already.</summary>
    public static bool IsTaken(DatabaseState state, VmRecord vm, VmssRecord schedule, DateTimeOffset due) =>
        Of(state, vm, schedule).Any(s => s.Record.SnapshotInfo.GetValueOrDefault(DueKey) == SnapshotDue.Text(due));

    /// <summary>
    /// The snapshots of a VM that a schedule has taken and that are more than it keeps, the oldest first. What others have taken is none of
    /// its business, and one that must not be removed (<c>blocked_operations</c>) is kept beyond the number.
    /// </summary>
    public static IReadOnlyList<Ref<VmRecord>> Surplus(DatabaseState state, VmRecord vm, VmssRecord schedule) =>
    [
        .. Of(state, vm, schedule).Where(s => !s.Record.BlockedOperations.ContainsKey(VmOperations.Destroy))
            .OrderByDescending(s => s.Record.SnapshotTime).Skip((int)Math.Clamp(schedule.RetainedSnapshots, 1, int.MaxValue))
            .Reverse().Select(s => s.Ref),
    ];

    private static IEnumerable<(Ref<VmRecord> Ref, VmRecord Record)> Of(DatabaseState state, VmRecord vm, VmssRecord schedule) =>
        vm.Snapshots.Select(s => (Ref: s, Record: state.Get(s))).Where(s => s.Record is { IsASnapshot: true, IsVmssSnapshot: true }
            && s.Record.SnapshotInfo.GetValueOrDefault(ScheduleKey) == schedule.Uuid);
}
