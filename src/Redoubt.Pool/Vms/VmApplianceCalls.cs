using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What vApps do: their VMs are started group by group in ascending <c>order</c> and shut down in descending, those of one group at
/// once. A VM that fails holds up nobody, and is named at the end.
/// </summary>
internal sealed partial class VmApplianceCalls(PoolServices pool, VmStartCalls start, VmPowerCalls power, KnownSites sites)
{
    [Message("VM_appliance.create")]
    public Task<Ref<VmApplianceRecord>> CreateAsync(CallContext call, VmApplianceRecord args) => pool.Database.WriteAsync(
        tx => tx.Create(new VmApplianceRecord { NameLabel = args.NameLabel, NameDescription = args.NameDescription }), call.Cancellation);

    [Message("VM_appliance.destroy")]
    public Task DestroyAsync(CallContext call, Ref<VmApplianceRecord> self) => pool.Database.WriteAsync(
        tx =>
        {
            var appliance = tx.Get(self);
            foreach (var (task, operation) in appliance.CurrentOperations)
            {
                throw new XenApiException(
                    "OTHER_OPERATION_IN_PROGRESS", "VM_appliance", self.Opaque, VmApplianceOperationType.Instance.Encode(operation), task);
            }

            foreach (var vm in appliance.Vms)
            {
                VmRows.Update(tx, vm, v => v with { Appliance = default });
            }

            tx.Delete(self);
        },
        call.Cancellation);

    [Message("VM_appliance.start")]
    public async Task StartAsync(CallContext call, Ref<VmApplianceRecord> self, bool paused)
    {
        var wanted = paused ? VmPowerState.Paused : VmPowerState.Running;
        await using var operation = await BeginAsync(
            call, self, VmApplianceOperation.Start, v => v.PowerState == VmPowerState.Halted, "There are no halted VMs in this appliance.");
        var members = Members(self).Where(m => m.Vm.PowerState != wanted).ToList();
        var groups = members.GroupBy(m => m.Vm.Order, m => m.Ref).OrderBy(g => g.Key).Select(g => g.ToList()).ToList();
        await sites.WithStatementsAsync(
            [.. members.Select(m => m.Ref)],
            () => RunAsync(call, "VM_appliance.start", wanted, groups, vm => start.StartAsync(call, vm, paused, force: false)));
    }

    [Message("VM_appliance.state_site_dead")]
    public void StateSiteDead(CallContext call, Ref<VmApplianceRecord> self, string site, string statement)
    {
        foreach (var (vm, _) in Members(self))
        {
            sites.StateDead(vm, site, statement, call.Session.UserName);
        }
    }

    [Message("VM_appliance.clean_shutdown")]
    public Task CleanShutdownAsync(CallContext call, Ref<VmApplianceRecord> self) => StopAsync(
        call, self, VmApplianceOperation.CleanShutdown, v => v.PowerState == VmPowerState.Running,
        "There are no running VMs in this appliance.",
        vm => power.CleanShutdownAsync(call, vm));

    [Message("VM_appliance.hard_shutdown")]
    public Task HardShutdownAsync(CallContext call, Ref<VmApplianceRecord> self) => StopAsync(
        call, self, VmApplianceOperation.HardShutdown, v => v.PowerState != VmPowerState.Halted, "All VMs in this appliance are halted.",
        vm => power.HardShutdownAsync(call, vm));

    [Message("VM_appliance.shutdown")]
    public Task ShutdownAsync(CallContext call, Ref<VmApplianceRecord> self) => StopAsync(
        call, self, VmApplianceOperation.Shutdown, v => v.PowerState != VmPowerState.Halted, "All VMs in this appliance are halted.",
        vm => power.ShutdownAsync(call, vm));

    private async Task StopAsync(
        CallContext call, Ref<VmApplianceRecord> self, VmApplianceOperation operation, Func<VmRecord, bool> some, string none,
        Func<Ref<VmRecord>, Task> stop)
    {
        await using var noted = await BeginAsync(call, self, operation, some, none);
        var groups = Members(self).Where(m => m.Vm.PowerState != VmPowerState.Halted).GroupBy(m => m.Vm.Order, m => m.Ref)
            .OrderByDescending(g => g.Key);
        await RunAsync(
            call, $"VM_appliance.{VmApplianceOperationType.Instance.Encode(operation)}", VmPowerState.Halted,
            [.. groups.Select(g => g.ToList())], stop);
    }

    private async Task RunAsync(
        CallContext call, string message, VmPowerState wanted, List<List<Ref<VmRecord>>> groups, Func<Ref<VmRecord>, Task> act)
    {
        foreach (var (done, group) in groups.Index())
        {
            call.Cancellation.ThrowIfCancellationRequested();
            await call.Task.ReportAsync((double)done / groups.Count);
            await Task.WhenAll(group.Select(vm => TryAsync(call, message, vm, act)));
        }

        // By what they are now, not by what was reported: a VM that was started and has died again did not start.
        var failed = groups.SelectMany(g => g).Where(vm => pool.State.Find(vm)?.PowerState != wanted).Select(vm => vm.Opaque).ToList();
        if (failed.Count > 0)
        {
            throw new XenApiException("OPERATION_PARTIALLY_FAILED", [message, .. failed]);
        }
    }

    /// <summary>The vApp's error has room only for the VMs that failed, so the reason of each is told in a message.</summary>
    private async Task TryAsync(CallContext call, string message, Ref<VmRecord> vm, Func<Ref<VmRecord>, Task> act)
    {
        try
        {
            await act(vm);
        }
        catch (Exception e) when (e is not OperationCanceledException || !call.Cancellation.IsCancellationRequested)
        {
            // Whatever it was: losing one VM does not stop the others.
            if (pool.State.Find(vm) is { } record)
            {
                await pool.PostAsync(
                    new Announcement.MemberFailed(record.Uuid, $"{message} failed for {record.NameLabel} ({record.Uuid}): {e.Message}"));
            }
        }
    }

    private IEnumerable<(Ref<VmRecord> Ref, VmRecord Vm)> Members(Ref<VmApplianceRecord> self) =>
        pool.State.Get(self).Vms.Select(v => (v, pool.State.Get(v)));

    private Task<IAsyncDisposable> BeginAsync(
        CallContext call, Ref<VmApplianceRecord> self, VmApplianceOperation operation, Func<VmRecord, bool> some, string none) =>
        Operations.BeginAsync(pool.Database, call, self, operation, appliance =>
        {
            var members = appliance.Vms.Select(pool.State.Find).OfType<VmRecord>().ToList();
            if (members.Count == 0)
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", "Appliance has no VMs.");
            }

            if (!members.Any(some))
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", none);
            }
        });
}
