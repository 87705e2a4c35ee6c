using Redoubt.Storage.LvmDriver;
using Redoubt.Storage.Tests.Mounted;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Lvm;

/// <summary>What becomes of disks where there is a device mapper: in the guest of script/lab-guest.</summary>
[Collection(LvmCollection.Name)]
[Trait("Needs", "lab")]
public sealed class LvmLabTests : IAsyncLifetime
{
    private readonly TempDirectory _temp = new();
    private readonly LvmSrDriver _driver;
    private readonly SrUuid _uuid = NewSr();
    private ISr _sr = null!;

    public LvmLabTests() => _driver = new(Sample.Images, _temp.In("scratch"), null, TimeProvider.System);

    public async ValueTask InitializeAsync()
    {
        LvmGuest.Require();
        await LvmGuest.ClearAsync();
        await _driver.CreateAsync(_uuid, LvmGuest.Config(0), Token);
        _sr = await _driver.AttachAsync(_uuid, LvmGuest.Config(0), SrAccess.ReadWrite, Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_sr is not null)
            await _sr.DisposeAsync();
        _temp.Dispose();
    }

    [Fact]
    public async Task A_disk_reads_as_zeros_is_written_where_it_is_attached_and_grows_into_zeros()
    {
        // Where the disk will lie there has been something: the volume group's first extents are at the ninth mebibyte.
        await LoopDisk.RunAsync("dd", "if=/dev/urandom", $"of={LvmGuest.Devices[0]}", "bs=1M", "seek=13", "count=8", "conv=fsync");
        var disk = await _sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = (1 << 20) + 512 }, Token);
        Assert.Equal(new byte[(1 << 20) + 512], await ReadAsync(_sr, disk.Uuid));

        // What is attached to be read becomes writable in its place.
        await using (var read = await _sr.OpenDeviceAsync(disk.Uuid, SrAccess.ReadOnly, Token))
        {
            Assert.Throws<UnauthorizedAccessException>(() => Write(read.Path, Content(512, 1)));
            await using var attached = await _sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token);
            Assert.Equal(new DiskSource.Block(read.Path), attached.Source);
            Write(attached.Source.Place, Content(512, 2));
            Assert.Equal(Content(512, 2), File.ReadAllBytes(read.Path)[(1 << 20)..]);
        }

        // There is room for a part of it in the extent that it has already.
        await _sr.ResizeVdiAsync(disk.Uuid, 6 << 20, Token);
        var now = await ReadAsync(_sr, disk.Uuid);
        Assert.Equal(Content(512, 2), now[(1 << 20)..((1 << 20) + 512)]);
        Assert.Equal(-1, now.AsSpan((1 << 20) + 512).IndexOfAnyExcept((byte)0));
        Assert.Equal(6 << 20, now.Length);

        static void Write(string path, byte[] bytes)
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.Write(file, bytes, 1 << 20);
            RandomAccess.FlushToDisk(file);
        }
    }

    [Fact]
    public async Task What_is_in_use_stays_as_it_is_and_what_is_read_stays_until_that_is_done()
    {
        var disk = await _sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 1 << 20 }, Token);
        var attached = await _sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token);
        await File.WriteAllBytesAsync(attached.Source.Place, Content(1 << 20, 3), Token);
        await FailsAsync(24, () => _sr.DestroyVdiAsync(disk.Uuid, Token));
        await FailsAsync(24, () => _sr.ResizeVdiAsync(disk.Uuid, 2 << 20, Token));
        await FailsAsync(24, () => WriteAsync(_sr, disk.Uuid, Content(1 << 20, 4)));
        await using (File.OpenRead(attached.Source.Place))
        {
            await FailsAsync(24, () => _sr.ExportVdiAsync(disk.Uuid, DiskFormat.Raw, Token));

            // The daemon has let it go, and a guest goes on with it.
            await attached.DisposeAsync();
            await FailsAsync(24, () => _sr.DestroyVdiAsync(disk.Uuid, Token));
        }

        var tools = new LvmTools(LvmGuest.Devices[0], TimeProvider.System);
        await using (var export = await _sr.ExportVdiAsync(disk.Uuid, DiskFormat.Raw, Token))
        {
            await _sr.DestroyVdiAsync(disk.Uuid, Token);
            Assert.Empty(await _sr.ScanAsync(Token));
            Assert.Single((await tools.LookAsync(Token))!.Volumes);
            using var copy = new MemoryStream();
            await export.CopyToAsync(copy, Token);
            Assert.Equal(Content(1 << 20, 3), copy.ToArray());
        }

        Assert.Empty((await tools.LookAsync(Token))!.Volumes);
    }

    [Fact]
    public async Task A_copy_of_a_device_is_used_beside_the_device()
    {
        var disk = await _sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 8192 }, Token);
        await LoopDisk.RunAsync("dd", $"if={LvmGuest.Devices[0]}", $"of={LvmGuest.Devices[1]}", "bs=1M", "count=32", "conv=fsync");
        await using var other = await _driver.AttachAsync(_uuid, LvmGuest.Config(1), SrAccess.ReadOnly, Token);
        await using var mine = await _sr.OpenDeviceAsync(disk.Uuid, SrAccess.ReadWrite, Token);
        await using var theirs = await other.OpenDeviceAsync(disk.Uuid, SrAccess.ReadOnly, Token);
        await File.WriteAllBytesAsync(mine.Path, Content(8192, 5), Token);
        Assert.Equal(new byte[8192], File.ReadAllBytes(theirs.Path));
        Assert.Equal(Content(8192, 5), File.ReadAllBytes(mine.Path));
    }
}
