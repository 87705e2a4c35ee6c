using System.Text.Json;
using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.Server.Health;
using Redoubt.Server.Notifying;
using Redoubt.XenApi;

namespace Redoubt.Server.Metrics;

/// <summary>
/// Tells everything about a daemon that somebody may want to watch, at one moment: what would come back after a disaster, how the copies of
/// the database stand, how tests went, and how fast the daemon is. The manual has a line for each (<c>docs/operating/metrics.md</c>).
/// </summary>
internal sealed class MetricsPage(
    PoolServices pool, RecoveryService recovery, DataDirectoryWatch directory, DaemonMeters meters,
    Func<IReadOnlyList<NotifyState>> notified)
{
    /// <summary>The metrics, as somebody may see them.</summary>
    public async Task<(string ContentType, string Text)> WriteAsync(bool isOpen, SessionState caller, CancellationToken cancellationToken)
    {
        var (text, state, now) = (new MetricsText(isOpen), pool.State, pool.Time.GetUtcNow());
        var facts = ProtectionFacts.Of(state, pool.Pool);
        var own = state.Get(pool.Pool);
        text.Gauge("redoubt_info", "What runs.", new MetricSample(
            1, ("version", ProductVersion.Current), ("pool", own.NameLabel), ("uuid", own.Uuid)));
        Protection(text, facts);
        Copies(text, state, now);
        Hosts(text, state);
        Runs(text, recovery.Runs(caller), await recovery.ListPlansAsync(foreign: false, caller, cancellationToken));
        Targets(text, recovery.Targets(caller));
        text.Gauge("redoubt_schedule_missed", "How often a scheduled test was missed since one was started.", recovery.ListSchedules(caller)
            .Select(s => new MetricSample(s.Missed, ("schedule", s.Name), ("plan", s.Plan))));
        text.Gauge("redoubt_messages", "Messages for people that are kept.", state.All<MessageRecord>()
            .GroupBy(m => (m.Record.Name, m.Record.Priority)).OrderBy(g => g.Key.Name, StringComparer.Ordinal)
            .Select(g => new MetricSample(g.Count(), ("name", g.Key.Name), ("priority", $"{g.Key.Priority}"))));
        var targets = notified();
        text.Gauge("redoubt_notify_waiting", "Messages that are still to be sent to a target.", targets
            .Select(t => new MetricSample(t.Waiting, ("target", t.Target))));
        text.Gauge("redoubt_notify_healthy", "Whether a target took what was sent to it last.", targets
            .Select(t => MetricSample.Of(t.Failure is null, ("target", t.Target))));
        Speed(text);
        return (text.ContentType, text.Finish());
    }

    private static void Protection(MetricsText text, ProtectionFacts facts)
    {
        var vms = facts.Vms.Where(vm => !vm.IsOfTest).ToList();
        text.Gauge("redoubt_vm_protected", "Whether a VM would come back after a disaster, and what keeps it from that.", vms
            .Select(vm => MetricSample.Of(
                vm.Exposure == Exposure.None, ("uuid", vm.Uuid), ("name", vm.Name), ("exposure", Word(vm.Exposure)))));
        text.Gauge("redoubt_vms", "VMs, by their power state.", vms.GroupBy(vm => vm.Power).OrderBy(g => g.Key)
            .Select(g => new MetricSample(g.Count(), ("power_state", VmPowerStateType.Instance.Encode(g.Key)))));
        text.Gauge("redoubt_sr_protected", "Whether the pool's metadata are kept on an SR.", facts.Srs
            .Select(sr => MetricSample.Of(sr.IsProtected, Labels(sr))));
        text.Gauge("redoubt_sr_attached", "Whether an SR is attached.", facts.Srs
            .Select(sr => MetricSample.Of(sr.IsAttached, Labels(sr))));
        text.Gauge("redoubt_sr_size_bytes", "How much an SR holds at most.", facts.Srs.Where(sr => sr.SizeBytes > 0)
            .Select(sr => new MetricSample(sr.SizeBytes, Labels(sr))));
        text.Gauge("redoubt_sr_used_bytes", "How much of an SR is used.", facts.Srs.Where(sr => sr.SizeBytes > 0)
            .Select(sr => new MetricSample(sr.UsedBytes, Labels(sr))));
    }

    private static (string Name, string Value)[] Labels(SrView sr) => [("sr", sr.Uuid), ("name", sr.Name)];

    private void Copies(MetricsText text, DatabaseState state, DateTimeOffset now)
    {
        var copies = pool.Database.Journals
            .Select(j => (Journal: j, j.Standing, Sr: state.Find(state.Find(state.FindByUuid<VdiRecord>(j.Key))?.Sr ?? default)))
            .Where(c => c.Sr is not null)
            .Select(c => (c.Journal, c.Standing, Labels: new[] { ("sr", c.Sr!.Uuid), ("name", c.Sr.NameLabel) })).ToList();
        text.Gauge("redoubt_copy_healthy", "Whether a copy of the database is written at every change.", copies
            .Select(c => MetricSample.Of(c.Standing.Health == JournalHealth.Healthy, c.Labels)));
        text.Gauge("redoubt_copy_lag_changes", "How many changes a copy of the database lacks.", copies
            .Select(c => new MetricSample(Lag(c.Journal, c.Standing), c.Labels)));
        text.Gauge("redoubt_copy_age_seconds", "How long a copy has not been written; 0 while it is at every change.", copies
            .Select(c => new MetricSample(Age(c.Standing, now), c.Labels)));
        text.Gauge("redoubt_journal_healthy", "Whether the pool's own journal can be written.", MetricSample.Of(
            pool.Database.Own.Health == JournalHealth.Healthy));
        text.Gauge("redoubt_generation", "How many changes the database has seen.", new MetricSample(state.Generation));
    }

    private long Lag(LiveJournal journal, JournalStanding standing) =>
        standing.Health == JournalHealth.Healthy ? 0 : Math.Max(0, pool.Database.JournalledGeneration - journal.Generation);

    private static double Age(JournalStanding standing, DateTimeOffset now) =>
        (CopyAges.Of(standing, now) ?? TimeSpan.Zero).TotalSeconds;

    private void Hosts(MetricsText text, DatabaseState state)
    {
        var hosts = state.All<HostRecord>().Select(h => h.Record)
            .Select(h => (Record: h, Metrics: state.Find(h.Metrics), Labels: new[] { ("host", h.Uuid), ("name", h.NameLabel) })).ToList();
        text.Gauge("redoubt_host_enabled", "Whether a host starts VMs.", hosts.Select(h => MetricSample.Of(h.Record.Enabled, h.Labels)));
        text.Gauge("redoubt_host_memory_total_bytes", "A host's memory.", hosts.Where(h => h.Metrics is not null)
            .Select(h => new MetricSample(h.Metrics!.MemoryTotal, h.Labels)));
        text.Gauge("redoubt_host_memory_free_bytes", "What of a host's memory is free.", hosts.Where(h => h.Metrics is not null)
            .Select(h => new MetricSample(h.Metrics!.MemoryFree, h.Labels)));
        text.Gauge("redoubt_hypervisor_up", "Whether the hypervisor of a host can be used.", pool.Hosts.All
            .Select(h => MetricSample.Of(h.Current is not null, ("host", state.Find(h.Host)?.Uuid ?? ""))));
        text.Gauge("redoubt_guests_not_answering", "Guests that do not answer the hypervisor.", new MetricSample(
            pool.Hosts.Silence.Vms.Count));
        text.Gauge("redoubt_data_directory_healthy", "Whether the daemon's own directory answers.", MetricSample.Of(
            directory.Trouble is null));
    }

    private static void Runs(MetricsText text, IReadOnlyList<RunSummary> runs, PlanCatalog catalog)
    {
        text.Gauge("redoubt_runs", "Runs that are kept, by their kind and by where they stand or how they ended.", runs
            .GroupBy(r => (r.Kind, r.Phase)).OrderBy(g => g.Key)
            .Select(g => new MetricSample(g.Count(), ("kind", Word(g.Key.Kind)), ("phase", Word(g.Key.Phase)))));
        text.Gauge("redoubt_plan_saved_timestamp_seconds", "When a plan was saved last.", catalog.Plans
            .Select(p => new MetricSample(p.SavedAt.ToUnixTimeSeconds(), ("plan", p.Name))));
        var tests = catalog.Plans.Select(p => (Plan: p, Test: PlanTests.LastOf(runs, p)))
            .Where(p => p.Test is not null).ToList();
        text.Gauge("redoubt_plan_last_test_timestamp_seconds", "When the last test of a plan, as it is now, began.", tests
            .Select(t => new MetricSample(t.Test!.StartedAt.ToUnixTimeSeconds(), ("plan", t.Plan.Name))));
        text.Gauge("redoubt_plan_last_test_succeeded", "Whether it succeeded.", tests
            .Select(t => MetricSample.Of(t.Test!.Phase == RunPhase.Succeeded, ("plan", t.Plan.Name))));
        text.Gauge("redoubt_plan_last_test_duration_seconds", "How long it took: the recovery time that was measured.", tests
            .Where(t => t.Test!.EndedAt is not null)
            .Select(t => new MetricSample((t.Test!.EndedAt!.Value - t.Test.StartedAt).TotalSeconds, ("plan", t.Plan.Name))));
    }

    private void Speed(MetricsText text)
    {
        text.Histogram(
            "redoubt_commit_duration_seconds", "How long it took to make a batch of changes durable.",
            DaemonMeters.Bounds, meters.Histogram("redoubt.commit.duration"));
        text.Counter("redoubt_commit_changes", "Transactions that were made durable.", new MetricSample(
            meters.Counter("redoubt.commit.changes")));
        text.Histogram(
            "redoubt_guest_start_duration_seconds", "How long it took the hypervisor to start a guest.",
            DaemonMeters.Bounds, meters.Histogram("redoubt.guest.start.duration"));
        text.Histogram(
            "redoubt_storage_duration_seconds", "How long operations of storage took, on all SRs.",
            DaemonMeters.Bounds, meters.Histogram("redoubt.sr.duration"));
        text.Counter("redoubt_rpc_calls", "Calls that were answered, by message and by the code of the failure.", meters
            .AnsweredCalls().Select(c => new MetricSample(c.Count, ("message", c.Message), ("failure", c.Failure))));
    }

    // What has no end is infinite, so that every multiple of a target is exceeded by it; what can't be measured is absent.
    private static void Targets(MetricsText text, IReadOnlyList<TargetStanding> targets)
    {
        Of("rpo", "How old the state may be that a disaster leaves behind.", "How old it would be now.", t => t.Rpo);
        Of("rto", "How long a recovery may take.", "How long the last test or run took.", t => t.Rto);

        void Of(string name, string target, string measured, Func<TargetStanding, TargetMeasure?> measure)
        {
            var all = targets.Where(t => measure(t) is not null)
                .Select(t => (Measure: measure(t)!, Labels: new[] { ("kind", Word(t.Subject)), ("uuid", t.Uuid), ("name", t.Name) }))
                .ToList();
            text.Gauge(
                $"redoubt_{name}_target_seconds", target, all.Select(t => new MetricSample(t.Measure.Target.TotalSeconds, t.Labels)));
            text.Gauge($"redoubt_{name}_seconds", measured, all.Where(t => t.Measure.Verdict != TargetVerdict.Unknown)
                .Select(t => new MetricSample(t.Measure.Measured?.TotalSeconds ?? double.PositiveInfinity, t.Labels)));
        }
    }

    private static string Word<T>(T value)
        where T : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName($"{value}");
}
