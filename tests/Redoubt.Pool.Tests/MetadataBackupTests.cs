using Redoubt.Pool.Backups;
using Redoubt.XenApi;
using Rows = System.Collections.Immutable.ImmutableList<System.Collections.Immutable.ImmutableSortedDictionary<string, string>>;

namespace Redoubt.Pool.Tests;

public sealed class MetadataBackupTests
{
    [Fact]
    public void The_disk_has_the_UUID_that_XenServer_gives_it() =>
        Assert.Equal(new Guid("d6cb9244-d248-58ef-821e-b589078427b4"), BackupLayout.DiskOf("11111111-2222-3333-4444-555555555555"));

    [Fact]
    public async Task What_was_backed_up_comes_back_with_its_vApp_and_names()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var site = scene.Primary;
        var loose = await site.CreateVmAsync("loose");
        var uuid = site.Get(scene.Vm).Uuid;
        var date = await site.Client.CallAsync<string>("SR.create_metadata_backup", scene.Sr, 3L);
        var listed = Assert.Single(await ListAsync(site, scene.Sr));
        Assert.Equal((date, "2", "true"), (listed["date"], listed["vms"], listed["database"]));

        await site.Client.CallAsync("VM.destroy", scene.Vm);
        await site.Client.CallAsync("VM_appliance.destroy", scene.Appliance);
        await site.Client.CallAsync("SR.set_name_label", scene.Sr, "renamed");
        var before = site.Daemon.Services.State;
        var dry = await RestoreAsync(site, scene.Sr, "all", dryRun: true);
        Assert.Same(before, site.Daemon.Services.State);
        var real = await RestoreAsync(site, scene.Sr, "all", dryRun: false);
        Assert.Equal(
            dry.Select(d => (d["uuid"], d["result"].Replace("would-restore", "restored", StringComparison.Ordinal))),
            real.Select(r => (r["uuid"], r["result"])));

        var vm = site.Get(site.Daemon.Services.State.FindByUuid<VmRecord>(uuid));
        Assert.Equal(("one", 1L, "app"), (vm.NameLabel, vm.Version, site.Get(vm.Appliance).NameLabel));
        Assert.Equal(scene.Vdi, site.Get(Assert.Single(vm.Vbds)).Vdi);
        Assert.Equal("sr", site.Get(scene.Sr).NameLabel);

