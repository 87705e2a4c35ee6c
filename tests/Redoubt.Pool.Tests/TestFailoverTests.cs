using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Rules 4 and 15 of recovery, as the pool keeps them.</summary>
public sealed class TestFailoverTests
{
    [Fact]
    public async Task Rule15_a_test_changes_nothing_on_the_storage_and_leaves_nothing_behind()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        var site = scene.Site;
        var (tree, rows) = (StorageTree.Of(scene.CopyPath), Rows(site));
        var source = Source(scene);

        var (sr, network, vm) = await MakeAsync(scene, foreign, "drill");
        Assert.Equal((sr, network, vm), await MakeAsync(scene, foreign, "drill"));
        var (theirs, made) = (scene.Primary.Get(scene.Vm), site.Get(vm));
        Assert.NotEqual(theirs.Uuid, made.Uuid);
        Assert.Equal(("[drill] one", theirs.Uuid, "drill"), (made.NameLabel, made.OtherConfig["dr-test-of"], made.OtherConfig["dr-test"]));
        Assert.True(made.Appliance.IsNull);
        Assert.Equal(scene.Primary.Get(theirs.Vifs.Single()).Mac, site.Get(made.Vifs.Single()).Mac);
        Assert.Equal(sr, site.Get(site.Get(made.Vbds.Single()).Vdi).Sr);

        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.True(site.Get(made.Vifs.Single()).CurrentlyAttached);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("PBD.unplug", site.Get(source).Pbds.Single()))[0]);
        Assert.Equal("VDI_IN_USE", (await site.Client.FailAsync("SR.destroy_test_clone", sr))[0]);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("SR.enable_database_replication", sr))[0]);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("SR.destroy_test_clone", source))[0]);

        await site.Client.CallAsync("VM.hard_shutdown", vm);
        await site.Client.CallAsync("VM.destroy", vm);
        await site.Client.CallAsync("SR.destroy_test_clone", sr);
        await site.Client.CallAsync("SR.destroy_test_clone", sr);
        await site.Client.CallAsync("network.destroy", network);
        Assert.Equal(rows, Rows(site));
        Assert.Equal(tree, StorageTree.Of(scene.CopyPath));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.Root, "data", "tests")));
    }

    [Fact]
    public async Task An_SR_that_only_bears_the_mark_of_a_test_is_not_erased()
    {
        await using var site = await TestSite.OpenAsync();
        var (real, other) = (await site.CreateSrAsync("real"), await site.CreateSrAsync("other"));
        await site.CreateVdiAsync(real);
        var before = StorageTree.Of(Path.Combine(site.Root, "real"));
        foreach (var (key, value) in new[] { ("dr-test", "drill"), ("dr-test-of", site.Get(other).Uuid), ("dr-test-storage", "overlays") })
        {
            await site.Client.CallAsync("SR.add_to_other_config", real, key, value);
            Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("SR.destroy_test_clone", real))[0]);
        }

        // Nor is it taken for a clone that was begun, which would be made anew.
        await site.Client.CallAsync("SR.remove_from_other_config", real, "dr-test-storage");
        await site.Client.CallAsync("PBD.unplug", site.Get(real).Pbds.Single());
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("SR.clone_for_test", other, "drill"))[0]);
        Assert.Equal(before, StorageTree.Of(Path.Combine(site.Root, "real")));
    }

    [Fact]
    public async Task A_test_is_still_there_when_the_daemon_has_been_restarted()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        var (sr, _, vm) = await MakeAsync(scene, foreign, "drill");
        await scene.Site.Daemon.DisposeAsync();
        await scene.Site.StartAsync();
        Assert.True(scene.Site.Get(scene.Site.Get(sr).Pbds.Single()).CurrentlyAttached);
        Assert.Equal(sr, await scene.Site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", Source(scene), "drill"));
        await scene.Site.Client.CallAsync("VM.start", vm, false, false);
        await scene.Site.Client.CallAsync("VM.hard_shutdown", vm);
    }

    [Fact]
    public async Task What_a_daemon_that_was_killed_left_of_a_clone_goes_with_the_clone_and_at_the_next_start_whatever_is_noted()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        await scene.OpenForeignAsync();
        var tests = Path.Combine(scene.Site.Root, "data", "tests");
        var sr = await scene.Site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", Source(scene), "drill");
        var uuid = scene.Site.Get(sr).Uuid;

        // Killed while it was made: its record is there, and what it was made of lies beside its place.
        await scene.Site.Client.CallAsync("PBD.unplug", scene.Site.Get(sr).Pbds.Single());
        var work = Path.Combine(tests, ".redoubt-work-0123456789abcdef0123456789abcdef");
        Directory.CreateDirectory(work);
        Directory.Move(Path.Combine(tests, uuid), Path.Combine(work, "sr"));
        await scene.Site.Client.CallAsync("SR.destroy_test_clone", sr);
        Assert.Empty(Directory.EnumerateFileSystemEntries(tests));

        // And nothing noted at all, as when the database was restored: a work area, and a clone with disks.
        var (kept, _, _) = await MakeAsync(scene, await scene.ReopenForeignAsync(), "kept");
        var keptUuid = scene.Site.Get(kept).Uuid;
        await scene.Site.Daemon.DisposeAsync();
        await Replica.CopyAsync(Path.Combine(tests, keptUuid), Path.Combine(tests, Guid.NewGuid().ToString("D")));
        Directory.CreateDirectory(Path.Combine(work, "sr"));
        await scene.Site.StartAsync();
        Assert.Equal([Path.Combine(tests, keptUuid)], Directory.EnumerateFileSystemEntries(tests));
        Assert.True(scene.Site.Get(scene.Site.Get(kept).Pbds.Single()).CurrentlyAttached);
        Assert.DoesNotContain(scene.Site.All<MessageRecord>(), m => m.Name == "TEST_LEFTOVERS");
    }

    [Fact]
    public async Task A_clone_that_was_begun_is_finished_when_it_is_asked_for_again()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        await scene.OpenForeignAsync();
        var source = Source(scene);
        var sr = await scene.Site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", source, "drill");
        var pbd = scene.Site.Get(sr).Pbds.Single();

        // As a daemon leaves it that died when the overlays lay there and nothing of them was written down.
        await scene.Site.Client.CallAsync("PBD.unplug", pbd);
        await scene.Site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                foreach (var vdi in tx.Get(sr).Vdis)
                {
                    tx.Delete(vdi);
                }

                tx.Update(sr, s => s with { OtherConfig = s.OtherConfig.Remove("dr-test-storage") });
                tx.Update(pbd, p => p with { DeviceConfig = p.DeviceConfig.Remove("backing-location") });
            },
            TestSite.Cancel);
        Assert.Equal(sr, await scene.Site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", source, "drill"));
        var disk = scene.Site.Get(Assert.Single(scene.Site.Get(sr).Vdis));
        Assert.Equal(
            (scene.Primary.Get(scene.Vdi).Uuid, "[drill] disk", false), (disk.OtherConfig["dr-test-of"], disk.NameLabel, disk.Missing));

        // And as one leaves it that died when it had begun to remove them.
        await scene.Site.Client.CallAsync("PBD.unplug", pbd);
        Directory.Delete(Path.Combine(scene.Site.Root, "data", "tests", scene.Site.Get(sr).Uuid), recursive: true);
        await scene.Site.Client.CallAsync("SR.destroy_test_clone", sr);
        Assert.DoesNotContain(scene.Site.All<SrRecord>(), s => s.OtherConfig.ContainsKey("dr-test"));
    }

    [Fact]
    public async Task A_test_of_a_disk_of_a_tebibyte_takes_no_more_space_than_one_of_a_mebibyte()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        await site.Client.CallAsync<Ref<VdiRecord>>(
            "VDI.create",
            new VdiRecord
            {
                NameLabel = "raw",
                Sr = sr,
                VirtualSize = 1L << 40,
                Type = VdiType.User,
                SmConfig = TestSite.Map(("type", "raw")),
            });
        await site.Client.CallAsync<Ref<VdiRecord>>(
            "VDI.create", new VdiRecord { NameLabel = "qcow2", Sr = sr, VirtualSize = 1L << 40, Type = VdiType.User });
        var tree = StorageTree.Of(Path.Combine(site.Root, "sr"));
        var clone = await site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", sr, "drill");
        Assert.Equal([1L << 40, 1L << 40], site.Get(clone).Vdis.Select(v => site.Get(v).VirtualSize));
        Assert.All(site.Get(clone).Vdis, v => Assert.InRange(site.Get(v).PhysicalUtilisation, 0, 1 << 20));
        Assert.Equal(tree, StorageTree.Of(Path.Combine(site.Root, "sr")));
    }

    [Fact]
    public async Task A_test_never_falls_back_on_a_network_or_a_disk_of_production()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        await scene.Site.CreateNetworkAsync("net");
        var (to, source) = (scene.Site.Client.Session.Ref, Source(scene));
        var (theirs, sr) = (scene.Primary.All<NetworkRecord>().Single().Uuid, scene.Site.Get(source).Uuid);
        var clone = await scene.Site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", source, "drill");
        var before = scene.Site.All<VmRecord>().Count();
        Assert.Equal("NETWORK_NOT_MAPPED", (await foreign.FailAsync(
            "VM.recover_for_test", scene.Vm, to, "drill", TestSite.Map(), TestSite.Map((sr, scene.Site.Get(clone).Uuid))))[0]);
        var network = await scene.Site.Client.CallAsync<Ref<NetworkRecord>>("network.create_isolated", "drill", "net");
        Assert.NotEqual("net", scene.Site.Get(network).NameLabel);
        var networks = TestSite.Map((theirs, scene.Site.Get(network).Uuid));
        Assert.Equal(
            "VM_REQUIRES_SR", (await foreign.FailAsync("VM.recover_for_test", scene.Vm, to, "drill", networks, TestSite.Map()))[0]);
        Assert.Equal(
            "VM_REQUIRES_SR", (await foreign.FailAsync("VM.recover_for_test", scene.Vm, to, "drill", networks, TestSite.Map((sr, sr))))[0]);
        Assert.Equal(before, scene.Site.All<VmRecord>().Count());

        var vm = await foreign.CallAsync<Ref<VmRecord>>(
            "VM.recover_for_test", scene.Vm, to, "drill", networks, TestSite.Map((scene.Primary.Get(scene.Vdi).Uuid, "")));
        Assert.Empty(scene.Site.Get(vm).Vbds);
    }

    [Fact]
    public async Task The_copy_on_a_network_with_others_on_it_gets_an_address_of_its_own()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        var network = await scene.Site.CreateNetworkAsync("lab", "br-lab");
        var vm = await foreign.CallAsync<Ref<VmRecord>>(
            "VM.recover_for_test", scene.Vm, scene.Site.Client.Session.Ref, "drill",
            TestSite.Map((scene.Primary.All<NetworkRecord>().Single().Uuid, scene.Site.Get(network).Uuid)),
            TestSite.Map((scene.Site.Get(Source(scene)).Uuid, "")));
        Assert.NotEqual(scene.Primary.All<VifRecord>().Single().Mac, scene.Site.Get(scene.Site.Get(vm).Vifs.Single()).Mac);
    }

    internal static Ref<SrRecord> Source(RecoveryScene scene) =>
        scene.Site.Daemon.Services.State.FindByUuid<SrRecord>(scene.Primary.Get(scene.Sr).Uuid);

    private static async Task<(Ref<SrRecord> Sr, Ref<NetworkRecord> Network, Ref<VmRecord> Vm)> MakeAsync(
        RecoveryScene scene, TestClient foreign, string label)
    {
        var client = scene.Site.Client;
        var sr = await client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", Source(scene), label);
        var network = await client.CallAsync<Ref<NetworkRecord>>("network.create_isolated", label, "net");
        var vm = await foreign.CallAsync<Ref<VmRecord>>(
            "VM.recover_for_test", scene.Vm, client.Session.Ref, label,
            TestSite.Map((scene.Primary.All<NetworkRecord>().Single().Uuid, scene.Site.Get(network).Uuid)),
            TestSite.Map((scene.Site.Get(Source(scene)).Uuid, scene.Site.Get(sr).Uuid)));
        return (sr, network, vm);
    }

    private static (int Vms, int Networks, int Srs, int Pbds, int Vdis, int Vbds, int Vifs) Rows(TestSite site) => (
        site.All<VmRecord>().Count(), site.All<NetworkRecord>().Count(), site.All<SrRecord>().Count(), site.All<PbdRecord>().Count(),
        site.All<VdiRecord>().Count(), site.All<VbdRecord>().Count(), site.All<VifRecord>().Count());
}
