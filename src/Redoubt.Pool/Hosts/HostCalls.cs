using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What hosts do, and can be asked.</summary>
internal sealed partial class HostCalls(PoolServices pool, VmMigrateCalls migrate, NotedStarts lost)
{
    [Message("host.get_servertime")]
    public DateTimeOffset GetServertime(CallContext call, Ref<HostRecord> host)
    {
        RequireHere(host);
        return pool.Time.GetUtcNow();
    }

    [Message("host.get_server_localtime")]
    public DateTimeOffset GetServerLocaltime(CallContext call, Ref<HostRecord> host)
    {
        RequireHere(host);
        return pool.Time.GetLocalNow();
    }

    [Message("host.compute_free_memory")]
    public async Task<long> ComputeFreeMemoryAsync(CallContext call, Ref<HostRecord> host)
    {
        pool.State.Get(host);
        return (await pool.Hosts.Get(host).Hypervisor.GetMemoryAsync(call.Cancellation)).AvailableBytes;
    }

    /// <summary>Always refused, by xapi too; <c>system.listMethods</c> is what works.</summary>
    [Message("host.list_methods")]
    public static ImmutableList<string> ListMethods(CallContext call) => throw new XenApiException("NOT_IMPLEMENTED", "list_method");

    /// <summary>
    /// What keeps VMs from being booted from a file here, in a sentence; empty if nothing does. Of what lies elsewhere than files for
    /// guests may lie it says nothing but that.
    /// </summary>
    [Message("host.get_boot_file_trouble")]
    public string GetBootFileTrouble(CallContext call, Ref<HostRecord> host, string path)
    {
        RequireHere(host);
        try
        {
            pool.Roots.OpenBootFile(path).Handle.Dispose();
            return "";
        }
        catch (IOException wrong)
        {
            return wrong.Message;
        }
    }

    [Message("host.enable")]
    public Task EnableAsync(CallContext call, Ref<HostRecord> host) => SetEnabledAsync(call, host, true);

    /// <summary>No VM is started or resumed on it until it is enabled again, also by another daemon.</summary>
    [Message("host.disable")]
    public Task DisableAsync(CallContext call, Ref<HostRecord> host) => SetEnabledAsync(call, host, false);

    /// <summary>Why each VM that runs there can't leave: the code and the parameters of what its start elsewhere would fail with.</summary>
    [Message("host.get_vms_which_prevent_evacuation")]
    public async Task<ImmutableSortedDictionary<Ref<VmRecord>, ImmutableList<string>>> GetVmsWhichPreventEvacuationAsync(
        CallContext call, Ref<HostRecord> self)
    {
        pool.State.Get(self);
        var hosts = await pool.Hosts.LookAsync(pool.Time, call.Cancellation);
        var state = pool.State;
        return Residents(state, self).Select(vm => (Vm: vm, Why: Obstacle(vm, Placement.Of(state, vm, hosts).Elsewhere(self))))
            .Where(o => o.Why is not null).ToImmutableSortedDictionary(o => o.Vm, o => o.Why!);
    }

    [Message("host.assert_can_evacuate")]
    public async Task AssertCanEvacuateAsync(CallContext call, Ref<HostRecord> host)
    {
        var obstacles = await GetVmsWhichPreventEvacuationAsync(call, host);
        if (!obstacles.IsEmpty)
        {
            var each = obstacles.Select(o => string.Join(',', o.Value.Prepend(o.Key.Opaque)));
            throw new XenApiException("CANNOT_EVACUATE_HOST", string.Join('|', each));
        }
    }

    /// <summary>
    /// Moves the VMs that run on it elsewhere while they run, one after the other, each to the best host as that is then; none if one of
    /// them can't be.
    /// </summary>
    [Message("host.evacuate")]
    public async Task EvacuateAsync(CallContext call, Ref<HostRecord> host, Ref<NetworkRecord> network, long evacuateBatchSize)
    {
        await AssertCanEvacuateAsync(call, host);
        foreach (var vm in Residents(pool.State, host).ToList())
        {
            if (pool.State.Find(vm)?.ResidentOn == host)
            {
                var hosts = await pool.Hosts.LookAsync(pool.Time, call.Cancellation);
                var to = Placement.Of(pool.State, vm, hosts).Elsewhere(host).Best();
                await migrate.MoveAsync(call, vm, to, migrate.CanBeLive(vm, to));
            }
        }
    }

