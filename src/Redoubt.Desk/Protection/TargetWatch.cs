using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Tells people when a target is not kept any more, and when it is again: once for each time. Who was told before a restart follows from
/// the messages that are kept. What can't be measured for a while changes nothing.
/// </summary>
internal sealed class TargetWatch(
    PoolServices pool, Func<ImmutableArray<TargetStanding>> judge, ILogger<TargetWatch> log) : IAsyncDisposable
{
    /// <summary>The time between two looks.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly HashSet<(TargetSubject Subject, string Uuid, string Name, bool IsRpo)> _told = [];
    private bool _hasBegun;
    private Worker? _worker;

    /// <summary>Begins to look.</summary>
    public void Start() => _worker = new("The watch on targets", Pause, pool.Time, log, isFirstAtOnce: true, _ => LookAsync());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await (_worker?.DisposeAsync() ?? ValueTask.CompletedTask);

    private async Task LookAsync()
    {
        var now = judge();
        if (!_hasBegun)
        {
            Recall(now);
            _hasBegun = true;
        }

        foreach (var standing in now)
        {
            await TellAsync(standing, standing.Rpo, isRpo: true);
            await TellAsync(standing, standing.Rto, isRpo: false);
        }

        // A target that is gone, with what it was of or without, is told of anew when it comes back.
        _told.RemoveWhere(t => !now.Any(
            s => (s.Subject, s.Uuid, s.Name) == (t.Subject, t.Uuid, t.Name) && (t.IsRpo ? s.Rpo : s.Rto) is not null));
    }

    private async Task TellAsync(TargetStanding standing, TargetMeasure? measure, bool isRpo)
    {
        var key = (standing.Subject, standing.Uuid, standing.Name, isRpo);
        if (measure is { Verdict: TargetVerdict.Exceeded } && !_told.Contains(key))
        {
            var (about, uuid) = About(standing);
            await pool.PostAsync(new Announcement.TargetExceeded(about, uuid, Sentence(standing, measure, isRpo)));
            _told.Add(key);
        }
        else if (measure is { Verdict: TargetVerdict.Met } && _told.Contains(key))
        {
            var (about, uuid) = About(standing);
            await pool.PostAsync(new Announcement.TargetMet(about, uuid, Sentence(standing, measure, isRpo)));
            _told.Remove(key);
        }
    }

    private void Recall(IEnumerable<TargetStanding> standings)
    {
        var kept = pool.State.All<MessageRecord>().Select(m => m.Record)
            .Where(m => m.Name is Announcement.TargetExceeded.Called or Announcement.TargetMet.Called)
            .OrderByDescending(m => m.Timestamp).ToList();
        foreach (var (standing, isRpo) in standings.SelectMany(s => new[] { (s, true), (s, false) }))
        {
            if (kept.Find(m => m.Body.StartsWith(Beginning(standing, isRpo), StringComparison.Ordinal)) is
                { Name: Announcement.TargetExceeded.Called })
            {
                _told.Add((standing.Subject, standing.Uuid, standing.Name, isRpo));
            }
        }
    }

    // XenAPI's messages know nothing of vApps.
    private (Cls About, string Uuid) About(TargetStanding standing) => standing.Subject switch
    {
        TargetSubject.Vm => (Cls.Vm, standing.Uuid),
        TargetSubject.Plan or TargetSubject.Appliance => (Cls.Pool, pool.State.Get(pool.Pool).Uuid),
    };

    private static string Beginning(TargetStanding standing, bool isRpo) => $"{standing.Describe()}: {(isRpo ? "RPO" : "RTO")} ";

    private static string Sentence(TargetStanding standing, TargetMeasure measure, bool isRpo) =>
        $"{Beginning(standing, isRpo)}{TargetText.Of(measure)} ({measure.How}).";
}
