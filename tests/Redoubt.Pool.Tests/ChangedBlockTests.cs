using System.Collections.Immutable;
using Redoubt.Storage;
using Redoubt.XenApi;
using VdiType = Redoubt.XenApi.VdiType;

namespace Redoubt.Pool.Tests;

/// <summary>What backup programs are told of changed blocks, and what is left of a snapshot whose data is destroyed.</summary>
public sealed class ChangedBlockTests
{
    private const int Block = 64 << 10;
    private const int Blocks = 21;

    // Not a whole number of blocks.
    private const int DiskBytes = (Blocks * Block) - 1024;

    [Theory]
    [InlineData("")]
    [InlineData("raw")]
    public async Task Changed_blocks_are_told_between_snapshots_with_and_without_their_data_and_the_disk_itself(string format)
    {
        await using var site = await TestSite.OpenAsync();
        var (sr, disk) = await DiskAsync(site, format);
        var vm = await site.CreateVmAsync("one");
        await site.CreateVbdAsync(vm, disk, "0");
        var bytes = Random(1, DiskBytes);
        bytes.AsSpan(Block * 3, Block).Clear();
        await site.FillAsync(disk, bytes);
        await site.Client.CallAsync("VDI.enable_cbt", disk);
        await site.Client.CallAsync("VDI.enable_cbt", disk);
        var first = await SnapshotAsync(site, vm, "first");
        Assert.Equal((true, true), (site.Get(first.Disk).CbtEnabled, site.Get(disk).CbtEnabled));

        // The last byte of the disk, one in the middle, a block that was zeros, and one that becomes zeros.
        bytes[^1]++;
        bytes[(Block * 7) + 5]++;
        bytes[Block * 3] = 1;
        bytes.AsSpan(Block * 12, Block).Clear();
        await site.FillAsync(disk, bytes);
        var second = await SnapshotAsync(site, vm, "second");
        int[] changed = [3, 7, 12, 20];
        Assert.Equal(changed, await ListAsync(site, first.Disk, second.Disk));
        Assert.Equal(changed, await ListAsync(site, first.Disk, disk));
        Assert.Equal(changed, await ListAsync(site, second.Disk, first.Disk));
        Assert.Empty(await ListAsync(site, second.Disk, disk));

        // A snapshot of a VM keeps its data as long as it has it.
        Assert.Equal(["VDI_IN_USE", first.Disk.Opaque, "data_destroy"], await site.Client.FailAsync("VDI.data_destroy", first.Disk));
        await site.Client.CallAsync("VM.destroy", first.Vm);
        var before = site.Get(first.Disk);
        await site.Client.CallAsync("VDI.data_destroy", first.Disk);
        await site.Client.CallAsync("VDI.data_destroy", first.Disk);
        var left = site.Get(first.Disk);
        Assert.Equal(
            (VdiType.CbtMetadata, true, true, disk, before.VirtualSize),
            (left.Type, left.CbtEnabled, left.IsASnapshot, left.SnapshotOf, left.VirtualSize));
        Assert.InRange(left.PhysicalUtilisation, 0, before.PhysicalUtilisation / 2);
        Assert.False(left.SmConfig.ContainsKey(Marks.DataIsThere));
        Assert.Equal(changed, await ListAsync(site, first.Disk, second.Disk));
        Assert.Equal(changed, await ListAsync(site, first.Disk, disk));

        // Between two that have none any more, and after a scan.
        await site.Client.CallAsync("VM.destroy", second.Vm);
        await site.Client.CallAsync("VDI.data_destroy", second.Disk);
        await site.Client.CallAsync("SR.scan", sr);
        Assert.Equal(changed, await ListAsync(site, first.Disk, second.Disk));
        Assert.Empty(await ListAsync(site, second.Disk, disk));
        await site.Client.CallAsync("VDI.destroy", first.Disk);
        await site.Client.CallAsync("VDI.destroy", second.Disk);
        Assert.Single(Files(site));
        Assert.All(site.All<VdiRecord>(), v => Assert.Empty(v.CurrentOperations));
    }

