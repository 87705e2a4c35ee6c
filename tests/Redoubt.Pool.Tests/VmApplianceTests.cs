using System.Collections.Concurrent;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

public sealed class VmApplianceTests
{
    [Fact]
    public async Task VMs_start_in_ascending_order_and_stop_in_descending()
    {
        await using var site = await TestSite.OpenAsync();
        var appliance = await CreateAsync(site);
        await AddAsync(site, appliance, "last", 7);
        await AddAsync(site, appliance, "first", 0);
        await AddAsync(site, appliance, "second", 3);
        var seen = Watch(site);
        await site.Client.CallAsync("VM_appliance.start", appliance, false);
        Assert.Equal(["first Running", "second Running", "last Running"], seen);
        Assert.Equal(
            [VmApplianceOperation.CleanShutdown, VmApplianceOperation.HardShutdown, VmApplianceOperation.Shutdown],
            site.Get(appliance).AllowedOperations);

        seen.Clear();
        await site.Client.CallAsync("VM_appliance.shutdown", appliance);
        Assert.Equal(["last Halted", "second Halted", "first Halted"], seen);
        Assert.Equal([VmApplianceOperation.Start], site.Get(appliance).AllowedOperations);
    }

    [Fact]
    public async Task The_next_group_waits_for_the_longest_start_delay_of_the_one_before()
    {
        await using var site = await TestSite.OpenAsync();
        var appliance = await CreateAsync(site);
        var first = await AddAsync(site, appliance, "first", 0, delay: 1);
        var second = await AddAsync(site, appliance, "second", 1);
        await site.Client.CallAsync("VM_appliance.start", appliance, false);
        Assert.True(StartTime(second) - StartTime(first) >= TimeSpan.FromSeconds(1));

        DateTimeOffset StartTime(Ref<VmRecord> vm) => site.Get(site.Get(vm).Metrics).StartTime;
    }

    [Fact]
    public async Task A_member_that_fails_is_named_and_later_groups_start_all_the_same()
    {
        await using var site = await TestSite.OpenAsync();
        var appliance = await CreateAsync(site);
        var blocked = await AddAsync(site, appliance, "blocked", 0);
        var other = await AddAsync(site, appliance, "other", 1);
        await site.Client.CallAsync("VM.add_to_blocked_operations", blocked, VmOperations.Start, "not yet");
        Assert.Equal(
            ["OPERATION_PARTIALLY_FAILED", "VM_appliance.start", blocked.Opaque],
            await site.Client.FailAsync("VM_appliance.start", appliance, false));
        Assert.Equal(VmPowerState.Running, site.Get(other).PowerState);
        Assert.Contains("not yet", Assert.Single(site.All<MessageRecord>()).Body, StringComparison.Ordinal);
        Assert.Empty(site.Get(appliance).CurrentOperations);
    }

    [Fact]
    public async Task A_vApp_that_has_nothing_to_do_says_so()
    {
        await using var site = await TestSite.OpenAsync();
        var appliance = await CreateAsync(site);
        Assert.Equal(
            ["OPERATION_NOT_ALLOWED", "Appliance has no VMs."], await site.Client.FailAsync("VM_appliance.start", appliance, false));
        var vm = await AddAsync(site, appliance, "one", 0);
        Assert.Equal(
            ["OPERATION_NOT_ALLOWED", "There are no running VMs in this appliance."],
            await site.Client.FailAsync("VM_appliance.clean_shutdown", appliance));
        Assert.Equal(
            ["OPERATION_NOT_ALLOWED", "All VMs in this appliance are halted."],
            await site.Client.FailAsync("VM_appliance.hard_shutdown", appliance));
        await site.Client.CallAsync("VM_appliance.start", appliance, true);
        Assert.Equal(VmPowerState.Paused, site.Get(vm).PowerState);
        Assert.Equal(
            ["OPERATION_NOT_ALLOWED", "There are no halted VMs in this appliance."],
            await site.Client.FailAsync("VM_appliance.start", appliance, true));
        await site.Client.CallAsync("VM_appliance.destroy", appliance);
        Assert.True(site.Get(vm).Appliance.IsNull);
    }

    [Fact]
    public async Task Templates_cannot_join_and_members_cannot_become_templates()
    {
        await using var site = await TestSite.OpenAsync();
        var appliance = await CreateAsync(site);
        var template = await site.CreateVmAsync("template", v => v with { IsATemplate = true });
        Assert.Equal(
            ["OPERATION_NOT_ALLOWED", "Control domains, templates and snapshots cannot be assigned to appliances."],
            await site.Client.FailAsync("VM.set_appliance", template, appliance));
        var vm = await AddAsync(site, appliance, "one", 0);
        Assert.Equal(
            ["VM_IS_PART_OF_AN_APPLIANCE", vm.Opaque, appliance.Opaque], await site.Client.FailAsync("VM.set_is_a_template", vm, true));
    }

    private static Task<Ref<VmApplianceRecord>> CreateAsync(TestSite site) =>
        site.Client.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", new VmApplianceRecord { NameLabel = "app" });

    private static async Task<Ref<VmRecord>> AddAsync(
        TestSite site, Ref<VmApplianceRecord> appliance, string name, long order, long delay = 0)
    {
        var vm = await site.CreateVmAsync(name, v => v with { Order = order, StartDelay = delay });
        await site.Client.CallAsync("VM.set_appliance", vm, appliance);
        return vm;
    }

    /// <summary>The power states that VMs come to, in order, for as long as the site is open.</summary>
    private static ConcurrentQueue<string> Watch(TestSite site)
    {
        var seen = new ConcurrentQueue<string>();
        site.Daemon.Services.Database.Subscribe((_, changes) =>
        {
            foreach (var change in changes)
            {
                if (change is { Before.Record: VmRecord before, After.Record: VmRecord after } && before.PowerState != after.PowerState)
                {
                    seen.Enqueue($"{after.NameLabel} {after.PowerState}");
                }
            }
        });
        return seen;
    }
}
