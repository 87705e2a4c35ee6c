using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

public sealed class RecoveryTests
{
    [Fact]
    public async Task Rule10_a_recovered_vApp_is_startable_at_once_and_what_was_blocked_is_blocked()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("VM.add_to_blocked_operations", scene.Vm, VmOperations.Destroy, "keep it");
        await scene.ProtectAsync();
        Assert.False(scene.Primary.Get(scene.Vm).ResidentOn.IsNull);
        var foreign = await scene.OpenForeignAsync();
        await foreign.CallAsync("VM_appliance.assert_can_be_recovered", scene.Appliance, scene.Site.Client.Session.Ref);
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);

        var appliance = scene.Site.Daemon.Services.State.FindByUuid<VmApplianceRecord>(scene.Primary.Get(scene.Appliance).Uuid);
        var vm = scene.Recovered();
        Assert.Equal(
            (1L, VmPowerState.Halted, appliance),
            (scene.Site.Get(vm).Version, scene.Site.Get(vm).PowerState, scene.Site.Get(vm).Appliance));
        Assert.Equal("disk", scene.Site.Get(scene.Site.Get(scene.Site.Get(vm).Vbds.Single()).Vdi).NameLabel);
        Assert.DoesNotContain(scene.Site.All<VbdRecord>(), b => b.CurrentlyAttached);
        Assert.DoesNotContain(scene.Site.All<VifRecord>(), v => v.CurrentlyAttached);
        Assert.True(scene.Site.Get(vm).ResidentOn.IsNull);
        Assert.Equal(["keep it"], scene.Site.Get(vm).BlockedOperations.Values);
        Assert.True(Assert.Single(scene.Site.All<SrRecord>()).IntroducedBy.IsNull);

        await scene.Site.Client.CallAsync("VM_appliance.start", appliance, false);
        Assert.Equal(VmPowerState.Running, scene.Site.Get(vm).PowerState);
    }

    [Fact]
    public async Task A_snapshot_comes_back_as_one_disks_and_all_and_the_VM_can_be_reverted_to_it()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync<Ref<VmRecord>>(
            "VM.snapshot", scene.Vm, "then", ImmutableList<Ref<VdiRecord>>.Empty);
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);

        var (site, vm) = (scene.Site, scene.Recovered());
        var recovered = site.Get(vm).Snapshots.Single();
        var disk = site.Get(site.Get(site.Get(recovered).Vbds.Single()).Vdi);
        var of = site.Get(site.Get(vm).Vbds.Single()).Vdi;
        Assert.Equal((true, of, site.Get(recovered).SnapshotTime), (disk.IsASnapshot, disk.SnapshotOf, disk.SnapshotTime));
        Assert.Equal((false, default), (site.Get(of).IsASnapshot, site.Get(of).SnapshotOf));
        await site.Client.CallAsync("VM.revert", recovered);
        Assert.NotEqual(of, site.Get(site.Get(vm).Vbds.Single()).Vdi);
        Assert.Null(site.Daemon.Services.State.Find(of));
    }

    [Fact]
    public async Task Recovering_twice_is_refused_unless_forced_and_never_over_a_running_VM()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        var to = scene.Site.Client.Session.Ref;
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, to, false);
        var first = scene.Recovered();
        Assert.Equal(
            ["VM_TO_IMPORT_IS_NOT_NEWER_VERSION", first.Opaque, "1", "0"],
            await foreign.FailAsync("VM_appliance.recover", scene.Appliance, to, false));
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, to, true);
        var second = scene.Recovered();
        Assert.NotEqual(first, second);
        await scene.Site.Client.CallAsync("VM.start", second, false, false);
        Assert.Equal(
            ["VM_BAD_POWER_STATE", second.Opaque, "Halted", "Running"],
            await foreign.FailAsync("VM_appliance.recover", scene.Appliance, to, true));
        Assert.Equal(second, scene.Recovered());
    }

    [Fact]
    public async Task Rule09_a_missing_disk_stops_the_recovery_and_nothing_has_changed()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        var vdi = scene.Primary.Get(scene.Vdi);
        File.Delete(Directory.EnumerateFiles(scene.CopyPath, $"{vdi.Uuid}.*", SearchOption.AllDirectories).Single());
        var before =
            (scene.Site.All<VmRecord>().Count(), scene.Site.All<NetworkRecord>().Count(), scene.Site.All<VmApplianceRecord>().Count());
        var failure = await foreign.FailAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        Assert.Equal(("VDI_LOCATION_MISSING", vdi.Location), (failure[0], failure[2]));
        Assert.Equal(
            before,
            (scene.Site.All<VmRecord>().Count(), scene.Site.All<NetworkRecord>().Count(), scene.Site.All<VmApplianceRecord>().Count()));
        Assert.False(Assert.Single(scene.Site.All<SrRecord>()).IntroducedBy.IsNull);

        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, true);
        Assert.Empty(scene.Site.Get(scene.Recovered()).Vbds);
        Assert.Contains(
            scene.Site.All<MessageRecord>(),
            m => m.Name == "VM_RECOVERED_WITH_CHANGES" && m.Body.Contains(vdi.Uuid, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_older_copy_gives_way_and_a_network_of_the_same_name_is_used()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var network = await scene.Site.CreateNetworkAsync("net");
        await scene.ProtectAsync();
        await scene.MarkVersionAsync(5);
        var old = await scene.Site.CreateVmAsync("old");
        await scene.Site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(old, v => v with { Uuid = scene.Primary.Get(scene.Vm).Uuid, Version = 4 }), TestSite.Cancel);
        var foreign = await scene.OpenForeignAsync();
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        var vm = scene.Recovered();
        Assert.NotEqual(old, vm);
        Assert.Equal((6L, "one"), (scene.Site.Get(vm).Version, scene.Site.Get(vm).NameLabel));
        Assert.Equal(network, scene.Site.Get(scene.Site.Get(vm).Vifs.Single()).Network);
    }

    [Fact]
    public async Task A_network_that_is_not_here_is_made_and_people_are_told()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        Assert.Contains(scene.Site.All<NetworkRecord>(), n => n is { NameLabel: "net", Bridge: "" });
        Assert.Contains(
            scene.Site.All<MessageRecord>(),
            m => m.Name == "VM_RECOVERED_WITH_CHANGES" && m.Body.Contains("\"net\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_member_of_a_vApp_is_not_recovered_alone()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        Assert.Equal(
            ["VM_IS_PART_OF_AN_APPLIANCE", scene.Vm.Opaque, scene.Appliance.Opaque],
            await foreign.FailAsync("VM.recover", scene.Vm, scene.Site.Client.Session.Ref, false));
    }

    [Fact]
    public async Task Nothing_starts_from_storage_that_was_attached_for_looking()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        await scene.OpenForeignAsync();
        var vdi = scene.Site.Daemon.Services.State.FindByUuid<VdiRecord>(scene.Primary.Get(scene.Vdi).Uuid);
        var vm = await scene.Site.CreateVmAsync("impatient");
        await scene.Site.CreateVbdAsync(vm, vdi);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await scene.Site.Client.FailAsync("VM.start", vm, false, false))[0]);
    }

    [Fact]
    public async Task A_whitelist_that_names_nothing_there_attaches_nothing()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        scene.Mirror();
        Assert.Equal("OPERATION_NOT_ALLOWED", (await scene.Site.Client.FailAsync(
            "DR_task.create", "file", TestSite.Map(("location", scene.CopyPath)), ImmutableList.Create($"{Guid.NewGuid()}")))[0]);
        Assert.Empty(scene.Site.All<SrRecord>());
        Assert.Empty(scene.Site.All<DrTaskRecord>());
    }
}
