using System.IO.Compression;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Foreign.Tests;

/// <summary>Putting a backup in the place of a running pool's database.</summary>
public sealed class RestoreTests
{
    private const long Memory = 64 << 20;

    [Fact]
    public async Task A_restore_brings_back_what_was_lost_on_every_copy_and_a_dry_run_changes_nothing()
    {
        await using var site = await Site.OpenAsync();
        var sr = await CreateSrAsync(site);
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var lost = await CreateVmAsync(site, "lost");
        var backup = Dump(site.Daemon.Services.State);
        await site.Client.CallAsync("VM.destroy", lost);
        await CreateVmAsync(site, "newcomer");
        var before = site.Daemon.Services.State;

        var plan = await site.Daemon.Restore.RunAsync(new MemoryStream(backup), dryRun: true, Site.Cancel);
        Assert.Same(before, site.Daemon.Services.State);
        Assert.Contains(
            plan.Steps,
            s => s.StartsWith("VMs: 1 after it, 1 now; 1 come back: lost; 1 that the backup lacks go: newcomer", StringComparison.Ordinal));

        var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(backup);
        }

        packed.Position = 0;
        await site.Daemon.Restore.RunAsync(packed, dryRun: false, Site.Cancel);
        var after = site.Daemon.Services.State;
        Assert.Equal("lost", after.Get(lost).NameLabel);
        Assert.Contains(VmOperations.Start, after.Get(lost).AllowedOperations);
        Assert.Empty(after.FindByName<VmRecord>("newcomer"));
        Assert.True(after.Generation > before.Generation);
        Assert.True(after.All<PbdRecord>().Single().Record.CurrentlyAttached);
        Assert.True(after.Get(after.Get(site.Daemon.Services.Pool).MetadataVdis.Single()).MetadataLatest);
        await CreateVmAsync(site, "goes on");

