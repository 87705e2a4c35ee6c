using System.Collections.Immutable;
using System.Globalization;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>Reads a pool's <see cref="DrStatus"/>, as the caller may see it.</summary>
internal sealed class DrStatusReader(PoolServices pool, XenApiClient api, Sites sites, SavedPlans plans)
{
    public async Task<DrStatus> ReadAsync(
        SessionState caller, IReadOnlyList<RunSummary> runs, ImmutableArray<Schedule> schedules,
        ImmutableArray<TargetStanding> targets, IEnumerable<Problem> watched, CancellationToken cancellationToken)
    {
        var answers = sites.TestAllAsync(cancellationToken);
        var facts = ProtectionFacts.Of(pool.State, pool.Pool);
        var copies = await Replication.AskAsync(api, facts.Srs, cancellationToken);
        var found = await FoundAsync(cancellationToken);
        var catalog = plans.Own();
        if (caller.Role >= Role.PoolOperator)
        {
            var foreign = await plans.ForeignAsync(api, cancellationToken);
            catalog = new([.. catalog.Plans, .. foreign.Plans], [.. catalog.Problems, .. foreign.Problems]);
        }

        var (own, now, tested) = (pool.State.Get(pool.Pool), pool.Time.GetUtcNow(), await answers);
        return new()
        {
            Pool = new(ObjectKind.Pool, own.Uuid, own.NameLabel),
            At = now,
            Problems =
            [
                .. Problems.Of(facts, copies, runs, catalog, schedules, tested, found, targets, watched, now)
                    .Select(ProblemSentences.Of),
            ],
            Sites = tested,
            Protected = [.. facts.Srs.Where(sr => copies.ContainsKey(sr.Uuid)).Select(sr => ProtectedSr.Of(sr, copies[sr.Uuid]))],
            Unprotected = [.. facts.Exposed.Select(vm => new UnprotectedVm(new(ObjectKind.Vm, vm.Uuid, vm.Name), ProblemSentences.Why(vm)) { Exposure = vm.Exposure })],
            Found = found,
            Plans = [.. catalog.Plans.Select(p => new PlanStatus(p, runs.FirstOrDefault(r => PlanTests.IsOf(r, p))))],
            Targets = targets,
            Schedules = schedules,
            Runs = [.. runs.Where(r => !r.Phase.IsFinal())],
        };
    }

    private async Task<ImmutableArray<FoundMetadata>> FoundAsync(CancellationToken cancellationToken)
    {
        var found = ImmutableArray.CreateBuilder<FoundMetadata>();
        foreach (var (reference, vdi) in pool.State.All<VdiRecord>()
            .Where(v => v.Record.Type == VdiType.Metadata && v.Record.MetadataOfPool != pool.Pool))
        {
            if (pool.State.Find(vdi.Sr) is not { } sr)
            {
                continue;
            }

            var facts = await FactsAsync(reference, cancellationToken);
            found.Add(new(
                vdi.Uuid, sr.Uuid, sr.NameLabel, facts.GetValueOrDefault("pool-name"),
                DateTimeOffset.TryParse(
                    facts.GetValueOrDefault("written-at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                    ? at
                    : null,
                facts.GetValueOrDefault("verdict")));
        }

        return found.ToImmutable();
    }

    private async Task<ImmutableSortedDictionary<string, string>> FactsAsync(Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        try
        {
            return await api.Vdi.GetMetadataFactsAsync(vdi, cancellationToken);
        }
        catch (XenApiException unreadable)
        {
            return ImmutableSortedDictionary<string, string>.Empty.Add(
                "verdict", $"unreadable: {unreadable.Code} {string.Join(", ", unreadable.Parameters)}".TrimEnd());
        }
    }
}
