using Redoubt.Database;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console.Recover;

/// <summary>Storage that is attached for looking and recovering, and can be let go again.</summary>
/// <param name="Ref">Its DR task.</param>
/// <param name="Uuid">The task's UUID.</param>
/// <param name="Srs">Its SRs: UUID and name.</param>
/// <param name="User">The run that needs it; null if none does.</param>
internal sealed record AttachedTask(Ref<DrTaskRecord> Ref, string Uuid, IReadOnlyList<(string Uuid, string Name)> Srs, RunRecord? User)
{
    public string Names => string.Join(", ", Srs.Select(s => s.Name.Length > 0 ? s.Name : s.Uuid));

    /// <summary>All there are, with the runs that need them.</summary>
    /// <param name="state">The pool's database.</param>
    /// <param name="runs">The runs that are not over.</param>
    public static List<AttachedTask> All(DatabaseState state, IReadOnlyList<RunRecord> runs) =>
    [
        .. from task in state.All<DrTaskRecord>()
           let srs = task.Record.IntroducedSrs.Select(state.Find).OfType<SrRecord>().Select(s => (s.Uuid, s.NameLabel)).ToList()
           where srs.Count > 0
           select new AttachedTask(task.Ref, task.Record.Uuid, srs, runs.FirstOrDefault(r => srs.Any(s => Needs(r, s.Uuid)))),
    ];

    // A request that names no SR means all of them, and a run may read any of them until it is over.
    private static bool Needs(RunRecord run, string sr) =>
        run.Request.Target is null
        && (run.Request.SrUuids.IsEmpty || run.Request.SrUuids.Contains(sr) || run.Plan.Steps.Any(s => s.Objects.Any(o => o.Uuid == sr)));
}