        var volume = Directory.EnumerateFiles(site.Storage, "*.raw", SearchOption.AllDirectories).Single();
        var onStorage = StateDump.FromDump(Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(volume)).Content.Database);
        Assert.Equal(["goes on", "lost"], Machines(onStorage));
        var saved = Assert.Single(Directory.EnumerateFiles(Path.Combine(site.Root, "data", "backups")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(saved));
        Assert.Equal(["newcomer"], Machines(StateDump.FromDump(DumpReader.ReadFile(saved))));

        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal(["goes on", "lost"], Machines(site.Daemon.Services.State));
    }

    [Fact]
    public async Task A_backup_of_another_machine_takes_this_host_for_its_coordinator_and_goes_on_from_its_generation()
    {
        await using var lost = await Site.OpenAsync("lost pool");
        await CreateSrAsync(lost);
        await CreateVmAsync(lost, "web");
        var theirs = lost.Daemon.Services.State;
        var dump = StateDump.ToDump(theirs).AtGeneration(1_000_001);
        var backup = new MemoryStream();
        DumpWriter.Write(dump, backup);
        backup.Position = 0;

        await using var site = await Site.OpenAsync("new machine");
        var (pool, host, uuid) = (site.Daemon.Services.Pool, site.Host, site.Daemon.Services.State.Get(site.Host).Uuid);
        var plan = await site.Daemon.Restore.RunAsync(backup, dryRun: false, Site.Cancel);

        var state = site.Daemon.Services.State;
        Assert.Contains(plan.Steps, s => s.Contains("is mapped to this host", StringComparison.Ordinal));
        Assert.Equal(
            (theirs.Get(lost.Daemon.Services.Pool).Uuid, "lost pool", host),
            (state.Get(pool).Uuid, state.Get(pool).NameLabel, state.Get(pool).Master));
        Assert.Equal(uuid, state.Get(host).Uuid);
        Assert.Single(state.All<HostRecord>());
        Assert.Single(state.All<VmRecord>(), v => v.Record.IsControlDomain);
        Assert.Equal(host, Assert.Single(state.All<PbdRecord>()).Record.Host);
        Assert.True(state.Generation > 1_000_001);
        Assert.Equal(["web"], Machines(state));
        await CreateVmAsync(site, "goes on");
    }

    [Fact]
    public async Task Rule23_a_backup_of_a_much_older_version_is_restored_without_its_second_host_and_with_nothing_running()
    {
        var path = SharedFiles.OldDump("boston-two-vapps.xml");
        var xml = new DumpXml(path);
        await using var site = await Site.OpenAsync();
        await using var file = File.OpenRead(path);
        var plan = await site.Daemon.Restore.RunAsync(file, dryRun: false, Site.Cancel);

        var state = site.Daemon.Services.State;
        Assert.Contains(
            plan.Steps, s => s.StartsWith("Host \"dt18\"", StringComparison.Ordinal) && s.Contains("is dropped", StringComparison.Ordinal));
        Assert.Contains(plan.Warnings, w => w.Contains("ran when the backup was made", StringComparison.Ordinal));
        Assert.Contains(plan.Warnings, w => w.Contains("of type udev, which this host can't attach", StringComparison.Ordinal));
        Assert.Contains(
            plan.Warnings,
            w => w.StartsWith("SR \"Local storage\"", StringComparison.Ordinal)
                && w.Contains("has no connection to this host", StringComparison.Ordinal));
        Assert.All(
            state.All<VmRecord>().Where(v => !v.Record.IsControlDomain),
            v => Assert.Equal((VmPowerState.Halted, true), (v.Record.PowerState, v.Record.ResidentOn.IsNull)));
        Assert.Equal(2, state.All<VmApplianceRecord>().Count());
        Assert.All(state.All<VmApplianceRecord>(), a => Assert.Equal(2, a.Record.Vms.Count));
        Assert.Equal(xml.Rows("SR").Count(), state.All<SrRecord>().Count());
        Assert.All(state.All<PbdRecord>(), p => Assert.Equal((site.Host, false), (p.Record.Host, p.Record.CurrentlyAttached)));
        Assert.Equal(4, Machines(state).Count);

        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal(4, Machines(site.Daemon.Services.State).Count);
        Assert.Equal(xml.Rows("VDI").Count(), site.Daemon.Services.State.All<VdiRecord>().Count());
    }

    [Fact]
    public async Task A_running_VM_blocks_it_and_what_is_no_database_is_refused()
    {
        await using var site = await Site.OpenAsync();
        var vm = await CreateVmAsync(site, "busy");
        var backup = Dump(site.Daemon.Services.State);
        await site.Daemon.Services.Database.WriteAsync(tx => tx.Update(vm, v => v with { PowerState = VmPowerState.Running }), Site.Cancel);
        var refused = await Assert.ThrowsAsync<XenApiException>(
            () => site.Daemon.Restore.RunAsync(new MemoryStream(backup), dryRun: false, Site.Cancel));
        Assert.Equal("OPERATION_NOT_ALLOWED", refused.Code);
        Assert.Contains("busy", refused.Parameters[0], StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(site.Root, "data", "backups")));

        foreach (var garbage in new[] { "", "garbage", "<database><manifest/></database>" })
        {
            var wrong = await Assert.ThrowsAsync<XenApiException>(
                () => site.Daemon.Restore.RunAsync(
                    new MemoryStream(System.Text.Encoding.UTF8.GetBytes(garbage)), dryRun: true, Site.Cancel));
            Assert.Equal("COULD_NOT_IMPORT_DATABASE", wrong.Code);
        }

        var cut = await Assert.ThrowsAsync<XenApiException>(
            () => site.Daemon.Restore.RunAsync(new MemoryStream(backup[..^20]), dryRun: true, Site.Cancel));
        Assert.Equal("COULD_NOT_IMPORT_DATABASE", cut.Code);
    }

    private static byte[] Dump(DatabaseState state)
    {
        var written = new MemoryStream();
        DumpWriter.Write(StateDump.ToDump(state), written);
        return written.ToArray();
    }

    private static List<string> Machines(DatabaseState state) => [.. state.All<VmRecord>().Select(v => v.Record)
        .Where(v => v is { IsControlDomain: false, IsATemplate: false, IsASnapshot: false }).Select(v => v.NameLabel)
            .Order(StringComparer.Ordinal)];

    private static Task<Ref<SrRecord>> CreateSrAsync(Site site) => site.Client.CallAsync<Ref<SrRecord>>(
        "SR.create", site.Host, Site.Map(("location", site.Storage)), 0L, "store", "", "file", "user", true, Site.Map());

    private static Task<Ref<VmRecord>> CreateVmAsync(Site site, string name) =>
        site.Client.CallAsync<Ref<VmRecord>>("VM.create", new VmRecord
        {
            NameLabel = name,
            MemoryStaticMin = Memory,
            MemoryDynamicMin = Memory,
            MemoryDynamicMax = Memory,
            MemoryStaticMax = Memory,
            VcpusMax = 1,
            VcpusAtStartup = 1,
        });
}
