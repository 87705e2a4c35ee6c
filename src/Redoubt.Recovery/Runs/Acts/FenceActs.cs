using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Makes sure that VMs don't run at their source, and has them run there again.</summary>
internal static class FenceActs
{
    private const string Was = "was:";

    public static async Task<StepOutcome> DoAsync(StepScope scope, FenceSource step)
    {
        switch (step.Mode)
        {
            case FenceMode.Statement:
                scope.Log(
                    $"Pool {step.Pool.Name} is taken for dead: {scope.State.StartedBy} stated that none of its hosts runs these VMs, "
                        + "now or when it comes back.");
                return new StepOutcome.Done();
            case FenceMode.Check:
                return await CheckAsync(scope, step, await scope.Pools.SourceAsync(scope.State, step.Pool, scope.Token));
            case FenceMode.ShutDown:
                return await ShutDownAsync(scope, step, await scope.Pools.SourceAsync(scope.State, step.Pool, scope.Token));
            default:
                throw new StepFailedException($"The plan has a way of fencing that is not known: {step.Mode}.");
        }
    }

    /// <summary>Starts those VMs again that this run shut down, tier by tier.</summary>
    public static async Task UndoAsync(StepScope scope, FenceSource step)
    {
        var mine = step.Vms.Where(v => scope.Fact(Was + v.Uuid) is not null).Reverse().ToList();
        if (mine.Count == 0)
        {
            await HandOverActs.LetAllAsync(scope, step);
            return;
        }

        var source = await scope.Pools.SourceAsync(scope.State, step.Pool, scope.Token);
        await HandOverActs.LetAllAsync(scope, source, step);
        foreach (var vm in mine)
        {
            await RequireOffHereAsync(scope, vm);
            var there = await scope.FindAsync<VmRecord>(source, vm.Uuid);
            if (!there.IsNull && await GuestPower.StateAsync(scope, source, there) == VmPowerState.Halted)
            {
                await StartAgainAsync(scope, source, there, vm);
            }
        }
    }

    // What was replaced at home stays replaced, and its version tells the source that the VM was recovered: rightly, but it is off, and
    // taken back.
    private static async Task StartAgainAsync(StepScope scope, XenApiClient source, Ref<VmRecord> there, PlanObject vm)
    {
        try
        {
            await source.RunTaskAsync("VM.start", [there, false, false], cancellationToken: scope.Token);
        }
        catch (XenApiException elsewhere) when (elsewhere.Code == "VM_RECOVERED_ELSEWHERE")
        {
            var here = (await scope.Target.GetAllRecordsAsync<PoolRecord>(scope.Token)).Values.Single();
            if (elsewhere.Parameters.ElementAtOrDefault(1) != here.Uuid || !await scope.OffersAsync(source, "VM.take_back"))
            {
                throw;
            }

            await source.Vm.TakeBackAsync(
                there, $"Run {scope.State.Uuid} of pool {here.NameLabel} is taken back, and the copy there is off.", scope.Token);
            scope.Log($"{vm.Describe()} was taken back by its source, since this run had recovered it here.");
            await source.RunTaskAsync("VM.start", [there, false, false], cancellationToken: scope.Token);
        }
    }

    /// <summary>Whether a pool says now that a VM is off, or does not have it; else where it runs, in words.</summary>
    public static async Task<string?> WhyAliveAsync(StepScope scope, XenApiClient source, PlanObject pool, PlanObject vm)
    {
        var there = await scope.FindAsync<VmRecord>(source, vm.Uuid);
        var state = there.IsNull ? VmPowerState.Halted : await GuestPower.StateAsync(scope, source, there);
        return GuestPower.IsOff(state)
            ? null
            : $"{vm.Describe()} is {state.ToString().ToLowerInvariant()} in {pool.Describe()}; shut it down there, or migrate it";
    }

    private static async Task<StepOutcome> CheckAsync(StepScope scope, FenceSource step, XenApiClient source)
    {
        var alive = new List<string>();
        foreach (var vm in step.Vms)
        {
            if (await WhyAliveAsync(scope, source, step.Pool, vm) is { } why)
            {
                alive.Add(why);
            }
        }

        return alive.Count == 0 ? new StepOutcome.Done() : new StepOutcome.Failed(string.Join("; ", alive) + ".");
    }

    private static async Task<StepOutcome> ShutDownAsync(StepScope scope, FenceSource step, XenApiClient source)
    {
        var order = scope.State.Plan.Tiers.SelectMany(t => t.Vms.Select(v => (v.Uuid, t.Order))).ToDictionary(t => t.Uuid, t => t.Order);
        foreach (var tier in step.Vms.GroupBy(v => order.GetValueOrDefault(v.Uuid)))
        {
            scope.Stop.ThrowIfCancellationRequested();
            await Task.WhenAll(tier.Select(vm => ShutDownAsync(scope, source, vm)));
        }

        return await CheckAsync(scope, step, source);
    }

    private static async Task ShutDownAsync(StepScope scope, XenApiClient source, PlanObject vm)
    {
        var there = await scope.FindAsync<VmRecord>(source, vm.Uuid);
        if (there.IsNull || GuestPower.IsOff(await GuestPower.StateAsync(scope, source, there)))
        {
            return;
        }

        scope.Note(Was + vm.Uuid, "Running");
        await GuestPower.StopAsync(scope, source, there, vm.Name);
    }

    // No VM runs twice, in this direction neither.
    private static async Task RequireOffHereAsync(StepScope scope, PlanObject vm)
    {
        var here = await scope.FindAsync<VmRecord>(scope.Target, vm.Uuid);
        if (!here.IsNull && await GuestPower.StateAsync(scope, scope.Target, here) is var state && !GuestPower.IsOff(state))
        {
            throw new StepFailedException(
                $"{vm.Describe()} is {state.ToString().ToLowerInvariant()} in the target pool, and must not be started at the source as "
                    + "well. Shut it down here, and have the run go on.");
        }
    }
}
