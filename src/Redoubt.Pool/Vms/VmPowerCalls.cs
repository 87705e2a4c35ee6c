using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Pauses, stops and restarts VMs.</summary>
internal sealed partial class VmPowerCalls(PoolServices pool, Guests guests, SuspendImages images)
{
    /// <summary>How long a guest may take to shut itself down: xapi's <c>domain_shutdown_total_timeout</c>, in seconds.</summary>
    private const long ShutdownLimit = 1200;

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(10);

    [Message("VM.pause")]
    public async Task PauseAsync(CallContext call, Ref<VmRecord> vm)
    {
        await using var operation = await BeginAsync(call, vm, VmOperations.Pause, VmPowerState.Running);
        await guests.DoAsync(vm, (h, uuid) => h.PauseAsync(uuid, CancellationToken.None));
    }

    [Message("VM.unpause")]
    public async Task UnpauseAsync(CallContext call, Ref<VmRecord> vm)
    {
        await using var operation = await BeginAsync(call, vm, VmOperations.Unpause, VmPowerState.Paused);
        await guests.DoAsync(vm, (h, uuid) => h.UnpauseAsync(uuid, CancellationToken.None));
    }

    [Message("VM.clean_shutdown")]
    public async Task CleanShutdownAsync(CallContext call, Ref<VmRecord> vm)
    {
        await using (await BeginAsync(call, vm, VmOperations.CleanShutdown, VmPowerState.Running))
        {
            await AskToStopAsync(call, vm, ShutdownLimit);
        }

        await SettleAsync(call, vm);
    }

    [Message("VM.hard_shutdown")]
    public async Task HardShutdownAsync(CallContext call, Ref<VmRecord> vm)
    {
        bool ran;
        await using (await BeginAsync(
            call, vm, VmOperations.HardShutdown, VmPowerState.Running, VmPowerState.Paused, VmPowerState.Suspended))
        {
            ran = await SwitchOffAsync(vm);
        }

        if (ran)
        {
            await SettleAsync(call, vm);
        }
    }

    /// <summary>
    /// Switches a VM off within what is being done with it, whoever does that having checked that it may be; nothing if it is off.
    /// </summary>
    /// <exception cref="XenApiException">The hypervisor could not.</exception>
    public async Task SwitchOffAsync(CallContext call, Ref<VmRecord> vm)
    {
        if (pool.State.Get(vm).PowerState != VmPowerState.Halted && await SwitchOffAsync(vm))
        {
            await SettleAsync(call, vm);
        }
    }

    [Message("VM.shutdown")]
    public async Task ShutdownAsync(CallContext call, Ref<VmRecord> vm)
    {
        bool ran;
        await using (await Operations.BeginAsync(pool.Database, call, vm, VmOperations.Shutdown, v => RequireStoppable(vm, v)))
        {
            ran = pool.State.Get(vm).PowerState != VmPowerState.Running
                ? await SwitchOffAsync(vm)
                : await StopOneWayOrTheOtherAsync(call, vm);
        }

        if (ran)
        {
            await SettleAsync(call, vm);
        }
    }

    [Message("VM.clean_reboot")]
    public async Task CleanRebootAsync(CallContext call, Ref<VmRecord> vm)
    {
        await using var operation = await BeginAsync(call, vm, VmOperations.CleanReboot, VmPowerState.Running);
        using var limit = new CancellationTokenSource(Pauses.Of(ShutdownLimit), pool.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, call.Cancellation);
        var record = pool.State.Get(vm);
        var (at, uuid) = (pool.Hosts.Of(record), VmRows.Uuid(record));
        try
        {
            await AskToRebootAsync(at.Hypervisor, uuid, either.Token);
            guests.ExpectReboot(uuid);
        }
        catch (HypervisorException e)
        {
            throw GuestFailure.Explain(e, vm, at.Host, null);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new XenApiException(e, "VM_SHUTDOWN_TIMEOUT", vm.Opaque, $"{ShutdownLimit}");
        }

        await guests.RefreshAsync(uuid, null, CancellationToken.None);
    }

    [Message("VM.hard_reboot")]
    public async Task HardRebootAsync(CallContext call, Ref<VmRecord> vm)
    {
        await using var operation = await BeginAsync(call, vm, VmOperations.HardReboot, VmPowerState.Running, VmPowerState.Paused);
        var paused = pool.State.Get(vm).PowerState == VmPowerState.Paused;
        await guests.DoAsync(vm, async (h, uuid) =>
        {
            guests.ExpectReboot(uuid);
            await h.ResetAsync(uuid, CancellationToken.None);
            if (paused)
            {
                await h.UnpauseAsync(uuid, CancellationToken.None);
            }
        });
    }

