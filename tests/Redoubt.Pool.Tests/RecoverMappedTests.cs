using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Rules 8, 11 and 12 of recovery, as the pool keeps them.</summary>
public sealed class RecoverMappedTests
{
    [Fact]
    public async Task Rule12_a_network_that_is_not_mapped_is_refused_and_nothing_has_changed()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        var before = Counts(scene.Site);
        var network = scene.Primary.All<NetworkRecord>().Single();
        Assert.Equal(
            ["NETWORK_NOT_MAPPED", scene.Vm.Opaque, network.Uuid, "net", network.Bridge],
            await foreign.FailAsync("VM_appliance.recover_mapped", scene.Appliance, scene.Site.Client.Session.Ref, true, TestSite.Map(),
                TestSite.Map()));
        Assert.Equal(before, Counts(scene.Site));
        Assert.False(Assert.Single(scene.Site.All<SrRecord>()).IntroducedBy.IsNull);
        var nowhere = $"{Guid.NewGuid()}";
        Assert.Equal(
            ["UUID_INVALID", "network", nowhere],
            await foreign.FailAsync(
                "VM_appliance.recover_mapped", scene.Appliance, scene.Site.Client.Session.Ref, true,
                TestSite.Map((network.Uuid, nowhere)), TestSite.Map()));
        Assert.Equal(before, Counts(scene.Site));
    }

    [Fact]
    public async Task The_map_counts_for_more_than_the_name_and_the_name_for_more_than_the_bridge()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("network.destroy", await scene.Primary.CreateNetworkAsync("unused"));
        await scene.Primary.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(tx.State.FindByName<NetworkRecord>("net").Single(), n => n with { Bridge = "br7" }), TestSite.Cancel);
        await scene.ProtectAsync();
        var theirs = scene.Primary.All<NetworkRecord>().Single().Uuid;
        var foreign = await scene.OpenForeignAsync();
        var byBridge = await scene.Site.CreateNetworkAsync("other", "br7");
        Assert.Equal(byBridge, await RecoverAsync(scene, foreign, TestSite.Map()));
        var byName = await scene.Site.CreateNetworkAsync("net");
        Assert.Equal(byName, await RecoverAsync(scene, foreign, TestSite.Map()));
        Assert.Equal(byBridge, await RecoverAsync(scene, foreign, TestSite.Map((theirs, scene.Site.Get(byBridge).Uuid))));
        Assert.Equal(2, scene.Site.All<NetworkRecord>().Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rule08_a_recovery_that_fails_gives_back_what_it_replaced(bool force)
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Site.CreateNetworkAsync("net");
        await scene.ProtectAsync();
        await scene.MarkVersionAsync(3);
        var second = await scene.Primary.CreateVmAsync("two");
        await scene.Primary.Client.CallAsync<Ref<VifRecord>>(
            "VIF.create", new VifRecord { Vm = second, Network = await scene.Primary.CreateNetworkAsync("nowhere"), Device = "0" });
        await scene.Primary.Client.CallAsync("VM.set_appliance", second, scene.Appliance);
        var old = await scene.Site.CreateVmAsync("old");
        await scene.Site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(old, v => v with { Uuid = scene.Primary.Get(scene.Vm).Uuid }), TestSite.Cancel);
        var foreign = await scene.OpenForeignAsync();
        var before = (Counts(scene.Site), scene.Site.Get(old));
        Assert.Equal("NETWORK_NOT_MAPPED", (await foreign.FailAsync(
            "VM_appliance.recover_mapped", scene.Appliance, scene.Site.Client.Session.Ref, force, TestSite.Map(), TestSite.Map()))[0]);
        Assert.Equal(before, (Counts(scene.Site), scene.Site.Get(old)));
    }

    [Fact]
    public async Task Rule11_a_recovered_VM_never_starts_by_itself_before_somebody_has_started_it()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("VM.add_to_other_config", scene.Vm, "auto_poweron", "true");
        await scene.Primary.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(scene.Vm, v => v with { HaRestartPriority = "restart" }), TestSite.Cancel);
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        await scene.Site.CreateNetworkAsync("net");
        await RecoverAsync(scene, foreign, TestSite.Map());
        var held = scene.Site.Get(scene.Recovered());
        Assert.Equal(
            ("", "restart", "true"),
            (held.HaRestartPriority, held.OtherConfig["dr-held-ha_restart_priority"], held.OtherConfig["dr-held-auto_poweron"]));
        Assert.False(held.OtherConfig.ContainsKey("auto_poweron"));

        await scene.Site.Client.CallAsync("VM.release_recovery_hold", scene.Recovered());
        AssertReleased(scene.Site.Get(scene.Recovered()));

        await RecoverAsync(scene, foreign, TestSite.Map());
        Assert.Equal("", scene.Site.Get(scene.Recovered()).HaRestartPriority);
        await scene.Site.Client.CallAsync("VM.start", scene.Recovered(), false, false);
        AssertReleased(scene.Site.Get(scene.Recovered()));
    }

    [Fact]
    public async Task A_loose_VM_is_recovered_with_a_map_too_and_only_between_the_right_sessions()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("VM.set_appliance", scene.Vm, default(Ref<VmApplianceRecord>));
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        var network = await scene.Site.CreateNetworkAsync("elsewhere");
        var map = TestSite.Map((scene.Primary.All<NetworkRecord>().Single().Uuid, scene.Site.Get(network).Uuid));
        Assert.Equal(
            "RBAC_PERMISSION_DENIED",
            (await foreign.FailAsync("VM.recover_mapped", scene.Vm, foreign.Session.Ref, false, map, TestSite.Map()))[0]);
        var made = await foreign.CallAsync<Ref<VmRecord>>(
            "VM.recover_mapped", scene.Vm, scene.Site.Client.Session.Ref, false, map, TestSite.Map());
        Assert.Equal((scene.Recovered(), network), (made, scene.Site.Get(scene.Site.Get(made).Vifs.Single()).Network));
        Assert.Equal(
            "OPERATION_NOT_ALLOWED",
            (await scene.Site.Client.FailAsync("VM.recover_mapped", made, scene.Site.Client.Session.Ref, false, map, TestSite.Map()))[0]);
    }

    [Fact]
    public async Task Only_a_marked_copy_takes_the_place_of_a_disk()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("VM.set_appliance", scene.Vm, default(Ref<VmApplianceRecord>));
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        await scene.Site.CreateNetworkAsync("net");
        var sr = scene.Site.All<SrRecord>().Single();
        var theirs = scene.Primary.Get(scene.Primary.Get(scene.Primary.Get(scene.Vm).Vbds.First()).Vdi).Uuid;
        var ours = scene.Site.All<VdiRecord>().First(v => v.Uuid == theirs);
        var before = Counts(scene.Site);
        Assert.Equal("OPERATION_NOT_ALLOWED", await FailAsync(ours.Uuid));
        Assert.Equal("UUID_INVALID", await FailAsync($"{Guid.NewGuid()}"));
        Assert.Equal(before, Counts(scene.Site));
        Assert.False(scene.Site.Get(scene.Site.Daemon.Services.State.FindByUuid<SrRecord>(sr.Uuid)).IntroducedBy.IsNull);

        async Task<string> FailAsync(string disk) => (await foreign.FailAsync(
            "VM.recover_mapped", scene.Vm, scene.Site.Client.Session.Ref, false, TestSite.Map(), TestSite.Map((theirs, disk))))[0];
    }

    private static async Task<Ref<NetworkRecord>> RecoverAsync(
        RecoveryScene scene, TestClient foreign, ImmutableSortedDictionary<string, string> networks)
    {
        var appliance = await foreign.CallAsync<Ref<VmApplianceRecord>>(
            "VM_appliance.recover_mapped", scene.Appliance, scene.Site.Client.Session.Ref, true, networks, TestSite.Map());
        Assert.Equal(scene.Primary.Get(scene.Appliance).Uuid, scene.Site.Get(appliance).Uuid);
        return scene.Site.Get(scene.Site.Get(scene.Recovered()).Vifs.Single()).Network;
    }

    private static void AssertReleased(VmRecord vm)
    {
        Assert.Equal(("restart", "true"), (vm.HaRestartPriority, vm.OtherConfig["auto_poweron"]));
        Assert.DoesNotContain(vm.OtherConfig.Keys, k => k.StartsWith("dr-held", StringComparison.Ordinal));
    }

    private static (int Vms, int Networks, int Appliances, int Vbds, int Vifs) Counts(TestSite site) => (
        site.All<VmRecord>().Count(), site.All<NetworkRecord>().Count(), site.All<VmApplianceRecord>().Count(),
        site.All<VbdRecord>().Count(), site.All<VifRecord>().Count());
}
