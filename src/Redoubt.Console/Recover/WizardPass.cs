using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console.Recover;

/// <summary>
/// What one pass through the wizard has read, and the plans made of that. It is read again when the request looks elsewhere, when the pool
/// has changed in what a plan goes by, and when somebody asks; any other choice is planned from what is there. All members are called by
/// the page, on its own thread.
/// </summary>
/// <param name="read">Reads what a plan is made from, which in a big pool takes seconds.</param>
/// <param name="plan">Makes a plan from it, which takes a fraction of one.</param>
/// <param name="state">The pool as it is now.</param>
internal sealed class WizardPass(
    Func<RecoveryRequest, Task<Inventory>> read, Func<RecoveryRequest, Inventory, PlannedRecovery> plan, Func<DatabaseState> state)
{
    // With a selection and without, and what was planned before somebody thought better of it.
    private const int PlansKept = 4;

    private readonly List<(RecoveryRequest Request, PlannedRecovery Planned)> _plans = [];
    private RecoveryRequest? _readFor;
    private Inventory? _facts;
    private List<Table> _readFrom = [];

    /// <summary>Whether a plan for a request can be made from what was read.</summary>
    public bool Knows(RecoveryRequest request) =>
        _facts is not null && _readFor!.LooksWhere(request) && Tables().SequenceEqual(_readFrom, ReferenceEqualityComparer.Instance);

    /// <summary>Has everything read again for the next plan.</summary>
    public void Forget() => _facts = null;

    /// <summary>The plan for a request.</summary>
    /// <exception cref="XenApiException">Among others <c>DR_SITE_UNKNOWN</c>, <c>INVALID_VALUE</c>.</exception>
    public async Task<PlannedRecovery> PlanAsync(RecoveryRequest request)
    {
        if (!Knows(request))
        {
            Forget();

            // Before: what changes while it is read may be in it or not.
            var from = Tables();
            var now = await read(request);
            _plans.Clear();
            (_readFor, _facts, _readFrom) = (request, now, from);
        }

        if (_plans.Find(p => p.Request == request) is { Planned: { } known })
        {
            return known;
        }

        var facts = _facts!;
        var planned = await Task.Run(() => plan(request, facts));
        if (ReferenceEquals(facts, _facts))
        {
            _plans.Insert(0, (request, planned));
            _plans.RemoveRange(Math.Min(PlansKept, _plans.Count), Math.Max(0, _plans.Count - PlansKept));
        }

        return planned;
    }

    // What reading changes by itself is not among them (it scans storage), or the page would never be done. Whoever starts a run has all of
    // it read again in any case.
    private List<Table> Tables()
    {
        var now = state();
        return
        [
            now.Table(VmRecord.Declaration), now.Table(VbdRecord.Declaration), now.Table(VifRecord.Declaration),
            now.Table(VmApplianceRecord.Declaration), now.Table(NetworkRecord.Declaration), now.Table(PbdRecord.Declaration),
            now.Table(DrTaskRecord.Declaration),
        ];
    }
}
