using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Waits until a tier is healthy.</summary>
internal static class HealthActs
{
    public static async Task<StepOutcome> WaitAsync(StepScope scope, WaitHealthy step)
    {
        var began = scope.Time.GetUtcNow();
        var started = step.Vms.Where(v => scope.Vm(v) is { StartedAt: not null, Phase: VmPhase.Started or VmPhase.Healthy }).ToList();
        await Task.WhenAll(started.Where(v => scope.Vm(v).Phase == VmPhase.Started).Select(vm => WaitAsync(scope, step, vm, began)));
        var until = started.Select(v => scope.Vm(v).StartedAt!.Value).Append(DateTimeOffset.MinValue).Max() + step.LeastWait;
        while (started.Count > 0 && scope.Time.GetUtcNow() < until)
        {
            await scope.WaitAsync();
        }

        var ill = step.Vms.Where(v => scope.Vm(v).Phase != VmPhase.Healthy).ToList();
        if (ill.Count == 0)
        {
            return new StepOutcome.Done();
        }

        var error = string.Join("; ", ill.Select(v => $"{v.Name}: {scope.Vm(v).Error ?? "was not started"}"));
        return step.OnFailure == TierFailure.Ask && scope.Answer(RunDecision.TierKey) is null
            ? new StepOutcome.Ask(RunDecision.TierKey, $"Not every VM of tier {step.Order} is healthy ({error}). Go on with the next tiers?", [RunDecision.GoOn, RunDecision.Stop])
            : new StepOutcome.Partial(error);
    }

    private static async Task WaitAsync(StepScope scope, WaitHealthy step, PlanObject vm, DateTimeOffset began)
    {
        try
        {
            var here = await scope.Target.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", [scope.Vm(vm).TargetUuid], scope.Token);
            var check = HealthCheck.Of(vm, await scope.GetAsync(scope.Target, here), scope.State.Request.Policy);
            var limit = check.Limit ?? step.Timeout;
            var probe = new HealthProbe(scope, vm, here, check);
            while (await probe.WhyNotAsync() is { } reason)
            {
                if (probe.IsHopeless || scope.Time.GetUtcNow() - began >= limit)
                {
                    scope.Moved(vm, VmPhase.Unhealthy, error: $"not healthy within {Moments.Write(limit)}, by its check {check.Text}: {reason}");
                    return;
                }

                await scope.WaitAsync();
            }

            scope.Moved(vm, VmPhase.Healthy);
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