    /// <summary>What <c>VM.assert_can_migrate</c> is told of the host that a VM is to move to.</summary>
    [Message("host.migrate_receive")]
    public ImmutableSortedDictionary<string, string> MigrateReceive(
        CallContext call, Ref<HostRecord> host, Ref<NetworkRecord> network, ImmutableSortedDictionary<string, string> options)
    {
        var record = pool.State.Get(host);
        return record.Enabled
            ? ImmutableSortedDictionary<string, string>.Empty.Add(VmMigrateCalls.DestinationHost, host.Opaque)
                .Add("master", pool.State.Get(pool.State.Get(pool.Pool).Master).Address)
            : throw new XenApiException("HOST_DISABLED", host.Opaque);
    }

    [Message("host.shutdown")]
    public void Shutdown(CallContext call, Ref<HostRecord> host) => RefuseToStop(host, "systemctl poweroff");

    [Message("host.reboot")]
    public void Reboot(CallContext call, Ref<HostRecord> host) => RefuseToStop(host, "systemctl reboot");

    /// <summary>
    /// The operator's word that a host is off for good, or cut off from all storage: what it had is free to be started elsewhere. Of a host
    /// that is seen to be up it is not taken.
    /// </summary>
    [Message("host.declare_dead")]
    public Task DeclareDeadAsync(CallContext call, Ref<HostRecord> host) => DeclareDeadAsync(call, host, isStarting: false);

    /// <summary>
    /// The same, and has what ran there started on other hosts. What can't be is tried again for ten minutes, also by another coordinator.
    /// </summary>
    /// <returns>Why those do not run yet that don't; empty text for a VM that does.</returns>
    [Message("host.declare_dead_and_start")]
    public async Task<ImmutableSortedDictionary<Ref<VmRecord>, string>> DeclareDeadAndStartAsync(CallContext call, Ref<HostRecord> host)
    {
        await DeclareDeadAsync(call, host, isStarting: true);
        return await lost.TryAsync(call.Cancellation);
    }

    private Task DeclareDeadAsync(CallContext call, Ref<HostRecord> host, bool isStarting) => pool.Database.WriteAsync(
        tx =>
        {
            var (record, now) = (tx.Get(host), pool.Time.GetUtcNow());
            var freed = DeadHosts.Declare(tx, host, pool.Hosts, now);
            if (isStarting)
            {
                LossStart.Add(tx, pool.Pool, freed.Where(v => v.Record.PowerState == VmPowerState.Running).Select(v => v.Ref));
            }

            MessageLog.Add(
                tx, new Announcement.HostDeclaredDead(record.Uuid, record.NameLabel, call.Session.UserName, DeadHosts.Names(freed)), now);
        },
        call.Cancellation);

    private static IEnumerable<Ref<VmRecord>> Residents(DatabaseState state, Ref<HostRecord> host) =>
        state.All<VmRecord>().Where(v => !v.Record.IsControlDomain && Hosts.PlaceOf(v.Record) == host).Select(v => v.Ref);

    // Null: it can leave.
    private ImmutableList<string>? Obstacle(Ref<VmRecord> vm, Placement elsewhere)
    {
        try
        {
            var to = elsewhere.Best();
            migrate.Require(vm, elsewhere, to, migrate.CanBeLive(vm, to));
            return null;
        }
        catch (XenApiException refused)
        {
            return [refused.Code, .. refused.Parameters];
        }
    }

    private Task SetEnabledAsync(CallContext call, Ref<HostRecord> host, bool isEnabled) => pool.Database.WriteAsync(
        tx =>
        {
            tx.Get(host);
            tx.Update(host, h => h with { Enabled = isEnabled });
        },
        call.Cancellation);

    // xapi's checks, in its order; after them it switches the machine off, which this daemon has no right to and does not attempt.
    private void RefuseToStop(Ref<HostRecord> host, string how)
    {
        var record = pool.State.Get(host);
        if (record.Enabled)
        {
            throw new XenApiException("HOST_NOT_DISABLED");
        }

        foreach (var vm in Residents(pool.State, host))
        {
            throw new XenApiException("HOST_IN_USE", host.Opaque, "VM", vm.Opaque);
        }

        throw new XenApiException(
            "OPERATION_NOT_ALLOWED",
            $"No VM runs on the host {record.NameLabel}, and none is started. The machine itself is not the daemon's to stop: "
            + $"do that there ({how}).");
    }

    // What is answered from this machine can be said of no other host.
    private void RequireHere(Ref<HostRecord> host)
    {
        pool.State.Get(host);
        if (host != pool.Hosts.Local.Host)
        {
            throw new XenApiException("HOST_OFFLINE", host.Opaque);
        }
    }
}
