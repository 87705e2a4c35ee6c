using System.Collections.Immutable;
using System.Globalization;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Server.Recovering;

/// <summary>Reads a pool's <see cref="DrStatus"/>, as the caller may see it.</summary>
internal sealed class DrStatusReader(PoolServices pool, XenApiClient api, Sites sites, SavedPlans plans)
{
    public async Task<DrStatus> ReadAsync(
        SessionState caller, IReadOnlyList<RunSummary> runs, ImmutableArray<Schedule> schedules, CancellationToken cancellationToken)
    {
        var answers = sites.TestAllAsync(cancellationToken);
        var (protectedSrs, found) = (await ProtectedAsync(cancellationToken), await FoundAsync(cancellationToken));
        var catalog = plans.Own();
        if (caller.Role >= Role.PoolOperator)
        {
            var foreign = await plans.ForeignAsync(api, cancellationToken);
            catalog = new([.. catalog.Plans, .. foreign.Plans], [.. catalog.Problems, .. foreign.Problems]);
        }

        var own = pool.State.Get(pool.Pool);
        var status = new DrStatus
        {
            Pool = new(ObjectKind.Pool, own.Uuid, own.NameLabel),
            At = pool.Time.GetUtcNow(),
            Sites = await answers,
            Protected = protectedSrs,
            Unprotected = [.. Unprotected([.. protectedSrs.Select(s => s.Uuid)])],
            Found = found,
            Plans = [.. catalog.Plans.Select(p => new PlanStatus(p, runs.FirstOrDefault(r => PlanTests.IsOf(r, p))))],
            Schedules = schedules,
            Runs = [.. runs.Where(r => !r.Phase.IsFinal())],
        };
        return status with { Problems = [.. Problems(status), .. catalog.Problems] };
    }

    private static IEnumerable<string> Problems(DrStatus status)
    {
        foreach (var run in status.Runs)
        {
            switch (run.Phase)
            {
                case RunPhase.Interrupted: yield return $"The {Word(run.Kind)} {run.Uuid} was interrupted: dr-run-resume or dr-run-undo uuid={run.Uuid}"; break;
                case RunPhase.Waiting: yield return $"The {Word(run.Kind)} {run.Uuid} waits for an answer: dr-run-show uuid={run.Uuid}"; break;
                case RunPhase.Paused: yield return $"The {Word(run.Kind)} {run.Uuid} is paused: dr-run-resume, dr-run-cancel or dr-run-undo uuid={run.Uuid}"; break;
                case RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling or RunPhase.Undoing or RunPhase.Succeeded or RunPhase.Partial or RunPhase.Failed
                    or RunPhase.Cancelled or RunPhase.Undone:
                    break;
            }
        }

        foreach (var sr in status.Protected.Where(s => s.Health != "healthy"))
        {
            yield return $"SR {sr.Name}: the copy of the metadata there is {sr.Health}{(sr.Reason is { } reason ? $" ({reason})" : "")}.";
        }

        if (status.Unprotected.Length > 0)
        {
            yield return status.Unprotected.Length == 1
                ? $"VM {status.Unprotected[0].Vm.Name} is not protected: {status.Unprotected[0].Reason}."
                : $"{status.Unprotected.Length} VMs are not protected.";
        }

        foreach (var site in status.Sites.Where(s => s.IsReachable == false))
        {
            yield return $"Site {site.Site.Name} does not answer: {site.Failure}";
        }

        foreach (var (plan, test) in status.Plans.Select(p => (p.Plan, p.LastTest)))
        {
            if (test is null)
            {
                yield return $"Plan {plan.Name} has never been tested here.";
            }
            else if (test.Phase.IsFinal() && test.Phase != RunPhase.Succeeded)
            {
                yield return $"The last test of plan {plan.Name} did not succeed: dr-report uuid={test.Uuid}";
            }
            else if (status.At - test.StartedAt > PlanTests.AtLeastEvery)
            {
                yield return $"The last test of plan {plan.Name} was {(status.At - test.StartedAt).TotalDays:0} days ago.";
            }
        }

        foreach (var schedule in status.Schedules)
        {
            if (schedule.Missed > 0)
            {
                yield return $"Schedule {schedule.Name} was missed {schedule.Missed} times, because the daemon did not run.";
            }

            if (schedule.Last is { Failure: { } failure })
            {
                yield return $"Schedule {schedule.Name} could not start its test: {failure}";
            }
        }
    }

