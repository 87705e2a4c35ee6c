using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

public sealed class SuspendTests
{
    [Fact]
    public async Task A_VM_is_suspended_beside_its_disks_and_resumed()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, vbd, sr) = await StartedAsync(site);
        await site.Client.CallAsync("VM.suspend", vm);
        var suspended = site.Get(vm);
        Assert.Equal((VmPowerState.Suspended, true, -1), (suspended.PowerState, suspended.ResidentOn.IsNull, suspended.Domid));
        Assert.Equal(
            [
                VmOperations.Resume, VmOperations.ResumeOn, VmOperations.Checkpoint, VmOperations.HardShutdown, VmOperations.Shutdown,
                VmOperations.Destroy,
            ],
            suspended.AllowedOperations);
        var image = site.Get(suspended.SuspendVdi);
        Assert.Equal((VdiType.Suspend, sr, true), (image.Type, image.Sr, image.VirtualSize > 0));
        Assert.False(site.Get(vbd).CurrentlyAttached);
        Assert.Empty(site.All<ConsoleRecord>());

        await site.Client.CallAsync("VM.resume", vm, false, false);
        var resumed = site.Get(vm);
        Assert.Equal((VmPowerState.Running, site.Host, true), (resumed.PowerState, resumed.ResidentOn, resumed.SuspendVdi.IsNull));
        Assert.True(resumed.Domid > 0);
        Assert.True(site.Get(vbd).CurrentlyAttached);
        Assert.Equal(2, resumed.Consoles.Count);
        Assert.DoesNotContain(site.All<VdiRecord>(), v => v.Type == VdiType.Suspend);
        Assert.Empty(ImageFiles(site));

        await site.Client.CallAsync("VM.suspend", vm);
        await site.Client.CallAsync("VM.resume_on", vm, site.Host, true, false);
        Assert.Equal(VmPowerState.Paused, site.Get(vm).PowerState);
    }

    [Fact]
    public async Task What_is_out_of_place_in_its_state_is_refused_as_xapi_does()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, _, _) = await StartedAsync(site);
        Assert.Equal(["VM_BAD_POWER_STATE", vm.Opaque, "Suspended", "Running"], await site.Client.FailAsync("VM.resume", vm, false, false));
        await site.Client.CallAsync("VM.suspend", vm);
        Assert.Equal(["VM_BAD_POWER_STATE", vm.Opaque, "Running", "Suspended"], await site.Client.FailAsync("VM.suspend", vm));
        Assert.Equal(["VM_BAD_POWER_STATE", vm.Opaque, "Halted", "Suspended"], await site.Client.FailAsync("VM.start", vm, false, false));
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        Assert.Equal((VmPowerState.Halted, true), (site.Get(vm).PowerState, site.Get(vm).SuspendVdi.IsNull));
        Assert.DoesNotContain(site.All<VdiRecord>(), v => v.Type == VdiType.Suspend);
        Assert.Empty(ImageFiles(site));

        var diskless = await site.CreateVmAsync("diskless");
        await site.Client.CallAsync("pool.set_default_SR", site.Daemon.Services.Pool, default(Ref<SrRecord>));
        await site.Client.CallAsync("VM.start", diskless, false, false);
        Assert.Equal(["VM_NO_SUSPEND_SR", diskless.Opaque], await site.Client.FailAsync("VM.suspend", diskless));
        Assert.Equal(VmPowerState.Running, site.Get(diskless).PowerState);
    }

    [Fact]
    public async Task Destroying_a_suspended_VM_removes_its_image()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, _, _) = await StartedAsync(site);
        await site.Client.CallAsync("VM.suspend", vm);
        await site.Client.CallAsync("VM.destroy", vm);
        Assert.DoesNotContain(site.All<VdiRecord>(), v => v.Type == VdiType.Suspend);
        Assert.Empty(ImageFiles(site));
    }

    [Fact]
    public async Task The_disks_and_the_image_of_a_suspended_VM_are_kept_from_others()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, vbd, _) = await StartedAsync(site);
        await site.Client.CallAsync("VM.suspend", vm);
        var (disk, image) = (site.Get(vbd).Vdi, site.Get(vm).SuspendVdi);
        var other = await site.CreateVmAsync("two");
        await site.CreateVbdAsync(other, disk);
        Assert.Equal(["VDI_IN_USE", disk.Opaque, "VM.start"], await site.Client.FailAsync("VM.start", other, false, false));
        Assert.Equal(["VDI_IN_USE", disk.Opaque, "destroy"], await site.Client.FailAsync("VDI.destroy", disk));
        Assert.Equal(["VDI_IN_USE", disk.Opaque, "resize"], await site.Client.FailAsync("VDI.resize", disk, 2L << 20));
        Assert.Equal(["VDI_IN_USE", image.Opaque, "destroy"], await site.Client.FailAsync("VDI.destroy", image));
        Assert.Equal(["VDI_IN_USE", image.Opaque, "forget"], await site.Client.FailAsync("VDI.forget", image));
        await site.Client.CallAsync("VM.resume", vm, false, false);
    }

    [Fact]
    public async Task An_image_that_is_not_whole_is_refused_and_the_VM_stays_suspended()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, vbd, _) = await StartedAsync(site);
        await site.Client.CallAsync("VM.suspend", vm);
        await File.WriteAllBytesAsync(ImageFiles(site).Single(), new byte[1 << 20], TestSite.Cancel);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VM.resume", vm, false, false))[0]);
        Assert.Equal((VmPowerState.Suspended, false), (site.Get(vm).PowerState, site.Get(vm).SuspendVdi.IsNull));
        Assert.False(site.Get(vbd).CurrentlyAttached);

        File.Delete(ImageFiles(site).Single());
        Assert.Equal("VDI_MISSING", (await site.Client.FailAsync("VM.resume", vm, false, false))[0]);
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        await site.Client.CallAsync("VM.start", vm, false, false);
    }

    [Theory]
    [InlineData(true, VmPowerState.Suspended)]
    [InlineData(false, VmPowerState.Halted)]
    public async Task A_daemon_that_died_before_it_noted_a_suspend_goes_by_what_is_on_the_storage(bool isWhole, VmPowerState expected)
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, _, _) = await StartedAsync(site);
        await site.Client.CallAsync("VM.suspend", vm);
        if (!isWhole)
        {
            await File.WriteAllBytesAsync(ImageFiles(site).Single(), new byte[1 << 20], TestSite.Cancel);
        }

        await HearOfAllAsync(site);

        // As it is between the end of the guest and the note of it.
        await site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(vm, v => v with { PowerState = VmPowerState.Running }), TestSite.Cancel);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal((expected, !isWhole), (site.Get(vm).PowerState, site.Get(vm).SuspendVdi.IsNull));
        Assert.Equal(isWhole ? 1 : 0, ImageFiles(site).Count());
    }

    [Fact]
    public async Task An_image_that_was_given_up_goes_when_the_daemon_starts()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, _, _) = await StartedAsync(site);
        await site.Client.CallAsync("VM.suspend", vm);

        // As it is between the note that the VM runs again and the removal.
        await site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                SuspendImages.GiveUp(tx, vm);
                VmRows.Update(tx, vm, v => v with { PowerState = VmPowerState.Running });
            },
            TestSite.Cancel);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState); // The pretended guests go with their driver.
        Assert.DoesNotContain(site.All<VdiRecord>(), v => v.Type == VdiType.Suspend);
        Assert.Empty(ImageFiles(site));
    }

    [Fact]
    public async Task A_checkpoint_of_a_suspended_VM_has_its_memory_and_each_revert_a_copy_of_it()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, vbd, _) = await StartedAsync(site);
        var off = await site.CreateVmAsync("off");
        Assert.Equal(
            ["VM_BAD_POWER_STATE", off.Opaque, "Running, Paused, Suspended", "Halted"],
            await site.Client.FailAsync("VM.checkpoint", off, "then"));
        await site.Client.CallAsync("VM.suspend", vm);
        var checkpoint = await site.Client.CallAsync<Ref<VmRecord>>("VM.checkpoint", vm, "then");
        var kept = site.Get(checkpoint);
        Assert.Equal((VmPowerState.Suspended, true, true, vm), (kept.PowerState, kept.IsASnapshot, kept.IsATemplate, kept.SnapshotOf));
        Assert.Equal("Suspended", kept.SnapshotInfo["power-state-at-snapshot"]);
        Assert.Equal([VmOperations.Revert, VmOperations.Clone, VmOperations.Copy, VmOperations.Destroy], kept.AllowedOperations);
        Assert.Equal(VdiType.Suspend, site.Get(kept.SuspendVdi).Type);
        Assert.NotEqual(kept.SuspendVdi, site.Get(vm).SuspendVdi);
        Assert.Equal(2, ImageFiles(site).Count());
        Assert.DoesNotContain(site.All<SrRecord>(), s => s.OtherConfig.ContainsKey(DisksInMaking.Key));

        // What belongs together is kept from others.
        var (disk, other) = (site.Get(kept.Vbds.Single()).Vdi, await site.CreateVmAsync("two"));
        await site.CreateVbdAsync(other, disk);
        Assert.Equal(["VDI_IN_USE", disk.Opaque, "VM.start"], await site.Client.FailAsync("VM.start", other, false, false));
        Assert.Equal(["VDI_IN_USE", disk.Opaque, "resize"], await site.Client.FailAsync("VDI.resize", disk, 2L << 20));
        Assert.Equal(
            ["VDI_IN_USE", kept.SuspendVdi.Opaque, "destroy"], await site.Client.FailAsync("VDI.destroy", kept.SuspendVdi));
        await site.Client.CallAsync("VM.destroy", other);

        await site.Client.CallAsync("VM.resume", vm, false, false);
        for (var round = 0; round < 2; round++)
        {
            await site.Client.CallAsync("VM.revert", checkpoint);
            var reverted = site.Get(vm);
            Assert.Equal((VmPowerState.Suspended, false), (reverted.PowerState, reverted.SuspendVdi == site.Get(checkpoint).SuspendVdi));
            Assert.Equal(2, ImageFiles(site).Count());
            await site.Client.CallAsync("VM.resume", vm, false, false);
            Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
            Assert.Single(ImageFiles(site));
        }

        Assert.Null(site.Daemon.Services.State.Find(vbd));
        var copy = await site.Client.CallAsync<Ref<VmRecord>>("VM.clone", checkpoint, "copy");
        Assert.Equal((VmPowerState.Halted, true), (site.Get(copy).PowerState, site.Get(copy).SuspendVdi.IsNull));
        await site.Client.CallAsync("VM.destroy", checkpoint);
        Assert.DoesNotContain(site.All<VdiRecord>(), v => v.Type == VdiType.Suspend);
        Assert.Empty(ImageFiles(site));
    }

    [Fact]
    public async Task A_guest_that_stood_still_for_a_checkpoint_of_a_dead_daemon_goes_on()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, _, _) = await StartedAsync(site);
        var held = await site.CreateVmAsync("held");
        await site.Client.CallAsync("VM.start", held, true, false);
        await site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                foreach (var one in new[] { vm, held })
                {
                    tx.Update(one, v => v with { OtherConfig = v.OtherConfig.SetItem(Suspensions.HeldKey, "true") });
                }
            },
            TestSite.Cancel);
        var snapshot = await site.Client.CallAsync<Ref<VmRecord>>(
            "VM.snapshot", await site.CreateVmAsync("off", v => v with { OtherConfig = TestSite.Map((Suspensions.HeldKey, "true")) }), "x",
            System.Collections.Immutable.ImmutableList<Ref<VdiRecord>>.Empty);
        Assert.DoesNotContain(Suspensions.HeldKey, site.Get(snapshot).OtherConfig.Keys);

        // As when the hypervisor is taken up again.
        var suspensions = new Suspensions(
            site.Daemon.Services, new Guests(site.Daemon.Services, new FirmwareFiles(site.Daemon.Services)), null!);
        await suspensions.SettleAllAsync(site.Daemon.Services.Hosts.Local);
        Assert.Equal((VmPowerState.Running, VmPowerState.Running), (site.Get(vm).PowerState, site.Get(held).PowerState));
        Assert.DoesNotContain([vm, held], v => site.Get(v).OtherConfig.ContainsKey(Suspensions.HeldKey));
    }

    [Fact]
    public async Task A_suspended_VM_that_another_pool_has_recovered_is_not_resumed()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        await scene.Primary.Client.CallAsync("VM.suspend", scene.Vm);
        var foreign = await scene.OpenForeignAsync();
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        var recovered = scene.Recovered();
        Assert.Equal(VmPowerState.Suspended, scene.Site.Get(recovered).PowerState);
        Assert.Equal(VdiType.Suspend, scene.Site.Get(scene.Site.Get(recovered).SuspendVdi).Type);
        Assert.False(scene.Site.Get(recovered).SuspendVdi.IsNull);
        await scene.Site.Client.CallAsync(
            "SR.enable_database_replication", scene.Site.Daemon.Services.State.FindByUuid<SrRecord>(scene.Primary.Get(scene.Sr).Uuid));

        // The recovery site's metadata come back on the storage.
        var volume = scene.Site.All<VdiRecord>().Single(
            v => v.Type == VdiType.Metadata && v.MetadataOfPool == scene.Site.Daemon.Services.Pool);
        var file = Directory.EnumerateFiles(scene.CopyPath, $"{volume.Uuid}.*", SearchOption.AllDirectories).Single();
        await Replica.CopyAsync(file, Path.GetDirectoryName(ImageFiles(scene.Primary).Single())!);
        Assert.Equal("VM_RECOVERED_ELSEWHERE", (await scene.Primary.Client.FailAsync("VM.resume", scene.Vm, false, false))[0]);
        Assert.Equal(VmPowerState.Suspended, scene.Primary.Get(scene.Vm).PowerState);

        await scene.Site.Client.CallAsync("VM.resume", recovered, false, false);
        Assert.Equal(VmPowerState.Running, scene.Site.Get(recovered).PowerState);
        Assert.DoesNotContain(scene.Site.All<VdiRecord>(), v => v.Type == VdiType.Suspend);
    }

    private static async Task<(Ref<VmRecord> Vm, Ref<VbdRecord> Vbd, Ref<SrRecord> Sr)> StartedAsync(TestSite site)
    {
        await site.CreateSrAsync("other"); // The first SR is the pool's default; the VM's disks lie elsewhere.
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("one");
        var vbd = await site.CreateVbdAsync(vm, await site.CreateVdiAsync(sr));
        await site.Client.CallAsync("VM.start", vm, false, false);
        return (vm, vbd, sr);
    }

    /// <summary>Waits until the daemon has heard of all that has happened to guests: it hears of one thing after the other.</summary>
    private static async Task HearOfAllAsync(TestSite site)
    {
        var last = await site.CreateVmAsync("last");
        await site.Client.CallAsync("VM.start", last, false, false);
        await site.Daemon.Services.Hosts.Local.Hypervisor.DestroyAsync(Guid.Parse(site.Get(last).Uuid), TestSite.Cancel);
        await Patience.UntilAsync(() => site.Get(last).PowerState == VmPowerState.Halted, "the last guest's end is noted");
    }

    /// <summary>The images are the only raw files beside the metadata volumes.</summary>
    private static IEnumerable<string> ImageFiles(TestSite site) =>
        Directory.EnumerateFiles(site.Root, "*.raw", SearchOption.AllDirectories)
        .Where(f => !site.All<VdiRecord>().Any(v => v.Type == VdiType.Metadata && v.Uuid == Path.GetFileNameWithoutExtension(f)));
}
