using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Keeps the source from starting what it has handed over, and lets it again.</summary>
internal static class HandOverActs
{
    private const string Told = "told:";

    // A source that is still lost must not hold up those who take the run back.
    private static readonly TimeSpan LetLimit = TimeSpan.FromSeconds(10);

    public static async Task<StepOutcome> DoAsync(StepScope scope, HandOver step)
    {
        var here = (await scope.Target.GetAllRecordsAsync<PoolRecord>(scope.Token)).Values.Single();
        var reason = HandOverMark.Reason($"pool {here.NameLabel} ({here.Uuid})", scope.State.Uuid);
        var failed = new List<string>();
        var isRepeated = false;
        foreach (var vm in step.Vms.Where(v => scope.State.Vms.Any(p => p.Vm.Uuid == v.Uuid && p.RecoveredAt is not null)))
        {
            scope.Note(Told + vm.Uuid, "blocked");
            try
            {
                await BlockAsync(scope, step, vm, reason);
            }
            catch (XenApiException refused) when (!Failures.IsSessionGone(refused))
            {
                failed.Add($"{vm.Name}: {Failures.Describe(refused)}");
            }
            catch (XenApiTransportException) when (!isRepeated)
            {
                // One lost answer is not yet a lost source.
                isRepeated = true;
                if (await GoneAsync(() => BlockAsync(scope, step, vm, reason)) is { } silent)
                {
                    return Gone(scope, step, silent);
                }
            }
            catch (XenApiTransportException silent)
            {
                return Gone(scope, step, silent.Message);
            }
        }

        return failed.Count == 0 ? new StepOutcome.Done()
            : new StepOutcome.Partial(
                $"{step.Pool.Describe()} would start its own copies: {string.Join("; ", failed)}. See to it that nobody starts them there");
    }

    public static async Task UndoAsync(StepScope scope, HandOver step)
    {
        var told = step.Vms.Where(v => scope.Fact(Told + v.Uuid) is not null).ToList();
        if (told.Count == 0)
        {
            return;
        }

        var source = await scope.Pools.SourceAsync(scope.State, step.Pool, scope.Token);
        foreach (var vm in told)
        {
            if (await scope.FindAsync<VmRecord>(source, vm.Uuid) is { IsNull: false } there)
            {
                await LetAsync(scope, source, there, (await scope.GetAsync(source, there)).BlockedOperations);
            }
        }
    }

    /// <summary>
    /// Takes the marks off that say the target has the VMs: the run is taken back, so it has them no more. A source that was lost is told
    /// if it answers by now; else it is people's to take its VMs back there.
    /// </summary>
    public static async Task LetAllAsync(StepScope scope, FenceSource step)
    {
        if (!scope.State.Request.Sources.ContainsKey(step.Pool.Uuid))
        {
            return;
        }

        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(scope.Token);
            limit.CancelAfter(LetLimit);
            await LetAllAsync(scope, await scope.Pools.SourceAsync(scope.State, step.Pool, limit.Token), step);
        }
        catch (Exception silent) when (silent is XenApiTransportException or StepFailedException
            || silent is XenApiException refused && !Failures.IsSessionGone(refused)
            || (silent is OperationCanceledException && !scope.Token.IsCancellationRequested))
        {
            scope.Log(
                $"{step.Pool.Describe()} could not be told that these VMs are its own again ({silent.Message}). If it refuses to start "
                    + "them, take them back there (vm-take-back).");
        }
    }

    /// <summary>The same where the source answers.</summary>
    public static async Task LetAllAsync(StepScope scope, XenApiClient source, FenceSource step)
    {
        var here = (await scope.Target.GetAllRecordsAsync<PoolRecord>(scope.Token)).Values.Single();
        foreach (var vm in step.Vms)
        {
            if (await scope.FindAsync<VmRecord>(source, vm.Uuid) is { IsNull: false } there)
            {
                var blocked = (await scope.GetAsync(source, there)).BlockedOperations;
                await LetAsync(
                    scope, source, there,
                    blocked.RemoveRange(blocked.Where(b => !b.Value.Contains(here.Uuid, StringComparison.Ordinal)).Select(b => b.Key)));
            }
        }
    }

    /// <summary>Takes the marks off a VM: it is where it belongs.</summary>
    public static async Task LetAsync(
        StepScope scope, XenApiClient api, Ref<VmRecord> vm, ImmutableSortedDictionary<VmOperations, string> blocked)
    {
        foreach (var (operation, _) in blocked.Where(b => HandOverMark.Is(b.Value)))
        {
            await api.Vm.RemoveFromBlockedOperationsAsync(vm, operation, scope.Token);
        }
    }

    // What somebody has blocked for a reason of their own stays as it is: it does as well.
    private static async Task BlockAsync(StepScope scope, HandOver step, PlanObject vm, string reason)
    {
        var source = await scope.Pools.SourceAsync(scope.State, step.Pool, scope.Token);
        if (await scope.FindAsync<VmRecord>(source, vm.Uuid) is not { IsNull: false } there)
        {
            return;
        }

        var blocked = (await scope.GetAsync(source, there)).BlockedOperations;
        foreach (var operation in HandOverMark.Operations.Where(o => !blocked.ContainsKey(o)))
        {
            await source.Vm.AddToBlockedOperationsAsync(there, operation, reason, scope.Token);
        }

        // One mark suffices, and somebody who blocked all of these for reasons of their own may let them again.
        if (HandOverMark.On(blocked) is null && HandOverMark.Operations.All(blocked.ContainsKey))
        {
            var own = blocked[VmOperations.Resume];
            await source.Vm.RemoveFromBlockedOperationsAsync(there, VmOperations.Resume, scope.Token);
            await source.Vm.AddToBlockedOperationsAsync(
                there, VmOperations.Resume, $"{reason} (it was blocked before: {own})", scope.Token);
        }
    }

    private static async Task<string?> GoneAsync(Func<Task> act)
    {
        try
        {
            await act();
            return null;
        }
        catch (XenApiTransportException silent)
        {
            return silent.Message;
        }
    }

    // It handed over before, so the VMs belong here. What it does when it comes back, people must see to.
    private static StepOutcome.Done Gone(StepScope scope, HandOver step, string silent)
    {
        scope.Log(
            $"{step.Pool.Describe()} has handed over, but does not answer any more ({silent}). When it comes back, it could start its own "
                + "copies of these VMs: don't let it.");
        return new StepOutcome.Done();
    }
}
