using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>What is done with hosts.</summary>
public sealed class HostOperationTests
{
    [Fact]
    public async Task A_disabled_host_takes_no_VM_also_after_a_restart_and_until_it_is_enabled()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, running) = (await site.CreateVmAsync("vm"), await site.CreateVmAsync("running"));
        var disk = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        await site.CreateVbdAsync(running, disk);
        await site.Client.CallAsync("VM.start", running, false, false);
        await site.Client.CallAsync("host.disable", site.Host);
        await site.Client.CallAsync("host.disable", site.Host);
        string[] disabled = ["HOST_DISABLED", site.Host.Opaque];

        Assert.Equal(VmPowerState.Running, site.Get(running).PowerState);
        Assert.Equal(disabled, await site.Client.FailAsync("VM.start", vm, false, false));
        Assert.Equal(disabled, await site.Client.FailAsync("VM.start_on", vm, site.Host, false, false));
        Assert.Equal(disabled, await site.Client.FailAsync("VM.assert_can_boot_here", vm, site.Host));
        Assert.Empty(await site.Client.CallAsync<IEnumerable<Ref<HostRecord>>>("VM.get_possible_hosts", vm));
        await site.Client.CallAsync("VM.suspend", running);
        Assert.Equal(disabled, await site.Client.FailAsync("VM.resume", running, false, false));

        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.False(site.Get(site.Host).Enabled);
        Assert.Equal(disabled, await site.Client.FailAsync("VM.start", vm, false, false));

        await site.Client.CallAsync("host.enable", site.Host);
        await site.Client.CallAsync("VM.start", vm, false, false);
    }

    [Fact]
    public async Task A_host_is_evacuated_if_nothing_runs_there_and_else_each_VM_is_named_with_its_reason()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("vm");
        await EvacuateAsync(site);
        await site.Client.CallAsync("VM.start", vm, false, false);

        var alone = await ObstaclesAsync(site);
        Assert.Equal([vm], alone.Keys);
        Assert.Equal(["NO_HOSTS_AVAILABLE"], alone[vm]);
        string[] refusal = ["CANNOT_EVACUATE_HOST", $"{vm.Opaque},NO_HOSTS_AVAILABLE"];
        Assert.Equal(refusal, await site.Client.FailAsync("host.assert_can_evacuate", site.Host));
        Assert.Equal("CANNOT_EVACUATE_HOST", (await site.Client.FailAsync("host.evacuate", site.Host, default(Ref<NetworkRecord>), 0L))[0]);

        var other = await site.AddHostAsync("other");
        Assert.Equal(["HOST_OFFLINE", other.Opaque], (await ObstaclesAsync(site))[vm]);

        await site.Client.CallAsync("VM.hard_shutdown", vm);
        await EvacuateAsync(site);
    }

    [Theory]
    [InlineData("host.shutdown")]
    [InlineData("host.reboot")]
    public async Task A_host_is_not_stopped_while_it_takes_VMs_or_runs_one(string message)
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("vm");
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal(["HOST_NOT_DISABLED"], await site.Client.FailAsync(message, site.Host));
        await site.Client.CallAsync("host.disable", site.Host);
        Assert.Equal(["HOST_IN_USE", site.Host.Opaque, "VM", vm.Opaque], await site.Client.FailAsync(message, site.Host));
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync(message, site.Host))[0]);
    }

    [Fact]
    public async Task What_ran_on_a_host_that_is_declared_dead_can_be_started_here()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("vm");
        var vbd = await site.CreateVbdAsync(vm, await site.CreateVdiAsync(sr));
        var other = await site.AddHostAsync("other");
        var pbd = await site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                tx.Update(vm, v => Operations.WithAllowed(v with { PowerState = VmPowerState.Running, ResidentOn = other, Domid = 7 }));
                tx.Update(vbd, b => b with { CurrentlyAttached = true });
                return tx.Create(new PbdRecord { Host = other, Sr = sr, CurrentlyAttached = true });
            },
            TestSite.Cancel);

        Assert.Equal(["HOST_CANNOT_DESTROY_SELF", site.Host.Opaque], await site.Client.FailAsync("host.declare_dead", site.Host));
        Assert.Equal(["HOST_IS_LIVE", other.Opaque], await site.Client.FailAsync("host.declare_dead", other));
        await site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(tx.Get(other).Metrics, m => m with { Live = false }), TestSite.Cancel);
        Assert.Equal("VM_BAD_POWER_STATE", (await site.Client.FailAsync("VM.start", vm, false, false))[0]);

        await site.Client.CallAsync("host.declare_dead", other);
        Assert.True(site.Get(vm) is { PowerState: VmPowerState.Halted, ResidentOn.IsNull: true });
        Assert.False(site.Get(vbd).CurrentlyAttached);
        Assert.False(site.Get(pbd).CurrentlyAttached);
        Assert.False(site.Get(other).Enabled);
        var told = Assert.Single(site.All<MessageRecord>(), m => m.Name == "HOST_DECLARED_DEAD");
        Assert.Contains(": vm.", told.Body, StringComparison.Ordinal);
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal(site.Host, site.Get(vm).ResidentOn);
    }

    [Fact]
    public async Task What_ran_on_a_host_that_is_declared_dead_is_started_here_in_its_order_also_by_the_next_daemon()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var other = await site.AddHostAsync("other");
        var (late, early) = (await site.CreateVmAsync("late", v => v with { Order = 2 }), await site.CreateVmAsync("early"));
        var (off, paused, stuck) = (await site.CreateVmAsync("off"), await site.CreateVmAsync("paused"), await site.CreateVmAsync("stuck"));
        await site.CreateVbdAsync(stuck, await site.CreateVdiAsync(sr));
        var pbd = site.Get(sr).Pbds.Single();
        await site.Client.CallAsync("PBD.unplug", pbd);
        await site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                foreach (var vm in new[] { late, early, paused, stuck })
                {
                    var state = vm == paused ? VmPowerState.Paused : VmPowerState.Running;
                    tx.Update(vm, v => Operations.WithAllowed(v with { PowerState = state, ResidentOn = other, Domid = 7 }));
                }
            },
            TestSite.Cancel);
        Assert.Equal(["HOST_IS_LIVE", other.Opaque], await site.Client.FailAsync("host.declare_dead_and_start", other));
        await site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(tx.Get(other).Metrics, m => m with { Live = false }), TestSite.Cancel);

        var started = new List<Ref<VmRecord>>();
        using (site.Daemon.Services.Database.Subscribe((_, changes) => started.AddRange(changes
            .Where(c => c.Before?.Record is VmRecord { PowerState: VmPowerState.Halted }
                && c.After?.Record is VmRecord { PowerState: VmPowerState.Running })
            .Select(c => new Ref<VmRecord>(c.Ref)))))
        {
            var went = await site.Client.CallAsync<ImmutableSortedDictionary<Ref<VmRecord>, string>>(
                "host.declare_dead_and_start", other);
            Assert.Equal(new[] { late, early, stuck }.Order(), went.Keys);
            Assert.Equal(["", ""], new[] { went[late], went[early] });
            Assert.NotEmpty(went[stuck]);
        }

        Assert.Equal([early, late], started);
        Assert.Equal([VmPowerState.Halted, VmPowerState.Halted], new[] { site.Get(off).PowerState, site.Get(paused).PowerState });
        var told = Assert.Single(site.All<MessageRecord>(), m => m.Name == "VM_NOT_STARTED_ELSEWHERE");
        Assert.Equal(site.Get(stuck).Uuid, told.ObjUuid);
        Assert.Equal(site.Get(stuck).Uuid, site.All<PoolRecord>().Single().OtherConfig[Marks.StartElsewhere]);

        // Another daemon knows of the one that is left, and that it is to be left alone when it runs.
        await site.Client.CallAsync("PBD.plug", pbd);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        site.Daemon.StartWithHost();
        await Patience.UntilAsync(() => site.Get(stuck).PowerState == VmPowerState.Running, "it is started when its storage is there");
        await Patience.UntilAsync(
            () => !site.All<PoolRecord>().Single().OtherConfig.ContainsKey(Marks.StartElsewhere), "nothing waits any more");
    }

    private static Task EvacuateAsync(TestSite site) => site.Client.CallAsync("host.evacuate", site.Host, default(Ref<NetworkRecord>), 0L);

    private static Task<ImmutableSortedDictionary<Ref<VmRecord>, ImmutableList<string>>> ObstaclesAsync(TestSite site) =>
        site.Client.CallAsync<ImmutableSortedDictionary<Ref<VmRecord>, ImmutableList<string>>>(
            "host.get_vms_which_prevent_evacuation", site.Host);
}