    [Fact]
    public async Task What_is_told_is_the_truth_after_anything_that_happens_to_a_disk()
    {
        await using var site = await TestSite.OpenAsync();
        var (_, disk) = await DiskAsync(site, "");
        var vm = await site.CreateVmAsync("one");
        await site.CreateVbdAsync(vm, disk, "0");
        await site.Client.CallAsync("VDI.enable_cbt", disk);
        var bytes = Random(2, DiskBytes);
        await site.FillAsync(disk, bytes);
        var first = await SnapshotAsync(site, vm, "first");
        var kept = (byte[])bytes.Clone();

        // It grows: what is new and was written is told, what is new and empty is not.
        await site.Client.CallAsync("VDI.resize", disk, (long)DiskBytes + (4 * Block));
        Assert.Empty(await ListAsync(site, first.Disk, disk));
        bytes = [.. bytes, .. new byte[4 * Block]];
        bytes[^1] = 7;
        await site.FillAsync(disk, bytes);
        var second = await SnapshotAsync(site, vm, "second");
        Assert.Equal(Differences(kept, bytes), await ListAsync(site, first.Disk, second.Disk));
        Assert.Equal([24], await ListAsync(site, first.Disk, second.Disk));

        // It goes back: the disk is another one, and what is told of it is true all the same. It is shorter again, too.
        await site.Client.CallAsync("VM.revert", first.Vm);
        var now = site.Get(site.Get(vm).Vbds.Single()).Vdi;
        Assert.True(site.Get(now).CbtEnabled);
        Assert.Empty(await ListAsync(site, first.Disk, now));
        Assert.Empty(await ListAsync(site, second.Disk, now));

        // A copy is a disk of its own.
        var clone = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.clone", now, TestSite.Map());
        Assert.False(site.Get(clone).CbtEnabled);

        // A snapshot of a disk alone knows it too.
        await site.Client.CallAsync("VDI.enable_cbt", clone);
        var alone = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.snapshot", clone, TestSite.Map());
        await site.Client.CallAsync("VDI.disable_cbt", clone);
        await site.Client.CallAsync("VDI.disable_cbt", clone);
        Assert.Equal((true, false), (site.Get(alone).CbtEnabled, site.Get(clone).CbtEnabled));
        Assert.Equal(["VDI_NO_CBT_METADATA", clone.Opaque], await site.Client.FailAsync("VDI.list_changed_blocks", alone, clone));

        // Disks that have nothing to do with each other are compared like any others.
        var random = new Random(3);
        for (var i = 0; i < 10; i++)
        {
            var (mine, theirs) = (Sparse(random), Sparse(random));
            await site.FillAsync(now, mine);
            await site.FillAsync(alone, theirs);
            Assert.Equal(Differences(theirs, mine), await ListAsync(site, alone, now));
        }
    }

    [Theory]
    [InlineData("qcow2")]
    [InlineData("raw")]
    public async Task What_is_empty_of_a_large_disk_is_not_read(string format)
    {
        const long size = (256L << 30) + 512;
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var disk = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.create", new VdiRecord
        {
            Sr = sr,
            VirtualSize = size,
            Type = VdiType.User,
            SmConfig = format == "raw" ? TestSite.Map(("type", format)) : TestSite.Map(),
        });
        await site.Client.CallAsync("VDI.enable_cbt", disk);
        var file = Files(site).Single();
        await WriteAsync("write -P 1 0 4k", "write -P 2 100G 128k", $"write -P 3 {size - 512} 512");
        var snapshot = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.snapshot", disk, TestSite.Map());

        // Other bytes, more of them, and what is zeros afterwards, by being dropped and by being written.
        await WriteAsync(
            "write -P 4 100G 4k", "write -P 5 200G 4k", $"write -P 6 {size - 512} 512", "write -z 64k 4k", "write -P 0 300M 64k");
        int[] changed = [(int)((100L << 30) / Block), (int)((200L << 30) / Block), (int)(size / Block)];
        Assert.Equal(changed, await ListAsync(site, snapshot, disk));
        await site.Client.CallAsync("VDI.data_destroy", snapshot);
        Assert.Equal(changed, await ListAsync(site, snapshot, disk));

