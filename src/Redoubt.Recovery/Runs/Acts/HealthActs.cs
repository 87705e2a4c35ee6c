using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Waits until a tier is healthy.</summary>
internal static class HealthActs
{
    public static async Task<StepOutcome> WaitAsync(StepScope scope, WaitHealthy step)
    {
        var began = scope.Time.GetUtcNow();
        await Task.WhenAll(
            step.Vms.Where(v => scope.Vm(v) is { StartedAt: not null, Phase: VmPhase.Started or VmPhase.Healthy or VmPhase.Unchecked })
                .Select(vm => WaitAsync(scope, step, vm, began)));

        var ill = step.Vms.Where(v => scope.Vm(v).Phase is not (VmPhase.Healthy or VmPhase.Unchecked)).ToList();
        if (ill.Count == 0)
        {
            return new StepOutcome.Done();
        }

        var error = string.Join("; ", ill.Select(v => $"{v.Name}: {scope.Vm(v).Error ?? "was not started"}"));
        return step.OnFailure == TierFailure.Ask && scope.Answer(RunDecision.TierKey) is null
            ? new StepOutcome.Ask(
                RunDecision.TierKey, $"Not every VM of tier {step.Order} is healthy ({error}). Go on with the next tiers?",
                [RunDecision.GoOn, RunDecision.Stop])
            : new StepOutcome.Partial(error);
    }

    private static async Task WaitAsync(StepScope scope, WaitHealthy step, PlanObject vm, DateTimeOffset began)
    {
        try
        {
            var here = await scope.Target.Vm.GetByUuidAsync(scope.Vm(vm).TargetUuid ?? "", scope.Token);
            var check = HealthCheck.Of(vm, await scope.GetAsync(scope.Target, here), scope.State.Request.Policy);
            var limit = check.Limit ?? step.Timeout;
            // Before its start delay is over nothing is gained by giving it up.
            var delayed = scope.Vm(vm).StartedAt!.Value + check.Delay;
            var probe = new HealthProbe(scope, vm, here, check, limit);
            while (scope.Vm(vm).Phase == VmPhase.Started)
            {
                var reason = await probe.WhyNotAsync();
                if (reason is null)
                {
                    // Having waited is not having looked.
                    scope.Moved(vm, check.Kind == HealthCheckKind.Delay ? VmPhase.Unchecked : VmPhase.Healthy);
                    await EvidenceActs.KeepAsync(scope, vm, here, probe.Found);
                }
                else if (probe.IsHopeless || (scope.Time.GetUtcNow() - began >= limit && scope.Time.GetUtcNow() >= delayed))
                {
                    var within = probe.IsHopeless ? "" : $" within {Moments.Write(limit)}";
                    scope.Moved(vm, VmPhase.Unhealthy, error: $"not healthy{within}, by its check {check.Text}: {reason}");
                    await EvidenceActs.KeepAsync(scope, vm, here, reason);
                }
                else
                {
                    await scope.WaitAsync();
                }
            }

            // Well or not, those after it wait for its start delay. It counts from its start, and is over only once.
            while (scope.Time.GetUtcNow() < delayed)
            {
                await scope.WaitAsync();
            }
        }
        catch (XenApiException refused) when (!Failures.IsSessionGone(refused))
        {
            scope.Moved(vm, VmPhase.Unhealthy, error: Failures.Describe(refused));
        }
        catch (StepFailedException failed)
        {
            scope.Moved(vm, VmPhase.Unhealthy, error: failed.Message);
        }
    }
}