    [Message("VM.power_state_reset")]
    public async Task PowerStateResetAsync(CallContext call, Ref<VmRecord> vm)
    {
        var record = pool.State.Get(vm);
        if (record.IsControlDomain)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "This is the control domain: the host itself, not a guest.");
        }

        await using var noted = await Operations.BeginAsync(pool.Database, call, vm, VmOperations.PowerStateReset, _ => { });
        await RequireNowhereAsync(record, call.Cancellation);

        await pool.Database.WriteAsync(
            tx =>
            {
                VmRows.Update(
                    tx, vm, v => v with { PowerState = VmPowerState.Halted, ResidentOn = default, Domid = -1, SuspendVdi = default });
                GuestStates.Release(tx, vm);
            },
            call.Cancellation);
    }

    // xapi believes the operator here. A guest that a host can see running would then be started a second time on the same disks; of one
    // that may run where nothing can be asked, only the operator can know.
    private async Task RequireNowhereAsync(VmRecord vm, CancellationToken cancellationToken)
    {
        foreach (var host in pool.Hosts.Links.Where(h => h.Current is not null || pool.Hosts.IsAt(h, vm)))
        {
            if (await host.Hypervisor.FindAsync(VmRows.Uuid(vm), cancellationToken) is not null)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED", "The VM does run on this host. Switch it off (vm-shutdown --force) instead.");
            }
        }
    }

    private Task<IAsyncDisposable> BeginAsync(CallContext call, Ref<VmRecord> vm, VmOperations operation, params VmPowerState[] states) =>
        Operations.BeginAsync(pool.Database, call, vm, operation, v => VmChecks.Require(vm, v, operation, states));

    /// <summary>It may come to a hard shutdown, so whoever has blocked either kind has blocked this.</summary>
    private static void RequireStoppable(Ref<VmRecord> vm, VmRecord record)
    {
        foreach (var operation in new[] { VmOperations.Shutdown, VmOperations.CleanShutdown, VmOperations.HardShutdown })
        {
            VmChecks.Require(vm, record, operation, VmPowerState.Running, VmPowerState.Paused, VmPowerState.Suspended);
        }
    }

    private async Task<bool> StopOneWayOrTheOtherAsync(CallContext call, Ref<VmRecord> vm)
    {
        var delay = pool.State.Get(vm).ShutdownDelay;
        try
        {
            await AskToStopAsync(call, vm, delay > 0 ? delay : ShutdownLimit);
            return true;
        }
        catch (XenApiException e) when (e.Code is "VM_SHUTDOWN_TIMEOUT" or "VM_LACKS_FEATURE" or "INTERNAL_ERROR" or "VM_BAD_POWER_STATE")
        {
            return await SwitchOffAsync(vm);
        }
    }

    private async Task AskToStopAsync(CallContext call, Ref<VmRecord> vm, long seconds)
    {
        using var limit = new CancellationTokenSource(Pauses.Of(seconds), pool.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, call.Cancellation);
        var record = pool.State.Get(vm);
        var (at, uuid) = (pool.Hosts.Of(record), VmRows.Uuid(record));
        try
        {
            await at.Hypervisor.ShutdownAsync(uuid, either.Token);
            await AskUntilStoppedAsync(at.Hypervisor, uuid, either.Token);
        }
        catch (HypervisorException e)
        {
            throw GuestFailure.Explain(e, vm, at.Host, null);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !call.Cancellation.IsCancellationRequested)
        {
            throw new XenApiException(e, "VM_SHUTDOWN_TIMEOUT", vm.Opaque, $"{seconds}");
        }

        await guests.RefreshAsync(uuid, null, CancellationToken.None);
    }

    // A guest that is still booting does not hear the first time.
    private async Task AskUntilStoppedAsync(IHypervisor hypervisor, Guid uuid, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var stopped = hypervisor.WaitForStoppedAsync(uuid, waiting.Token);
            while (await Task.WhenAny(stopped, Task.Delay(AskAgainAfter, pool.Time, waiting.Token)) != stopped
                && !waiting.IsCancellationRequested)
            {
                try
                {
                    await hypervisor.ShutdownAsync(uuid, waiting.Token);
                }
                catch (HypervisorException unheard) when (unheard.Failure
                    is HypervisorFailure.NotRunning or HypervisorFailure.WrongPowerState)
                {
                    // It has just stopped, which the wait tells, or somebody has paused it, and it goes on to be waited for.
                }
            }

            await stopped;
        }
        finally
        {
            await waiting.CancelAsync();
        }
    }

    /// <summary>Switches off a VM in whatever state it is; false: it was suspended, and no guest ran.</summary>
    private async Task<bool> SwitchOffAsync(Ref<VmRecord> vm)
    {
        var record = pool.State.Get(vm);
        if (record.PowerState == VmPowerState.Suspended)
        {
            await pool.Database.WriteAsync(
                tx =>
                {
                    SuspendImages.GiveUp(tx, vm);
                    VmRows.Update(tx, vm, v => v with { PowerState = VmPowerState.Halted });
                },
                CancellationToken.None);
            await images.RemoveAsync(record.SuspendVdi);
            return false;
        }

        await guests.DoAsync(vm, (h, uuid) => h.DestroyAsync(uuid, CancellationToken.None));
        return true;
    }

    private static async Task AskToRebootAsync(IHypervisor hypervisor, Guid uuid, CancellationToken cancellationToken)
    {
        if (hypervisor.Facts.Platform.Accelerator == Accelerator.Test)
        {
            await hypervisor.RebootAsync(uuid, cancellationToken); // Its guests restart within the call, and it tells nobody.
            return;
        }

        var asked = false;
        await foreach (var happened in hypervisor.EventsAsync(cancellationToken))
        {
            // Asked only once the events are being heard, so that a quick guest is not missed.
            if (!asked)
            {
                asked = true;
                await hypervisor.RebootAsync(uuid, cancellationToken);
            }
            else if (happened.Uuid == uuid && (happened.Kind == DomainEventKind.Rebooted || happened.IsStop))
            {
                return;
            }
        }
    }

    /// <summary>What follows a stop: the VM is not to be kept running, and whoever waits gives it the time it was set to need.</summary>
    private async Task SettleAsync(CallContext call, Ref<VmRecord> vm)
    {
        if (pool.State.Find(vm) is not { } stopped)
        {
            return;
        }

        if (stopped.HaAlwaysRun)
        {
            await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { HaAlwaysRun = false }), CancellationToken.None);
        }

        await Pauses.WaitAsync(stopped.ShutdownDelay, pool.Time, call.Cancellation);
    }
}
