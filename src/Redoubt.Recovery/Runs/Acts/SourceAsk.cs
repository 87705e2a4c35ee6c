using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Asks those who could be running a VM whether they do.</summary>
internal static class SourceAsk
{
    /// <summary>The question whether a source that fell silent is dead, and its answer.</summary>
    public const string DeadKey = "dead:";
    public const string Dead = "dead";

    // A source that is taken for dead must not hold up those who wait for its VMs.
    private static readonly TimeSpan DeadLimit = TimeSpan.FromSeconds(5);

    /// <summary>The fences of a VM whose sources must answer.</summary>
    public static IEnumerable<FenceSource> Fences(StepScope scope, PlanObject vm) => All(scope, vm).Where(f => !IsTakenForDead(scope, f));

    /// <summary>Those sources that people stated to be dead, and that answer all the same.</summary>
    public static async Task<IReadOnlyList<FenceSource>> RisenAsync(StepScope scope, IEnumerable<PlanObject> vms)
    {
        var risen = new List<FenceSource>();
        foreach (var fence in vms.SelectMany(v => All(scope, v)).Where(f => IsKnown(scope, f) && IsTakenForDead(scope, f)).Distinct()
            .ToList())
        {
            // By real time, for so goes the network, whatever clock the run goes by.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(scope.Token);
            limit.CancelAfter(DeadLimit);
            try
            {
                var source = await scope.Pools.SourceAsync(scope.State, fence.Pool, limit.Token);
                await source.Pool.GetAllAsync(limit.Token);
                scope.Log($"{fence.Pool.Describe()} was stated to be dead, but answers.");
                risen.Add(fence);
            }
            catch (Exception silent) when (silent is XenApiTransportException or XenApiException or StepFailedException
                || (silent is OperationCanceledException && !scope.Token.IsCancellationRequested))
            {
                // As was stated; or there is no way to ask that pool.
            }
        }

        return risen;
    }

    /// <summary>Where a VM runs at a source, in words; null if none that can be asked says so.</summary>
    /// <param name="scope">The step.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="risen">The sources that were stated to be dead and answer.</param>
    public static async Task<string?> WhyAliveAsync(StepScope scope, PlanObject vm, IReadOnlyList<FenceSource> risen)
    {
        foreach (var fence in All(scope, vm).Where(f => !IsTakenForDead(scope, f) || risen.Contains(f)))
        {
            try
            {
                var source = await scope.Pools.SourceAsync(scope.State, fence.Pool, scope.Token);
                if (await FenceActs.WhyAliveAsync(scope, source, fence.Pool, vm) is { } alive)
                {
                    return alive;
                }
            }
            catch (XenApiTransportException) when (risen.Contains(fence))
            {
                // It was stated to be dead, and is again.
            }
        }

        return null;
    }

    /// <summary>
    /// Tells the target what people have stated, before it starts a VM: it asks the sites that it knows by itself, and would have to refuse
    /// where one is silent. Each statement is for this start only, and stands in the target's records too.
    /// </summary>
    public static async Task StateAsync(StepScope scope, PlanObject vm, Ref<VmRecord> here, IReadOnlyList<FenceSource> risen)
    {
        if (!await scope.OffersAsync(scope.Target, "VM.state_site_dead"))
        {
            return;
        }

        // What a bare "the source is dead" means, the plan has found out; of a silent site there is no fence.
        var dead = All(scope, vm).Where(f => IsTakenForDead(scope, f) && !risen.Contains(f)).Select(f => f.Pool.Uuid);
        foreach (var site in dead.Concat(scope.State.Plan.StatedDead.Select(p => p.Uuid)).Concat(scope.State.Request.Policy.DeadSources)
            .Distinct().Where(s => !scope.Pools.SitesUnknownToTarget.ContainsKey(s)).ToList())
        {
            try
            {
                await scope.Target.Vm.StateSiteDeadAsync(
                    here, site, $"{scope.State.Operator}, for run {scope.State.Uuid}: the source is dead.", scope.Token);
            }
            catch (XenApiException unknown) when (unknown.Code == "DR_SITE_UNKNOWN")
            {
                // The target does not know that pool, so it does not ask it either.
                scope.Pools.SitesUnknownToTarget[site] = true;
            }
        }
    }

    private static IEnumerable<FenceSource> All(StepScope scope, PlanObject vm) =>
        scope.State.Plan.Steps.OfType<FenceSource>().Where(f => f.Vms.Any(v => v.Uuid == vm.Uuid));

    private static bool IsKnown(StepScope scope, FenceSource fence) =>
        scope.State.Request.Source is not null || scope.State.Request.Sources.ContainsKey(fence.Pool.Uuid);

    private static bool IsTakenForDead(StepScope scope, FenceSource fence) =>
        fence.Mode == FenceMode.Statement || scope.Answer(DeadKey + fence.Pool.Uuid) == Dead;
}
