using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Starts the VMs of a tier, and stops them again.</summary>
internal static class StartActs
{
    public static async Task<StepOutcome> StartAsync(StepScope scope, StartTier step)
    {
        var vms = step.Vms.Where(v => scope.Vm(v) is { RecoveredAt: not null, Phase: not VmPhase.Failed }).ToList();
        if (await AskIfSilentAsync(scope, vms) is { } question)
        {
            return question;
        }

        var risen = await SourceAsk.RisenAsync(scope, vms);
        using var slots = new SemaphoreSlim(step.ParallelStarts);
        await Task.WhenAll(vms.Select(async vm =>
        {
            await slots.WaitAsync(scope.Stop);
            try
            {
                scope.Stop.ThrowIfCancellationRequested();
                await StartAsync(scope, vm, step.IsPaused, risen);
            }
            finally
            {
                slots.Release();
            }
        }));

        var failed = step.Vms.Where(v => scope.Vm(v).StartedAt is null).Select(v => v.Name).ToList();
        return failed.Count == 0 ? new StepOutcome.Done() : new StepOutcome.Partial($"Not started: {string.Join(", ", failed)}.");
    }

    public static Task UndoAsync(StepScope scope, StartTier step) => Task.WhenAll(step.Vms.Select(async vm =>
    {
        if (scope.Vm(vm).TargetUuid is { } uuid && await scope.FindAsync<VmRecord>(scope.Target, uuid) is { IsNull: false } here)
        {
            await GuestPower.StopAsync(scope, scope.Target, here, vm.Name);
        }
    }));

    private static async Task StartAsync(StepScope scope, PlanObject vm, bool isPaused, IReadOnlyList<FenceSource> risen)
    {
        try
        {
            if (await SourceAsk.WhyAliveAsync(scope, vm, risen) is { } alive)
            {
                throw new StepFailedException($"It is not started, for it would run twice: {alive}.");
            }

            var here = await scope.Target.Vm.GetByUuidAsync(scope.Vm(vm).TargetUuid ?? "", scope.Token);
            await SourceAsk.StateAsync(scope, vm, here, risen);
            var isStarted = await GuestStart.RunAsync(scope, here, isPaused);
            scope.Moved(vm, VmPhase.Started, since: isStarted ? null : scope.Vm(vm).StartedAt ?? await SinceAsync(scope, here));
            if (await Interfaces.UnpluggedAsync(scope, await scope.GetAsync(scope.Target, here)) is { } unplugged)
            {
                scope.Warn(
                    "unplugged:" + vm.Uuid,
                    $"{vm.Describe()} was started, and nobody can reach it there: {unplugged}. Give its network a bridge or move it to "
                        + "another network, and restart the VM.");
            }

            await ReleaseAsync(scope, vm, here);
        }
        catch (XenApiException refused) when (!Failures.IsSessionGone(refused))
        {
            scope.Moved(vm, VmPhase.Failed, error: Failures.Describe(refused));
        }
        catch (StepFailedException refused)
        {
            scope.Moved(vm, VmPhase.Failed, error: refused.Message);
        }
    }

    // The VM runs; that it will not start with its host next time is for a person to see to, and no reason to call it failed.
    private static async Task ReleaseAsync(StepScope scope, PlanObject vm, Ref<VmRecord> here)
    {
        try
        {
            if (await scope.OffersAsync(scope.Target, "VM.release_recovery_hold"))
            {
                await scope.Target.Vm.ReleaseRecoveryHoldAsync(here, scope.Token);
            }
        }
        catch (XenApiException refused) when (!Failures.IsSessionGone(refused))
        {
            scope.Warn(
                "held:" + vm.Uuid, $"{vm.Describe()} runs, but what starts it by itself is still held: {Failures.Describe(refused)}");
        }
    }

    // Of a guest that an earlier attempt at this step has started, only its pool still knows since when it runs. Delays count from it, and
    // must not be short: a server tells whole seconds, with the rest cut off, and its clock may be another one than ours.
    private static async Task<DateTimeOffset?> SinceAsync(StepScope scope, Ref<VmRecord> vm)
    {
        var metrics = (await scope.GetAsync(scope.Target, vm)).Metrics;
        var since = metrics.IsNull ? default : (await scope.GetAsync(scope.Target, metrics)).StartTime + TimeSpan.FromSeconds(1);
        return since > scope.BegunAt && since <= scope.Time.GetUtcNow() ? since : null;
    }

    // The source was asked when it was fenced. If it has gone silent since, only a person can know what it does.
    private static async Task<StepOutcome?> AskIfSilentAsync(StepScope scope, IReadOnlyList<PlanObject> vms)
    {
        foreach (var fence in vms.SelectMany(v => SourceAsk.Fences(scope, v)).Distinct().ToList())
        {
            if (scope.Answer(SourceAsk.DeadKey + fence.Pool.Uuid) == RunDecision.Stop)
            {
                foreach (var vm in vms)
                {
                    scope.Moved(
                        vm, VmPhase.Failed,
                        error: $"Not started: {fence.Pool.Describe()} does not answer, and nobody states that it is dead.");
                }

                return new StepOutcome.Partial($"{fence.Pool.Describe()} does not answer, and nobody states that it is dead.");
            }

            try
            {
                var source = await scope.Pools.SourceAsync(scope.State, fence.Pool, scope.Token);
                await source.Pool.GetAllAsync(scope.Token);
            }
            catch (XenApiTransportException silent)
            {
                return new StepOutcome.Ask(
                    SourceAsk.DeadKey + fence.Pool.Uuid,
                    $"{fence.Pool.Describe()} said that these VMs are off, and does not answer any more ({silent.Message}). Is it dead, so "
                        + "that it can't start any of them, now or when it comes back?",
                    [SourceAsk.Dead, RunDecision.Stop]);
            }
        }

        return null;
    }
}
