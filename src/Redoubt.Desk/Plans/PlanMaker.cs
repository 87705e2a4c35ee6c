using System.Collections.Immutable;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>Makes plans: finds out which pools a request is about, reads them, and has <see cref="Planner"/> decide.</summary>
internal sealed class PlanMaker(PoolServices pool, LocalPool local, Sites sites, SiteAsks asks)
{
    // A database of ten thousand VMs is read in less; what takes longer is stuck.
    private static readonly TimeSpan ReadLimit = TimeSpan.FromMinutes(3);

    /// <summary>Makes the plan that a request asks for.</summary>
    /// <returns>The request with what was found out about its sources, and the plan.</returns>
    /// <exception cref="XenApiException">Among others <c>DR_SITE_UNKNOWN</c>, <c>INVALID_VALUE</c>,
    /// <c>RBAC_PERMISSION_DENIED</c>.</exception>
    public async Task<(RecoveryRequest Request, RecoveryPlan Plan)> MakeAsync(
        RecoveryRequest request, SessionState caller, CancellationToken cancellationToken)
    {
        RequireReach(request, caller);
        var asked = SourcesOf(request);
        return Make(request, asked, await ReadAsync(request, asked, caller, cancellationToken));
    }

    /// <summary>Makes the plan that a request asks for from what was read before; nothing is looked at.</summary>
    /// <param name="request">The request.</param>
    /// <param name="facts">What was read for a request that looks at the same places.</param>
    /// <returns>The request with what was found out about its sources, and the plan.</returns>
    /// <exception cref="XenApiException">Among others <c>DR_SITE_UNKNOWN</c>, <c>INVALID_VALUE</c>.</exception>
    public (RecoveryRequest Request, RecoveryPlan Plan) Make(RecoveryRequest request, Inventory facts) =>
        Make(request, SourcesOf(request), facts);

    /// <summary>Reads what a plan would be made from.</summary>
    /// <exception cref="XenApiException">Among others <c>DR_SITE_UNKNOWN</c>, <c>INVALID_VALUE</c>,
    /// <c>RBAC_PERMISSION_DENIED</c>.</exception>
    public async Task<Inventory> ReadAsync(RecoveryRequest request, SessionState caller, CancellationToken cancellationToken)
    {
        RequireReach(request, caller);
        return await ReadAsync(request, SourcesOf(request), caller, cancellationToken);
    }

    private static (RecoveryRequest Request, RecoveryPlan Plan) Make(RecoveryRequest request, List<Site> asked, Inventory facts)
    {
        var plan = Planner.Plan(request.Policy, facts);
        return (request with { Source = request.Source ?? SourceOf(plan, asked), Sources = ByPool(asked) }, plan);
    }

    private async Task<Inventory> ReadAsync(
        RecoveryRequest request, List<Site> asked, SessionState caller, CancellationToken cancellationToken)
    {
        await using var target = request.Target is { } site ? await sites.ConnectAsync(site, cancellationToken) : local.As(caller);
        var others = asked.Select(s => new OtherPool(s.Name, token => sites.ConnectAsync(s.Name, token), s.PoolUuid));
        var unasked = SilentAsync(request, asked, cancellationToken);
        var wanted = request.ToInventoryRequest([.. others]);
        var inventory = await new InventoryReader(target, pool.Time, ReadLimit).ReadAsync(wanted, cancellationToken);
        if (await LearnKeysAsync(inventory))
        {
            inventory = await new InventoryReader(target, pool.Time, ReadLimit).ReadAsync(wanted, cancellationToken);
        }

        return inventory with { OtherPools = [.. inventory.OtherPools, .. await unasked] };
    }

    // Before a VM starts here every site is asked, those too that the request does not name: one that is silent is known before.
    private async Task<IEnumerable<OtherPoolFacts>> SilentAsync(
        RecoveryRequest request, List<Site> asked, CancellationToken cancellationToken)
    {
        if (request.Target is not null || request.Policy.Kind == RecoveryKind.Test || asked.Count == sites.All.Count())
        {
            return [];
        }

        var at = pool.Time.GetUtcNow();
        return (await asks.AskAsync($"{Guid.Empty:D}", cancellationToken))
            .Where(a => a.Silence is not null && asked.All(s => s.Name != a.Site))
            .Select(a => new OtherPoolFacts(new(a.Site, at), a.Site, OtherPoolState.Unreachable, a.Silence, null, a.PoolUuid));
    }

    // What the pools themselves say of their keys counts more than what was met on storage first.
    private async Task<bool> LearnKeysAsync(Inventory inventory)
    {
        var hasLearnt = false;
        foreach (var other in inventory.OtherPools.Where(o => o.State == OtherPoolState.Live).Select(o => o.Database!.Pool))
        {
            hasLearnt |= other.MetadataKey is { } key && await pool.TrustKeyAsync(other.Uuid, key);
        }

        return hasLearnt;
    }

    // At another site the daemon logs in as the account that was stored for it, which may do more than the caller may here; and a probe has
    // the daemon's machine connect to whatever a device configuration names.
    private static void RequireReach(RecoveryRequest request, SessionState caller)
    {
        if (request.Target is not null)
        {
            RoleCheck.Require(caller, "recovery.plan/target", Role.PoolOperator);
        }

        if (!request.Probes.IsEmpty)
        {
            RoleCheck.Require(caller, "recovery.plan/device-config", Role.PoolOperator);
        }
    }

    // A site that is named is asked, and no other: one that is dead and has nothing to do with it would hold things up. Of a loss all are,
    // since any of them could be running the VMs. A test starts nothing that could run twice.
    private List<Site> SourcesOf(RecoveryRequest request)
    {
        var others = sites.All.Where(s => s.Name != request.Target).ToList();
        return request.Source is { } named ? [sites.Get(named)] : request.Policy.Kind switch
        {
            RecoveryKind.Test => [],
            RecoveryKind.Failover => others,
            RecoveryKind.Migration or RecoveryKind.Failback => others.Count == 1
                ? others
                : throw new XenApiException(
                    "INVALID_VALUE", "source",
                    $"(none; {others.Count} sites are known: name the one that hands over with source=, dr-site-add adds one)"),
        };
    }

    // Two sites of one pool are two ways to it; one will do.
    private static ImmutableSortedDictionary<string, string> ByPool(List<Site> asked) =>
        asked.GroupBy(s => s.PoolUuid).ToImmutableSortedDictionary(p => p.Key, p => p.First().Name, StringComparer.Ordinal);

    private static string? SourceOf(RecoveryPlan plan, List<Site> asked)
    {
        var fenced = plan.Steps.OfType<FenceSource>().Select(f => f.Pool.Uuid).ToHashSet();
        return asked.FirstOrDefault(s => fenced.Contains(s.PoolUuid))?.Name;
    }
}