    private static string Word(RecoveryKind kind) => kind.ToString().ToLowerInvariant();

    private async Task<ImmutableArray<ProtectedSr>> ProtectedAsync(CancellationToken cancellationToken)
    {
        var srs = ImmutableArray.CreateBuilder<ProtectedSr>();
        foreach (var (reference, sr) in pool.State.All<SrRecord>().OrderBy(s => s.Record.NameLabel, StringComparer.Ordinal))
        {
            var state = await api.CallAsync<ImmutableSortedDictionary<string, string>>("SR.get_database_replication_state", [reference], cancellationToken);
            if (state.GetValueOrDefault("enabled") != "true")
            {
                continue;
            }

            srs.Add(new(
                sr.Uuid, sr.NameLabel, state.GetValueOrDefault("health", "unknown"),
                state.TryGetValue("generations_behind", out var behind) ? long.Parse(behind, CultureInfo.InvariantCulture) : null,
                state.GetValueOrDefault("reason"),
                state.TryGetValue("broken_since", out var since) ? XenTypes.DateTime.Decode(since) : null));
        }

        return srs.ToImmutable();
    }

    private async Task<ImmutableArray<FoundMetadata>> FoundAsync(CancellationToken cancellationToken)
    {
        var found = ImmutableArray.CreateBuilder<FoundMetadata>();
        foreach (var (reference, vdi) in pool.State.All<VdiRecord>().Where(v => v.Record.Type == VdiType.Metadata && v.Record.MetadataOfPool != pool.Pool))
        {
            if (pool.State.Find(vdi.Sr) is not { } sr)
            {
                continue;
            }

            var facts = await FactsAsync(reference, cancellationToken);
            found.Add(new(
                vdi.Uuid, sr.Uuid, sr.NameLabel, facts.GetValueOrDefault("pool-name"),
                DateTimeOffset.TryParse(facts.GetValueOrDefault("written-at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null,
                facts.GetValueOrDefault("verdict")));
        }

        return found.ToImmutable();
    }

    private async Task<ImmutableSortedDictionary<string, string>> FactsAsync(Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        try
        {
            return await api.CallAsync<ImmutableSortedDictionary<string, string>>("VDI.get_metadata_facts", [vdi], cancellationToken);
        }
        catch (XenApiException unreadable)
        {
            return ImmutableSortedDictionary<string, string>.Empty.Add("verdict", $"unreadable: {unreadable.Code} {string.Join(", ", unreadable.Parameters)}".TrimEnd());
        }
    }

    private IEnumerable<UnprotectedVm> Unprotected(HashSet<string> protectedSrs)
    {
        var state = pool.State;
        foreach (var (_, vm) in state.All<VmRecord>().Where(v => v.Record is { IsControlDomain: false, IsATemplate: false, IsASnapshot: false })
            .OrderBy(v => v.Record.NameLabel, StringComparer.Ordinal))
        {
            // A test's copy is meant to go.
            if (vm.OtherConfig.ContainsKey("dr-test"))
            {
                continue;
            }

            var outside = vm.Vbds.Select(state.Find).OfType<VbdRecord>().Where(b => b is { Type: VbdType.Disk, Empty: false })
                .Select(b => state.Find(b.Vdi)).OfType<VdiRecord>().Select(d => state.Find(d.Sr)).OfType<SrRecord>()
                .Where(s => !protectedSrs.Contains(s.Uuid)).Select(s => s.NameLabel).Distinct(StringComparer.Ordinal).ToList();
            var subject = new PlanObject(ObjectKind.Vm, vm.Uuid, vm.NameLabel);
            if (outside.Count > 0)
            {
                yield return new(subject, $"it has a disk on {string.Join(", ", outside)}, which is not protected");
            }
            else if (protectedSrs.Count == 0)
            {
                yield return new(subject, "no SR holds this pool's metadata");
            }
        }
    }
}
