using Redoubt.Storage.Mounted;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Mounted;

/// <summary>What SRs on block devices promise beyond what all drivers do.</summary>
public sealed class LocalSrTests
{
    [Theory]
    [InlineData("a partition table", "table")]
    [InlineData("xfs", "mkfs.xfs")]
    [InlineData("ext4", "mkfs.ext4")]
    [InlineData("something that is not known", "bytes")]
    public async Task A_device_that_holds_anything_is_not_formatted(string content, string by)
    {
        await using var site = await LocalSrSite.OpenAsync(FileSystemKind.Btrfs);
        switch (by)
        {
            case "bytes":
                await using (var device = File.OpenWrite(site.Disk.Device))
                {
                    device.Seek(700_000, SeekOrigin.Begin);
                    device.WriteByte(1);
                }

                break;
            case "table":
                await using (var device = File.OpenWrite(site.Disk.Device))
                {
                    // One partition for Linux, from the first mebibyte on, and the mark at the end of the sector.
                    var sector = new byte[512];
                    (sector[450], sector[455], sector[460], sector[510], sector[511]) = (0x83, 0x08, 0x01, 0x55, 0xaa);
                    await device.WriteAsync(sector, Token);
                }

                break;
            default:
                await LoopDisk.RunAsync(by, "-q", site.Disk.Device);
                break;
        }

        var before = await site.Disk.DigestAsync();
        var failure = await FailsAsync(42, () => site.Driver.CreateAsync(NewSr(), site.Config(), Token));
        Assert.Contains(content, failure, StringComparison.Ordinal);
        Assert.Contains(site.Disk.Device, failure, StringComparison.Ordinal);
        await FailsAsync(47, () => site.Driver.AttachAsync(NewSr(), site.Config(), SrAccess.ReadWrite, Token));
        Assert.Empty(await site.Driver.ProbeAsync(site.Config(), Token));
        Assert.Equal(before, await site.Disk.DigestAsync());
    }

    [Theory]
    [InlineData("ext")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    public async Task Looking_leaves_every_byte_of_a_device_and_what_was_looked_at_can_become_writable(string type)
    {
        await using var site = await LocalSrSite.OpenAsync(Kind(type));
        var uuid = NewSr();
        VdiUuid disk;
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await using (var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token))
        {
            disk = (await NewDiskAsync(sr, Content(1 << 20, 1))).Uuid;
        }

        var before = await site.Disk.DigestAsync();
        Assert.Equal(uuid, Assert.Single(await site.Driver.ProbeAsync(site.Config(), Token)).Uuid);
        await using var looking = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadOnly, Token);
        Assert.Equal(Content(1 << 20, 1), await ReadAsync(looking, disk));
        Assert.True(MountTable.Find(site.MountPoint)!.IsReadOnly);
        Assert.Equal(before, await site.Disk.DigestAsync());