        // The VM that is still here is not older than its backup; that it failed is told and has stopped nothing.
        var refused = Assert.Single(real, r => r["result"] == "failed");
        Assert.Equal((site.Get(loose).Uuid, true), (refused["uuid"], refused["detail"].Contains("--force", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task As_many_are_kept_as_are_wanted_and_an_earlier_one_can_be_chosen()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var site = scene.Primary;
        var dates = new List<string>();
        foreach (var name in new[] { "first", "second", "third" })
        {
            await site.Client.CallAsync("VM.set_name_label", scene.Vm, name);
            dates.Add(await site.Client.CallAsync<string>("SR.create_metadata_backup", scene.Sr, 2L));
        }

        Assert.Equal([dates[2], dates[1]], (await ListAsync(site, scene.Sr)).Select(b => b["date"]));
        await RestoreAsync(site, scene.Sr, "sr", dryRun: false, force: true, date: dates[1]);
        Assert.Equal("second", site.Get(site.Daemon.Services.State.All<VmRecord>().Single(v => v.Record.Version == 1).Ref).NameLabel);
        Assert.Equal(
            "IMPORT_ERROR", (await site.Client.FailAsync("SR.restore_metadata_backup", scene.Sr, "", dates[0], "all", false, false))[0]);
    }

    [Fact]
    public async Task A_disk_that_is_no_backup_is_neither_read_nor_written_over()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var site = scene.Primary;
        await site.Client.CallAsync<string>("SR.create_metadata_backup", scene.Sr, 1L);
        var disk = site.All<VdiRecord>().Single(v => v.NameLabel == BackupLayout.DiskName);
        var file = Directory.EnumerateFiles(site.Root, disk.Uuid + ".raw", SearchOption.AllDirectories).Single();
        await using (var damage = new FileStream(file, FileMode.Open, FileAccess.Write))
        {
            await damage.WriteAsync(new byte[1 << 20], TestSite.Cancel);
        }

        Assert.Equal("IMPORT_ERROR", (await site.Client.FailAsync("SR.get_metadata_backups", scene.Sr, ""))[0]);
        var refused = await site.Client.FailAsync("SR.create_metadata_backup", scene.Sr, 1L);
        Assert.Contains("vdi-destroy uuid=" + disk.Uuid, refused[1], StringComparison.Ordinal);
        Assert.True((await File.ReadAllBytesAsync(file, TestSite.Cancel)).AsSpan(0, 1 << 20).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal("IMPORT_ERROR", (await site.Client.FailAsync("SR.get_metadata_backups", scene.Sr, site.Get(scene.Vdi).Uuid))[0]);
    }

    [Fact]
    public async Task A_backup_is_made_when_it_is_due_and_a_failure_is_announced()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var site = scene.Primary;
        await using var schedule = new BackupSchedule(site.Daemon.Services, new MetadataBackups(site.Daemon.Services));
        await schedule.RunDueAsync(TestSite.Cancel);
        Assert.Equal("IMPORT_ERROR", (await site.Client.FailAsync("SR.get_metadata_backups", scene.Sr, ""))[0]);
        await site.Client.CallAsync("SR.set_metadata_backup_schedule", scene.Sr, "daily", 5L);
        await schedule.RunDueAsync(TestSite.Cancel);
        await schedule.RunDueAsync(TestSite.Cancel);
        Assert.Single(await ListAsync(site, scene.Sr));

        var config = site.Get(scene.Sr).OtherConfig;
        var now = TimeProvider.System.GetUtcNow();
        Assert.False(BackupSchedule.IsDue(config, now));
        Assert.True(BackupSchedule.IsDue(config, now.AddHours(24.1)));
        Assert.False(BackupSchedule.IsDue(config.SetItem(BackupSchedule.IntervalKey, "off"), now.AddDays(9)));
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("SR.set_metadata_backup_schedule", scene.Sr, "yearly", 5L))[0]);

