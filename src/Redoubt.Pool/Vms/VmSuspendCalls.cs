using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Suspends VMs to storage and resumes them, here or wherever the storage has been copied to.
/// <code>
/// suspend  1 noted in current_operations     resume  1 noted in current_operations
///          2 an image made, noted in the VM          2 disks and image found, nobody else has them, devices marked attached
///          3 the memory saved, the guest ends         3 the guest made again, paused
///          4 Suspended, devices let go                4 Running, the image given up
///                                                     5 the guest goes on
///                                                     6 the image removed, and devices that its guest does not have let go
/// </code>
/// What becomes of one that is broken off is <see cref="Suspensions"/>' to say.
/// </summary>
internal sealed partial class VmSuspendCalls(
    PoolServices pool, Guests guests, VmStartCalls starts, SuspendImages images, Suspensions suspensions, HotPlug hotPlug)
{
    [Message("VM.suspend")]
    public async Task SuspendAsync(CallContext call, Ref<VmRecord> vm)
    {
        XenApiException? failure = null;
        await using (await Operations.BeginAsync(
            pool.Database, call, vm, VmOperations.Suspend, v => VmChecks.Require(vm, v, VmOperations.Suspend, VmPowerState.Running)))
        {
            var at = pool.Hosts.Of(pool.State.Get(vm));
            var (image, device) = await images.CreateAsync(call, vm);
            await using var opened = device;
            await using var held = await Operations.BeginAsync(pool.Database, call, image, VdiOperations.Blocked, (_, _) => { });
            try
            {
                await at.Hypervisor.SaveAsync(VmRows.Uuid(pool.State.Get(vm)), device.Path, CancellationToken.None);
            }
            catch (HypervisorException e)
            {
                failure = GuestFailure.Explain(e, vm, at.Host, null);
            }

            await suspensions.SettleAsync(vm);
        }

        await guests.RefreshAsync(VmRows.Uuid(pool.State.Get(vm)), null, CancellationToken.None);
        if (failure is not null)
        {
            throw failure;
        }
    }

    [Message("VM.resume")]
    public Task ResumeAsync(CallContext call, Ref<VmRecord> vm, bool startPaused, bool force) =>
        ResumeAsync(call, vm, startPaused, VmOperations.Resume, on: null);

    [Message("VM.resume_on")]
    public Task ResumeOnAsync(CallContext call, Ref<VmRecord> vm, Ref<HostRecord> host, bool startPaused, bool force)
    {
        pool.State.Get(host);
        return ResumeAsync(call, vm, startPaused, VmOperations.ResumeOn, host);
    }

    private async Task ResumeAsync(CallContext call, Ref<VmRecord> vm, bool paused, VmOperations operation, Ref<HostRecord>? on)
    {
        await using (await Operations.BeginAsync(
            pool.Database, call, vm, operation, v => VmChecks.Require(vm, v, operation, VmPowerState.Suspended)))
        {
            images.Require(vm);
            var image = pool.State.Get(vm).SuspendVdi;
            await using (await Operations.BeginAsync(pool.Database, call, image, VdiOperations.Blocked, (_, _) => { }))
            {
                var (at, plan) = await starts.PrepareAsync(call, vm, paused, on);
                await RunAsync(vm, at, plan, paused);
                await images.RemoveAsync(image);
                await starts.TellAsync(plan);
            }
        }

        var resumed = pool.State.Get(vm);
        await guests.RefreshAsync(VmRows.Uuid(resumed), null, CancellationToken.None);

        // Those that its memory does not know were left out.
        await hotPlug.SettleIfToldAsync(pool.Hosts.Of(resumed), VmRows.Uuid(resumed), CancellationToken.None);
        await starts.WaitAsync(call, vm);
    }

    private async Task RunAsync(Ref<VmRecord> vm, HostLink at, DomainPlan plan, bool paused)
    {
        var uuid = plan.Config.Uuid;
        var (isRestored, isNoted) = (false, false);
        try
        {
            await using var device = await images.OpenAsync(at, vm, CancellationToken.None);
            var consoleStart = await at.Acts.MeasureConsoleLogAsync(uuid, CancellationToken.None);
            await guests.LayFirmwareAsync(at, vm);
            await at.Hypervisor.RestoreAsync(plan.Config, device.Path, CancellationToken.None);
            isRestored = true;
            var isThere = false;
            await guests.RefreshAsync(
                at,
                uuid,
                isGivenUp: false,
                (tx, reference, domain) =>
                {
                    isThere = domain is not null;
                    if (domain is not null)
                    {
                        GuestStates.Run(tx, reference, domain, at.Host);
                        VmRows.Update(tx, reference, v => v with { PowerState = paused ? VmPowerState.Paused : VmPowerState.Running });
                        SuspendImages.GiveUp(tx, reference);
                        starts.Started(tx, reference, domain, plan, consoleStart);
                    }
                },
                CancellationToken.None);
            isNoted = isThere;
            if (!isNoted)
            {
                throw new XenApiException(
                    "INTERNAL_ERROR",
                    "The guest ended as soon as it was made again. It is still suspended; the hypervisor's log may say why.");
            }

            if (!paused)
            {
                await at.Hypervisor.UnpauseAsync(uuid, CancellationToken.None);
            }
        }
        catch (Exception e)
        {
            if (!isNoted)
            {
                await Undoing.TryAsync(pool, Cls.Vm, $"{uuid:D}", "The VM's guest may be there, paused, though it is not resumed: switch "
                    + "it off (vm-shutdown --force) or restart the daemon.", async () =>
                {
                    if (isRestored)
                    {
                        // It has not run, so its image is as good as before.
                        await at.Hypervisor.DestroyAsync(uuid, CancellationToken.None);
                    }

                    await starts.ReleaseAsync(at, uuid);
                });
            }

            if (e is HypervisorException refused)
            {
                throw GuestFailure.Explain(refused, vm, at.Host, plan);
            }

            throw;
        }
    }
}