        // As a VM is recovered from it: it is attached for writing while it still is for looking.
        await using var writing = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        await looking.DetachAsync(Token);
        await WriteAsync(writing, disk, Content(1 << 20, 2));
        Assert.Equal(Content(1 << 20, 2), await ReadAsync(writing, disk));
    }

    [Theory]
    [InlineData("ext")]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    public async Task A_copy_of_a_device_is_never_taken_for_the_device(string type)
    {
        await using var site = await LocalSrSite.OpenAsync(Kind(type));
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        var disk = await NewDiskAsync(sr, Content(4096, 1));
        await LoopDisk.RunAsync("sync", "-f", site.MountPoint);
        var copy = site.NewDirectory("copy");
        File.Copy(site.Disk.Image, Path.Combine(copy, "lun"));
        await site.AddDiskAsync(0, "copy/lun");
        await WriteAsync(sr, disk.Uuid, Content(4096, 2));

        // As it is there is something in its journal. It is not shown without that, and not replayed by looking.
        var before = await site.DigestAsync(1);
        try
        {
            await using var other = await site.Driver.AttachAsync(uuid, site.Config(1), SrAccess.ReadOnly, Token);
            Assert.Equal(Content(4096, 1), await ReadAsync(other, disk.Uuid));
        }
        catch (XenApi.XenApiException refused)
        {
            Assert.Contains(site.Config(1)["device"], refused.Parameters[1], StringComparison.Ordinal);
            Assert.Contains("journal", refused.Parameters[1], StringComparison.Ordinal);
        }

        Assert.Equal(before, await site.DigestAsync(1));
        var once = site.NewDirectory("once");
        await LoopDisk.RunAsync("mount", "-o", type == "xfs" ? "nouuid" : "rw", site.Config(1)["device"], once);
        await LoopDisk.RunAsync("umount", once);
        await using (var other = await site.Driver.AttachAsync(uuid, site.Config(1), SrAccess.ReadOnly, Token))
        {
            Assert.Equal(Content(4096, 1), await ReadAsync(other, disk.Uuid));
        }

        Assert.Equal(Content(4096, 2), await ReadAsync(sr, disk.Uuid));
    }

    [Fact]
    public async Task What_is_in_use_stays_mounted_and_is_taken_over_by_the_next_daemon()
    {
        await using var site = await LocalSrSite.OpenAsync(FileSystemKind.Ext);
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        var disk = await NewDiskAsync(sr, Content(4096, 1), DiskFormat.Raw);
        await using var attached = await sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token);
        using (File.OpenHandle(attached.Source.Place))
        {
            await sr.DetachAsync(Token);
            Assert.NotNull(MountTable.Find(site.MountPoint));
            await using var again = await site.Reopen().AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
            Assert.Equal(Content(4096, 1), await ReadAsync(again, disk.Uuid));
            await using var same = await again.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token);
            Assert.Equal(attached.Source, same.Source);
        }

        // Nobody has it open any more: whoever lets it go as the last takes it away.
        var last = await site.Reopen().AttachAsync(uuid, site.Config(), SrAccess.ReadOnly, Token);
        var mountPoint = site.MountPoint;
        await last.DetachAsync(Token);
        Assert.False(Directory.Exists(mountPoint));
    }

    [Fact]
    public async Task Several_attaches_share_a_mount_and_the_last_ends_it()
    {
        await using var site = await LocalSrSite.OpenAsync(FileSystemKind.Ext);
        var (one, two) = (NewSr(), NewSr());
        await site.Driver.CreateAsync(one, site.Config(), Token);
        await site.Driver.CreateAsync(two, site.Config(), Token);
        var first = await site.Driver.AttachAsync(one, site.Config(), SrAccess.ReadWrite, Token);
        var second = await site.Driver.AttachAsync(two, site.Config(), SrAccess.ReadWrite, Token);
        var mountPoint = site.MountPoint;
        await first.DetachAsync(Token);
        await NewDiskAsync(second, Content(4096, 1));
        await second.DetachAsync(Token);
        Assert.Null(MountTable.Find(mountPoint));
    }

    [Fact]
    public async Task A_device_that_can_not_be_written_is_named()
    {
        await using var site = await LocalSrSite.OpenAsync(FileSystemKind.Ext);
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await using var locked = await LoopDisk.OpenAsync(site.Disk.Image, 0, isReadOnly: true);
        var config = new Dictionary<string, string> { ["device"] = locked.Device };
        Assert.Contains(locked.Device, await FailsAsync(
            47, () => site.Driver.AttachAsync(uuid, config, SrAccess.ReadWrite, Token)), StringComparison.Ordinal);
        await using var looking = await site.Driver.AttachAsync(uuid, config, SrAccess.ReadOnly, Token);
        Assert.Empty(await looking.ScanAsync(Token));
    }

    [Fact]
    public async Task A_full_file_system_is_named_and_what_is_on_it_stays()
    {
        await using var site = await LocalSrSite.OpenAsync(FileSystemKind.Ext);
        var small = await site.AddDiskAsync(8 << 20);
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, site.Config(1), Token);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(1), SrAccess.ReadWrite, Token);
        var kept = await NewDiskAsync(sr, Content(4096, 1), DiskFormat.Raw);
        var large = await sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 64 * Mib, Format = DiskFormat.Raw }, Token);
        var bytes = new byte[32 << 20];
        new Random(1).NextBytes(bytes);
        await FailsAsync(44, () => WriteAsync(sr, large.Uuid, bytes));
        Assert.Equal(Content(4096, 1), await ReadAsync(sr, kept.Uuid));
        Assert.NotNull(small);
    }

    [Theory]
    [InlineData("/dev/null", 91)]
    [InlineData("/etc/passwd", 91)]
    [InlineData("relative", 91)]
    [InlineData("/dev/redoubt-is-not-there", 47)]
    public async Task What_is_no_block_device_is_refused_by_every_call(string device, int number)
    {
        await using var site = await LocalSrSite.OpenAsync(FileSystemKind.Ext);
        var config = new Dictionary<string, string> { ["device"] = device };
        await FailsAsync(number, () => site.Driver.ProbeAsync(config, Token));
        await FailsAsync(number, () => site.Driver.CreateAsync(NewSr(), config, Token));
        await FailsAsync(number, () => site.Driver.AttachAsync(NewSr(), config, SrAccess.ReadOnly, Token));
        await FailsAsync(number, () => site.Driver.DestroyAsync(NewSr(), config, Token));
    }

    [Fact]
    public async Task A_probe_without_a_device_lists_those_that_nobody_uses()
    {
        await using var site = await LocalSrSite.OpenAsync(FileSystemKind.Ext);
        var used = await site.AddDiskAsync();
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, site.Config(1), Token);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(1), SrAccess.ReadWrite, Token);
        var failure = await Assert.ThrowsAsync<XenApi.XenApiException>(
            () => site.Driver.ProbeAsync(new Dictionary<string, string>(), Token));
        Assert.Equal("SR_BACKEND_FAILURE_90", failure.Code);
        var listed = System.Xml.Linq.XElement.Parse(failure.Parameters[2]).Elements("BlockDevice").ToList();
        var free = Assert.Single(listed, d => (string?)d.Element("path") == site.Disk.Device);
        Assert.Equal("335544320", (string?)free.Element("size"));
        Assert.DoesNotContain(listed, d => (string?)d.Element("path") == used.Device);
    }

    [Fact]
    public async Task A_device_lies_where_the_administrator_of_the_host_allows()
    {
        await using var site = await LocalSrSite.OpenAsync(FileSystemKind.Ext);
        var elsewhere = site.Reopen(new HostRoots([], ["/srv/storage"], "/var/lib/own"));
        await FailsAsync(91, () => elsewhere.CreateAsync(NewSr(), site.Config(), Token));
        await FailsAsync(91, () => elsewhere.ProbeAsync(site.Config(), Token));
        await site.Reopen(new HostRoots([], [site.Disk.Device], "/var/lib/own")).CreateAsync(NewSr(), site.Config(), Token);
    }

    [Theory]
    [InlineData("xfs")]
    [InlineData("btrfs")]
    public async Task A_clone_shares_its_blocks_where_the_file_system_can_do_that_and_is_a_disk_of_its_own(string type)
    {
        await using var site = await LocalSrSite.OpenAsync(Kind(type));
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        var content = new byte[64 << 20];
        new Random(2).NextBytes(content);
        var disk = await NewDiskAsync(sr, content, DiskFormat.Raw);
        await LoopDisk.RunAsync("sync", "-f", site.MountPoint);
        var before = (await sr.StatAsync(Token)).PhysicalUtilisationBytes;
        var clone = await sr.CloneVdiAsync(disk.Uuid, NewVdi(), Token);
        await LoopDisk.RunAsync("sync", "-f", site.MountPoint);
        Assert.InRange((await sr.StatAsync(Token)).PhysicalUtilisationBytes - before, 0, 8 << 20);
        await WriteAsync(sr, clone.Uuid, Content(4096, 3));
        Assert.Equal(content, await ReadAsync(sr, disk.Uuid));
    }

    private static FileSystemKind Kind(string type) =>
        new[] { FileSystemKind.Ext, FileSystemKind.Xfs, FileSystemKind.Btrfs }.Single(k => k.SrType == type);
}
