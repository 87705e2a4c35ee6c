using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// What needs two persons, and the requests there were. Every change is a function of it; the newest requests are kept.
/// <code>
///  ask ─► waiting ─► approved   ─► used        by another subject than the one who asked
///              ├───► overridden ─► used        by the one who asked, loudly
///              └───► refused                   each ends with its time as well
/// </code>
/// </summary>
/// <param name="Guarded">What needs two persons.</param>
/// <param name="Requests">The requests, the oldest first.</param>
public sealed record ApprovalBook(ImmutableSortedSet<GuardedAct> Guarded, ImmutableArray<ApprovalRequest> Requests)
{
    /// <summary>How long a request, and what was approved, holds.</summary>
    public static readonly TimeSpan Holds = TimeSpan.FromHours(4);

    private const int Kept = 500;

    /// <summary>Of a pool where nothing needs two.</summary>
    public static ApprovalBook Empty { get; } = new([], []);

    /// <summary>Whether something needs two persons. That less is to need them does wherever anything does.</summary>
    public bool Guards(GuardedAct act) => act == GuardedAct.Policy ? Guarded.Count > 0 : Guarded.Contains(act);

    /// <summary>The requests that wait for somebody.</summary>
    public IEnumerable<ApprovalRequest> WaitingAt(DateTimeOffset now) =>
        Requests.Where(r => r.Outcome == ApprovalOutcome.Waiting && now < r.Until);

    /// <summary>What was allowed to somebody and not done yet; null if nothing was.</summary>
    public ApprovalRequest? Granted(GuardedAct act, string subject, string identity, DateTimeOffset now) => Requests.LastOrDefault(
        r => r.Outcome is ApprovalOutcome.Approved or ApprovalOutcome.Overridden && Is(r, act, subject, identity) && now < r.Until);

    /// <summary>The request of somebody that waits; null if there is none.</summary>
    public ApprovalRequest? Waiting(GuardedAct act, string subject, string identity, DateTimeOffset now) =>
        WaitingAt(now).LastOrDefault(r => Is(r, act, subject, identity));

    /// <summary>With one request more.</summary>
    public ApprovalBook Add(ApprovalRequest request) =>
        this with { Requests = [.. Requests.TakeLast(Kept - 1), request] };

    /// <summary>With a request that stands elsewhere.</summary>
    public ApprovalBook With(ApprovalRequest request) =>
        this with { Requests = [.. Requests.Select(r => r.Id == request.Id ? request : r)] };

    private static bool Is(ApprovalRequest r, GuardedAct act, string subject, string identity) =>
        r.Act == act && r.Subject == subject && r.ByIdentity == identity;
}