        var other = await site.CreateSrAsync("gone");
        await site.Client.CallAsync("SR.set_metadata_backup_schedule", other, "hourly", 5L);
        await site.Client.CallAsync("PBD.unplug", site.Get(other).Pbds.Single());
        await schedule.RunDueAsync(TestSite.Cancel);
        await schedule.RunDueAsync(TestSite.Cancel);
        Assert.Single(site.All<MessageRecord>(), m => m.Name == "METADATA_BACKUP_FAILED" && m.ObjUuid == site.Get(other).Uuid);
    }

    [Fact]
    public async Task A_backup_that_fails_at_whatever_keeps_no_later_one_from_being_made()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var site = scene.Primary;
        var scratch = Path.Combine(site.Root, "data", "scratch");
        Directory.Move(scratch, scratch + "-away");
        await File.WriteAllTextAsync(scratch, "", TestSite.Cancel);
        var backups = new MetadataBackups(site.Daemon.Services);
        await using var schedule = new BackupSchedule(site.Daemon.Services, backups);
        await site.Client.CallAsync("SR.set_metadata_backup_schedule", scene.Sr, "daily", 5L);
        await schedule.RunDueAsync(TestSite.Cancel);
        Assert.Contains(site.All<MessageRecord>(), m => m.Name == "METADATA_BACKUP_FAILED");
        File.Delete(scratch);
        Directory.Move(scratch + "-away", scratch);
        await backups.CreateAsync(scene.Sr, 2, TestSite.Cancel).WaitAsync(TimeSpan.FromSeconds(30), TestSite.Cancel);
        Assert.Single(await ListAsync(site, scene.Sr));
    }

    [Fact]
    public async Task A_disk_that_XenServer_laid_out_is_read_and_its_VM_restored()
    {
        await using var site = await TestSite.OpenAsync();
        const string vm = "e23ad267-25b7-02c3-62d0-5bc66224e371";
        const string sr = "644b15be-e766-f275-a7b7-c9a77f9788a6";

        // The SR of the genuine pool, with its disk, and a backup disk as the genuine scripts leave it: no database beside the date.
        var storage = Directory.CreateDirectory(Path.Combine(site.Root, "storage", sr)).FullName;
        await using (var disk = new FileStream(Path.Combine(storage, "cd14ace3-a130-4d5a-934f-5a235ae2840c.raw"), FileMode.CreateNew))
        {
            disk.SetLength(64 << 20);
        }

        var content = Directory.CreateDirectory(Path.Combine(site.Root, "content")).FullName;
        var all = Directory.CreateDirectory(Path.Combine(content, "metadata", "2024-03-01-02-03-04", "all")).FullName;
        File.Copy(SharedFiles.Genuine("vm-metadata-export.xva"), Path.Combine(all, vm + ".vmmeta"));
        File.Copy(SharedFiles.Genuine("pool-dump.xml"), Path.Combine(content, "11111111-2222-4333-8444-555555555555.db"));
        await File.WriteAllTextAsync(Path.Combine(content, ".ctxs-metadata-backup"), "1\n", TestSite.Cancel);
        await File.WriteAllTextAsync(
            Path.Combine(content, "metadata", "2024-03-01-02-03-04", "SRMETA.xml"),
            $"<?xml version=\"1.0\" ?><meta><sr uuid=\"{sr}\" name_label=\"DR store\" name_description=\"replicated\"/></meta>",
            TestSite.Cancel);
        var legacy = Guid.NewGuid().ToString("D");
        var image = Path.Combine(storage, legacy + ".raw");
        Assert.True(await Programs.RunAsync("truncate", "-s", "500M", image));
        Assert.True(await Programs.RunAsync("/usr/sbin/mke2fs", "-q", "-j", "-F", "-d", content, image));
        var reference = await site.Client.CallAsync<Ref<SrRecord>>("SR.introduce", sr, "?", "", "file", "", true, TestSite.Map());
        var pbd = await site.Client.CallAsync<Ref<PbdRecord>>(
            "PBD.create",
            new PbdRecord
            {
                Host = site.Host,
                Sr = reference,
                DeviceConfig = TestSite.Map(("location", Path.Combine(site.Root, "storage"))),
            });
        await site.Client.CallAsync("PBD.plug", pbd);

        // It has a UUID of chance, as those before 2024 had: it is read only if it is named.
        Assert.Equal("IMPORT_ERROR", (await site.Client.FailAsync("SR.get_metadata_backups", reference, ""))[0]);
        Assert.Equal("2024-03-01-02-03-04", Assert.Single(await ListAsync(site, reference, legacy))["date"]);
        var outcomes = await site.Client.CallAsync<Rows>("SR.restore_metadata_backup", reference, legacy, "", "all", false, false);
        Assert.All(outcomes, o => Assert.Equal("restored", o["result"]));
        var restored = site.Get(site.Daemon.Services.State.FindByUuid<VmRecord>(vm));
        Assert.Equal(("db", 1L), (restored.NameLabel, restored.Version));
        Assert.Equal("cd14ace3-a130-4d5a-934f-5a235ae2840c", site.Get(site.Get(Assert.Single(restored.Vbds)).Vdi).Uuid);
        Assert.Equal("DR store", site.Get(reference).NameLabel);
        Assert.False(restored.Appliance.IsNull);
    }

    private static Task<Rows> ListAsync(TestSite site, Ref<SrRecord> sr, string vdi = "") =>
        site.Client.CallAsync<Rows>("SR.get_metadata_backups", sr, vdi);

    private static Task<Rows> RestoreAsync(
        TestSite site, Ref<SrRecord> sr, string mode, bool dryRun, bool force = false, string date = "") =>
        site.Client.CallAsync<Rows>("SR.restore_metadata_backup", sr, "", date, mode, force, dryRun);
}
