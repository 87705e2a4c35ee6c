using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Images;
using Redoubt.XenApi;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>Storage that is full or mounted read-only, on a small file system of its own.</summary>
public sealed class FileSrFullTests : IAsyncLifetime
{
    private readonly TempDirectory _temp = new();
    private readonly SrUuid _srId = NewSr();
    private bool _mounted;

    private FileSrDriver Driver => new(Sample.Images, _temp.In("scratch"));

    private Dictionary<string, string> Config => new() { ["location"] = _temp.In("small") };

    public async ValueTask InitializeAsync()
    {
        try
        {
            await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", _temp.NewDirectory("small"));
        }
        catch (XenApiException e)
        {
            Assert.Skip($"A small file system can't be mounted here: {e.Parameters[1]}");
        }

        _mounted = true;
        await Driver.CreateAsync(_srId, Config, Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_mounted)
            await RunAsync("umount", _temp.In("small"));
        _temp.Dispose();
    }

    private Task<ISr> AttachAsync(SrAccess access = SrAccess.ReadWrite) => Driver.AttachAsync(_srId, Config, access, Token);

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task A_full_disk_is_named_and_leaves_nothing_half_done(DiskFormat format)
    {
        await using var sr = await AttachAsync();
        var disk = await sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 8 * Mib, Format = format }, Token);
        await WriteAsync(sr, disk.Uuid, Content(256 << 10, 1));
        var content = new byte[6 << 20];
        new Random(2).NextBytes(content);

        var told = await FailsAsync(44, () => WriteAsync(sr, disk.Uuid, content));
        Assert.Contains("full", told, StringComparison.Ordinal);
        Assert.Equal(Content(256 << 10, 1), (await ReadAsync(sr, disk.Uuid))[..(256 << 10)]);
        Assert.Single(Directory.EnumerateFileSystemEntries(_temp.In("small", _srId.ToString())));
    }

    [Fact]
    public async Task A_clone_that_does_not_fit_leaves_nothing()
    {
        await using var sr = await AttachAsync();
        var content = new byte[1200 << 10];
        new Random(3).NextBytes(content);
        var filler = await sr.CreateVdiAsync(
            new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = content.Length, Format = DiskFormat.Raw }, Token);
        await WriteAsync(sr, filler.Uuid, content);
        await FailsAsync(44, () => sr.CloneVdiAsync(filler.Uuid, NewVdi(), Token));
        Assert.Single(Directory.EnumerateFileSystemEntries(_temp.In("small", _srId.ToString())));
    }

    [Fact]
    public async Task Storage_mounted_read_only_can_be_looked_at_and_refuses_the_rest()
    {
        VdiState disk;
        await using (var sr = await AttachAsync())
            disk = await NewDiskAsync(sr, Content(4096, 4));
        await RunAsync("mount", "-o", "remount,ro", _temp.In("small"));

        await using var looking = await AttachAsync(SrAccess.ReadOnly);
        Assert.Equal(Content(4096, 4), await ReadAsync(looking, disk.Uuid));
        await FailsAsync(47, () => AttachAsync());
        await FailsAsync(61, () => Driver.CreateAsync(NewSr(), Config, Token));
        await FailsAsync(63, () => Driver.DestroyAsync(_srId, Config, Token));
    }

    private static Task<string> RunAsync(string program, params string[] arguments)
        => new ChildProcess(TimeProvider.System, program).RunAsync(arguments, TimeSpan.FromMinutes(1), Token);
}
