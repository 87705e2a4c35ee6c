using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>
/// A VM has a raw disk, and its guest writes onto it whatever it likes: a redo log's magic, a whole database, a copy of a genuine volume.
/// </summary>
public sealed class ForgeryTests
{
    [Fact]
    public async Task On_the_pools_own_storage_a_recorded_disk_stays_a_disk()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var disk = await GuestDiskAsync(scene);
        Forge(scene, scene.Primary.Root + "/sr", disk, d => d);
        await scene.Primary.Client.CallAsync("SR.scan", scene.Sr);
        var row = scene.Primary.Get(disk);
        Assert.Equal(VdiType.System, row.Type);
        Assert.True(row.MetadataOfPool.IsNull);
        Assert.Equal("VDI_INCOMPATIBLE_TYPE", (await scene.Primary.Client.FailAsync("VDI.open_database", disk))[0]);

        // Nor does a forged copy of the pool's own reference make it one that the pool writes to.
        Assert.Single(scene.Primary.All<VdiRecord>(), v => v.Type == VdiType.Metadata);
    }

    [Fact]
    public async Task On_the_pools_own_storage_neither_a_forged_version_nor_garbage_stops_a_VM()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var disk = await GuestDiskAsync(scene);
        await scene.Primary.Client.CallAsync("SR.enable_database_replication", scene.Sr);
        Forge(scene, scene.Primary.Root + "/sr", disk, d => Raised(d, 1000));
        await scene.Primary.Client.CallAsync("SR.scan", scene.Sr);
        await scene.Primary.Client.CallAsync("VM.start", scene.Vm, false, false);
        await scene.Primary.Client.CallAsync("VM.hard_shutdown", scene.Vm);
        Overwrite(PathOf(scene, scene.Primary.Root + "/sr", disk), 0, [.. "redo-log--------\01garbage"u8]);
        await scene.Primary.Client.CallAsync("SR.scan", scene.Sr);
        await scene.Primary.Client.CallAsync("VM.start", scene.Vm, false, false);
    }

    [Fact]
    public async Task On_a_replica_the_genuine_volume_is_proven_and_says_what_is_a_disk()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var disk = await GuestDiskAsync(scene);
        await scene.ProtectAsync();
        scene.Mirror();
        Forge(scene, scene.CopyPath, disk, d => Raised(d, 1000));
        await AttachAsync(scene);
        var volume = Assert.Single(scene.Site.All<VdiRecord>(), v => v.Type == VdiType.Metadata);
        Assert.NotEqual(scene.Primary.Get(disk).Uuid, volume.Uuid);
        Assert.True(volume.MetadataLatest);
        var facts = await FactsAsync(scene, volume.Uuid);
        Assert.Equal(("proven", scene.Primary.Daemon.Services.MetadataKey.Fingerprint), (facts["standing"], facts["signed-by"]));
        var foreign = await OpenAsync(scene, volume.Uuid);
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        Assert.Equal(1, scene.Site.Get(scene.Recovered()).Version);
    }

    [Fact]
    public async Task Garbage_behind_the_magic_on_a_replica_is_a_guests_disk_and_stops_nothing_there()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var disk = await GuestDiskAsync(scene);
        await scene.ProtectAsync();
        scene.Mirror();
        Overwrite(PathOf(scene, scene.CopyPath, disk), 0, [.. "redo-log--------\01garbage"u8]);
        await AttachAsync(scene);
        var volume = Assert.Single(scene.Site.All<VdiRecord>(), v => v.Type == VdiType.Metadata);
        await (await OpenAsync(scene, volume.Uuid))
            .CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        await scene.Site.Client.CallAsync("VM.start", scene.Recovered(), false, false);
    }

    [Fact]
    public async Task A_key_that_was_met_once_is_not_exchanged_for_that_of_a_guest()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var disk = await GuestDiskAsync(scene);
        await scene.ProtectAsync();
        scene.Mirror();
        var task = await AttachAsync(scene);
        await scene.Site.Client.CallAsync("DR_task.destroy", task);

        // The genuine volume has gone, and the guest has signed as its pool.
        foreach (var volume in Volumes(scene))
        {
            File.Delete(volume);
        }

        Forge(scene, scene.CopyPath, disk, d => d, sign: true);
        await AttachAsync(scene);
        var facts = await FactsAsync(scene, scene.Primary.Get(disk).Uuid);
        Assert.Equal("unproven", facts["standing"]);
        Assert.Contains("is known to be", facts["unproven-because"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_of_a_genuine_volume_on_a_guests_disk_proves_nothing_and_is_not_recovered_from_unasked()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var disk = await GuestDiskAsync(scene);
        await scene.ProtectAsync();
        scene.Mirror();
        var genuine = Assert.Single(Volumes(scene));
        File.Move(genuine, PathOf(scene, scene.CopyPath, disk), overwrite: true);
        await AttachAsync(scene);
        var uuid = scene.Primary.Get(disk).Uuid;
        Assert.Contains("copied", (await FactsAsync(scene, uuid))["unproven-because"], StringComparison.Ordinal);

        // It may be looked into.
        var foreign = await OpenAsync(scene, uuid);
        var refusal = await foreign.FailAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, true);
        Assert.Equal("OPERATION_NOT_ALLOWED", refusal[0]);
        Assert.Contains("dr-accepted-volume-" + uuid, refusal[1], StringComparison.Ordinal);
        Assert.True(scene.Recovered().IsNull);

        // The operator's word is needed, and enough.
        await AcceptAsync(scene, uuid);
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, true);
        Assert.False(scene.Recovered().IsNull);
    }

    [Fact]
    public async Task An_accepted_volume_brings_no_file_of_this_host_along()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("VM.set_PV_kernel", scene.Vm, "/boot/guest/vmlinuz");
        await scene.Primary.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(scene.Vm, v => v with { PvRamdisk = "/etc/shadow" }), TestSite.Cancel);
        await scene.Primary.Client.CallAsync("SR.enable_database_replication", scene.Sr);
        scene.Mirror();
        var genuine = Assert.Single(Volumes(scene));
        StripArea(genuine);
        await AttachAsync(scene);
        var uuid = Path.GetFileNameWithoutExtension(genuine);
        await AcceptAsync(scene, uuid);
        await (await OpenAsync(scene, uuid)).CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        var vm = scene.Site.Get(scene.Recovered());
        Assert.Equal(("/boot/guest/vmlinuz", ""), (vm.PvKernel, vm.PvRamdisk));
        Assert.Contains(
            scene.Site.All<MessageRecord>(), m => m.ObjUuid == vm.Uuid && m.Body.Contains("/etc/shadow", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unproven_metadata_of_another_pool_warn_and_stop_no_VM()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("SR.enable_database_replication", scene.Sr);

        // An unsigned volume that no record knows appears on the pool's storage, as an array or an attacker may leave it.
        var stranger = Path.Combine(scene.Primary.Root, "sr", scene.Primary.Get(scene.Sr).Uuid, $"{Guid.NewGuid():D}.raw");
        Write(stranger, Elsewhere(Raised(DumpOf(scene), 7)), null);
        await scene.Primary.Client.CallAsync("SR.scan", scene.Sr);
        await scene.Primary.Client.CallAsync("VM.start", scene.Vm, false, false);
        Assert.Contains(
            scene.Primary.All<MessageRecord>(),
            m => m.Name == "METADATA_UNPROVEN" && m.ObjUuid == Path.GetFileNameWithoutExtension(stranger));
    }

    [Fact]
    public async Task A_metadata_volume_is_no_VMs_disk_whatever_a_database_says()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var own = scene.Primary.Daemon.Services.State.All<VdiRecord>().Single(v => v.Record.Type == VdiType.Metadata).Ref;
        var vm = await scene.Primary.CreateVmAsync("thief");
        Assert.Equal("VDI_INCOMPATIBLE_TYPE", (await scene.Primary.Client.FailAsync("VBD.create", new VbdRecord { Vm = vm, Vdi = own, Type = VbdType.Disk, Mode = VbdMode.Rw, Userdevice = "0" }))[0]);

        // Also not by a drive that came in by another way.
        await scene.Primary.Daemon.Services.Database.WriteAsync(
            tx => tx.Create(new VbdRecord { Vm = vm, Vdi = own, Type = VbdType.Disk, Mode = VbdMode.Rw, Userdevice = "0" }),
            TestSite.Cancel);
        Assert.Equal("VDI_INCOMPATIBLE_TYPE", (await scene.Primary.Client.FailAsync("VM.start", vm, false, false))[0]);
    }

    private static async Task<Ref<VdiRecord>> GuestDiskAsync(RecoveryScene scene)
    {
        var disk = await scene.Primary.Client.CallAsync<Ref<VdiRecord>>(
            "VDI.create",
            new VdiRecord
            {
                NameLabel = "raw",
                Sr = scene.Sr,
                VirtualSize = JournalLayout.StorageVolumeBytes,
                SmConfig = TestSite.Map(("type", "raw")),
            });
        await scene.Primary.CreateVbdAsync(await scene.Primary.CreateVmAsync("guest"), disk);
        return disk;
    }

    private static void Forge(
        RecoveryScene scene, string storage, Ref<VdiRecord> disk, Func<DatabaseDump, DatabaseDump> change, bool sign = false)
    {
        var path = PathOf(scene, storage, disk);
        using var key = VolumeKey.Create();
        Write(
            path, change(DumpOf(scene)),
            sign ? new VolumeSigner(key, Guid.Parse(scene.Primary.Get(disk).Uuid), Guid.Parse(scene.Primary.Get(scene.Sr).Uuid)) : null);
    }

    private static void Write(string path, DatabaseDump dump, VolumeSigner? signer)
    {
        File.Delete(path);
        using var device = JournalDevice.Create(path, JournalLayout.StorageVolumeBytes);
        JournalWriter.Initialise(device);
        using var writer = new JournalWriter(device, TimeProvider.System, signer: signer);
        writer.WriteDatabase(dump);
    }

    private static DatabaseDump DumpOf(RecoveryScene scene)
    {
        var state = scene.Primary.Daemon.Services.State;
        return StateDump.ToDump(state).AtGeneration((state.Generation + 1000) / 2 * 2);
    }

    private static DatabaseDump Raised(DatabaseDump dump, long version) => Changed(dump, "VM", c => c.With("version", $"{version}"));

    private static DatabaseDump Elsewhere(DatabaseDump dump) => Changed(dump, "pool", c => c.With("uuid", $"{Guid.NewGuid():D}"));

    private static DatabaseDump Changed(DatabaseDump dump, string table, Func<RowColumns, RowColumns> change) =>
        new(dump.Manifest, dump.Tables.Select(t => t.Name == table
            ? new DumpTable(t.Name, t.Rows.Select(r => r with { Columns = change(r.Columns) }))
            : t));

    private static IEnumerable<string> Volumes(RecoveryScene scene) =>
        Directory.EnumerateFiles(scene.CopyPath, "*.raw", SearchOption.AllDirectories)
            .Where(f => JournalReader.Read(f) is not JournalVerdict.NotARedoLog);

    private static string PathOf(RecoveryScene scene, string storage, Ref<VdiRecord> disk) =>
        Path.Combine(storage, scene.Primary.Get(scene.Sr).Uuid, scene.Primary.Get(disk).Uuid + ".raw");

    private static void Overwrite(string path, long offset, byte[] bytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, bytes, offset);
    }

    /// <summary>As xapi would have left it.</summary>
    private static void StripArea(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, 126 << 20);
    }

    private static Task<Ref<DrTaskRecord>> AttachAsync(RecoveryScene scene) => scene.Site.Client.CallAsync<Ref<DrTaskRecord>>(
        "DR_task.create", "file", TestSite.Map(("location", scene.CopyPath)), ImmutableList.Create(scene.Primary.Get(scene.Sr).Uuid));

    private static async Task<ImmutableSortedDictionary<string, string>> FactsAsync(RecoveryScene scene, string vdiUuid) =>
        await scene.Site.Client.CallAsync<ImmutableSortedDictionary<string, string>>(
            "VDI.get_metadata_facts", scene.Site.Daemon.Services.State.FindByUuid<VdiRecord>(vdiUuid));

    private static async Task<TestClient> OpenAsync(RecoveryScene scene, string vdiUuid) => scene.Site.Client.With(
        await scene.Site.Client.CallAsync<Ref<SessionRecord>>(
            "VDI.open_database", scene.Site.Daemon.Services.State.FindByUuid<VdiRecord>(vdiUuid)));

    private static Task AcceptAsync(RecoveryScene scene, string vdiUuid) => scene.Site.Daemon.Services.Database.WriteAsync(
        tx => tx.Update(
            scene.Site.Daemon.Services.Pool, p => p with { OtherConfig = p.OtherConfig.SetItem("dr-accepted-volume-" + vdiUuid, "true") }),
        TestSite.Cancel);
}