        async Task WriteAsync(params IEnumerable<string> commands) =>
            Assert.True(await Programs.RunAsync("qemu-io", ["-f", format, .. commands.SelectMany(c => new[] { "-c", c }), file]));
    }

    [Fact]
    public async Task What_can_not_be_done_is_refused_and_changes_nothing()
    {
        await using var site = await TestSite.OpenAsync();
        var (sr, disk) = await DiskAsync(site, "");
        var snapshot = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.snapshot", disk, TestSite.Map());
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VDI.enable_cbt", snapshot))[0]);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VDI.disable_cbt", snapshot))[0]);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VDI.data_destroy", disk))[0]);
        Assert.Equal(["VDI_NO_CBT_METADATA", snapshot.Opaque], await site.Client.FailAsync("VDI.data_destroy", snapshot));
        Assert.Equal(["VDI_NO_CBT_METADATA", snapshot.Opaque], await site.Client.FailAsync("VDI.list_changed_blocks", snapshot, disk));
        Assert.Equal("SR_BACKEND_FAILURE_460", (await site.Client.FailAsync("VDI.list_changed_blocks", disk, disk))[0]);
        foreach (var type in new[] { VdiType.CbtMetadata, VdiType.Metadata })
        {
            Assert.Equal(
                "VDI_INCOMPATIBLE_TYPE",
                (await site.Client.FailAsync("VDI.create", new VdiRecord { Sr = sr, VirtualSize = Block, Type = type }))[0]);
        }

        var suspend = await site.Client.CallAsync<Ref<VdiRecord>>(
            "VDI.create", new VdiRecord { Sr = sr, VirtualSize = Block, Type = VdiType.Suspend });
        Assert.Equal(["VDI_INCOMPATIBLE_TYPE", suspend.Opaque, "suspend"], await site.Client.FailAsync("VDI.enable_cbt", suspend));

        // A disk that a guest writes to is not compared, and its tracking may begin all the same.
        var vm = await site.CreateVmAsync("one");
        await site.CreateVbdAsync(vm, disk, "0");
        await site.Client.CallAsync("VM.start", vm, false, false);
        await site.Client.CallAsync("VDI.enable_cbt", disk);
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        var tracked = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.snapshot", disk, TestSite.Map());
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal(
            ["VDI_IN_USE", disk.Opaque, "list_changed_blocks"], await site.Client.FailAsync("VDI.list_changed_blocks", tracked, disk));
        await site.Client.CallAsync("VM.hard_shutdown", vm);

        // What has no data is no disk to anybody.
        await site.Client.CallAsync("VDI.data_destroy", tracked);
        var refused = new[] { "VDI_INCOMPATIBLE_TYPE", tracked.Opaque, "cbt_metadata" };
        Assert.Equal(refused, await site.Client.FailAsync("VDI.clone", tracked, TestSite.Map()));
        Assert.Equal(refused, await site.Client.FailAsync("VDI.snapshot", tracked, TestSite.Map()));
        Assert.Equal(refused, await site.Client.FailAsync("VDI.copy", tracked, sr, default(Ref<VdiRecord>), default(Ref<VdiRecord>)));
        Assert.Equal(refused, await site.Client.FailAsync("VDI.copy", snapshot, default(Ref<SrRecord>), default(Ref<VdiRecord>), tracked));
        Assert.Equal(refused, await site.Client.FailAsync("VDI.resize", tracked, 8L << 20));
        Assert.Equal(refused, await site.Client.FailAsync("VDI.compare", tracked, disk));
        var created = await Assert.ThrowsAsync<XenApiException>(() => site.CreateVbdAsync(vm, tracked));
        Assert.Equal("VDI_INCOMPATIBLE_TYPE", created.Code);
        foreach (var act in new Func<Task>[]
        {
            () => site.FillAsync(tracked, new byte[Block]),
            () => site.Daemon.Transfers.ExportAsync(site.Call(), tracked, DiskFormat.Raw),
        })
        {
            Assert.Equal("VDI_INCOMPATIBLE_TYPE", (await Assert.ThrowsAsync<XenApiException>(act)).Code);
        }

        Assert.Empty(await ListAsync(site, tracked, disk));
        Assert.All(site.All<VdiRecord>(), v => Assert.Empty(v.CurrentOperations));

        // Whoever takes the mark away has taken what the table is known by.
        await site.Client.CallAsync("VDI.set_sm_config", tracked, TestSite.Map());
        Assert.Equal(["VDI_NO_CBT_METADATA", tracked.Opaque], await site.Client.FailAsync("VDI.list_changed_blocks", tracked, disk));
    }

    [Fact]
    public async Task A_daemon_that_died_while_data_was_destroyed_leaves_the_data_or_the_table_and_never_another_answer()
    {
        await using var site = await TestSite.OpenAsync();
        var (_, disk) = await DiskAsync(site, "");
        await site.Client.CallAsync("VDI.enable_cbt", disk);
        var bytes = Random(4, DiskBytes);
        await site.FillAsync(disk, bytes);
        var snapshot = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.snapshot", disk, TestSite.Map());
        bytes[Block * 5]++;
        await site.FillAsync(disk, bytes);

        // Killed before the table was there.
        await KillAfterAsync(site, snapshot, v => v with
        {
            Type = VdiType.CbtMetadata,
            SmConfig = v.SmConfig.SetItem(Marks.BlockTable, new string('7', 32)).SetItem(Marks.DataIsThere, "user"),
        });
        await SettledAsync(site, snapshot);
        Assert.Equal(VdiType.User, site.Get(snapshot).Type);
        Assert.Empty(site.Get(snapshot).SmConfig);
        Assert.Equal([5], await ListAsync(site, snapshot, disk));

        // The same as long as nobody has looked: what lies there is read as what it is, and the call can be repeated.
        await ChangeAsync(site, snapshot, v => v with
        {
            Type = VdiType.CbtMetadata,
            SmConfig = v.SmConfig.SetItem(Marks.BlockTable, new string('8', 32)).SetItem(Marks.DataIsThere, "user"),
        });
        Assert.Equal([5], await ListAsync(site, snapshot, disk));
        await site.Client.CallAsync("VDI.data_destroy", snapshot);
        Assert.Equal(new string('8', 32), site.Get(snapshot).SmConfig[Marks.BlockTable]);
        Assert.Equal([5], await ListAsync(site, snapshot, disk));

        // Killed when it was there.
        await KillAfterAsync(site, snapshot, v => v with { SmConfig = v.SmConfig.SetItem(Marks.DataIsThere, "user") });
        await SettledAsync(site, snapshot);
        Assert.Equal(VdiType.CbtMetadata, site.Get(snapshot).Type);
        Assert.Equal([5], await ListAsync(site, snapshot, disk));

        // A table that is not the one that was made, as one that a guest wrote beforehand, is no table.
        await ChangeAsync(site, snapshot, v => v with { SmConfig = v.SmConfig.SetItem(Marks.BlockTable, new string('9', 32)) });
        Assert.Equal("SR_BACKEND_FAILURE_460", (await site.Client.FailAsync("VDI.list_changed_blocks", snapshot, disk))[0]);
    }

    [Fact]
    public async Task A_table_that_was_damaged_is_never_taken_for_an_answer()
    {
        await using var site = await TestSite.OpenAsync();
        var (_, disk) = await DiskAsync(site, "raw");
        await site.Client.CallAsync("VDI.enable_cbt", disk);
        await site.FillAsync(disk, Random(5, DiskBytes));
        var snapshot = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.snapshot", disk, TestSite.Map());
        await site.Client.CallAsync("VDI.data_destroy", snapshot);
        var file = Files(site).Single(f => f.Contains(site.Get(snapshot).Uuid, StringComparison.Ordinal));
        var table = await File.ReadAllBytesAsync(file, TestSite.Cancel);
        Assert.Empty(await ListAsync(site, snapshot, disk));
        foreach (var at in new[] { 0, 20, 39, 48, 48 + (32 * 3), 48 + (32 * Blocks), 48 + (32 * Blocks) + 31 })
        {
            var spoilt = (byte[])table.Clone();
            spoilt[at] ^= 1;
            await File.WriteAllBytesAsync(file, spoilt, TestSite.Cancel);
            var said = await site.Client.FailAsync("VDI.list_changed_blocks", snapshot, disk);
            Assert.Equal("SR_BACKEND_FAILURE_460", said[0]);
            Assert.Contains("damaged", said[2], StringComparison.Ordinal);
        }

        await File.WriteAllBytesAsync(file, table, TestSite.Cancel);
        Assert.Empty(await ListAsync(site, snapshot, disk));
    }

    [Fact]
    public async Task What_was_tracked_is_tracked_in_the_pool_that_recovers_it()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var primary = scene.Primary;
        await primary.Client.CallAsync("VDI.enable_cbt", scene.Vdi);
        var bytes = Random(6, 1 << 20);
        await primary.FillAsync(scene.Vdi, bytes);
        var snapshot = await primary.Client.CallAsync<Ref<VdiRecord>>("VDI.snapshot", scene.Vdi, TestSite.Map());
        bytes[Block * 2]++;
        await primary.FillAsync(scene.Vdi, bytes);
        await primary.Client.CallAsync("VDI.data_destroy", snapshot);
        await scene.ProtectAsync();
        var foreign = await scene.OpenForeignAsync();
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        var (kept, disk) = (Here(snapshot), Here(scene.Vdi));
        Assert.Equal((VdiType.CbtMetadata, true), (scene.Site.Get(kept).Type, scene.Site.Get(kept).CbtEnabled));
        Assert.True(scene.Site.Get(disk).CbtEnabled);
        Assert.Equal([2], await ListAsync(scene.Site, kept, disk));

        Ref<VdiRecord> Here(Ref<VdiRecord> there) =>
            scene.Site.Daemon.Services.State.FindByUuid<VdiRecord>(primary.Get(there).Uuid);
    }

    private static async Task<(Ref<SrRecord> Sr, Ref<VdiRecord> Disk)> DiskAsync(TestSite site, string format)
    {
        var sr = await site.CreateSrAsync("sr");
        var disk = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.create", new VdiRecord
        {
            NameLabel = "disk",
            Sr = sr,
            VirtualSize = DiskBytes,
            Type = VdiType.User,
            SmConfig = format.Length > 0 ? TestSite.Map(("type", format)) : TestSite.Map(),
        });
        return (sr, disk);
    }

    private static async Task<(Ref<VmRecord> Vm, Ref<VdiRecord> Disk)> SnapshotAsync(TestSite site, Ref<VmRecord> vm, string name)
    {
        var made = await site.Client.CallAsync<Ref<VmRecord>>("VM.snapshot", vm, name, ImmutableList<Ref<VdiRecord>>.Empty);
        return (made, site.Get(site.Get(made).Vbds.Single()).Vdi);
    }

    private static async Task<List<int>> ListAsync(TestSite site, Ref<VdiRecord> from, Ref<VdiRecord> to)
    {
        var bitmap = Convert.FromBase64String(await site.Client.CallAsync<string>("VDI.list_changed_blocks", from, to));
        Assert.Equal((((site.Get(to).VirtualSize + Block - 1) / Block) + 7) / 8, bitmap.Length);
        return [.. Enumerable.Range(0, bitmap.Length * 8).Where(i => (bitmap[i / 8] & (0x80 >> (i % 8))) != 0)];
    }

    private static List<int> Differences(byte[] from, byte[] to) =>
        [.. Enumerable.Range(0, (to.Length + Block - 1) / Block).Where(i => !BlockOf(from, i).SequenceEqual(BlockOf(to, i)))];

    private static byte[] BlockOf(byte[] disk, int index)
    {
        var block = new byte[Block];
        if (index * Block < disk.Length)
        {
            disk.AsSpan(index * Block, Math.Min(Block, disk.Length - (index * Block))).CopyTo(block);
        }

        return block;
    }

    private static byte[] Random(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    // Few kinds of blocks, so that many are alike.
    private static byte[] Sparse(Random random)
    {
        var bytes = new byte[DiskBytes];
        for (var at = 0; at < bytes.Length; at += Block)
        {
            bytes[at] = (byte)random.Next(3);
        }

        return bytes;
    }

    private static Task SettledAsync(TestSite site, Ref<VdiRecord> vdi) => Patience.UntilAsync(
        () => !site.Get(vdi).SmConfig.ContainsKey(Marks.DataIsThere) && site.Get(vdi).CurrentOperations.Count == 0,
        "whether the data is gone is found out after a start");

    private static async Task KillAfterAsync(TestSite site, Ref<VdiRecord> vdi, Func<VdiRecord, VdiRecord> change)
    {
        await ChangeAsync(site, vdi, change);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
    }

    private static Task ChangeAsync(TestSite site, Ref<VdiRecord> vdi, Func<VdiRecord, VdiRecord> change) =>
        site.Daemon.Services.Database.WriteAsync(tx => tx.Update(vdi, change), TestSite.Cancel);

    private static IEnumerable<string> Files(TestSite site) =>
        Directory.EnumerateFiles(Path.Combine(site.Root, "sr"), "*.*", SearchOption.AllDirectories);
}
