using Redoubt.Storage.FileDriver;
using Redoubt.XenApi;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>A folder of images that others made, as an SR in place.</summary>
public sealed class FolderSrTests : IDisposable
{
    private readonly TempDirectory _temp = new();
    private readonly FolderSrDriver _driver;
    private readonly SrUuid _sr = NewSr();
    private readonly string _folder;

    public FolderSrTests()
    {
        _driver = new FolderSrDriver(new FileSrDriver(Sample.Images, _temp.In("scratch")));
        _folder = _temp.NewDirectory("images");
    }

    private Dictionary<string, string> Config => new() { ["location"] = _folder };

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Images_are_disks_where_they_lie_and_stay_untouched()
    {
        await ImageAsync("web.qcow2", 8 << 20);
        await ImageAsync("no extension", 4 << 20);
        File.WriteAllBytes(In("data.img"), new byte[1 << 20]);
        File.WriteAllBytes(In("data.raw"), new byte[2 << 20]);
        File.WriteAllText(In("notes.txt"), "not an image");
        File.WriteAllBytes(In("debian.iso"), new byte[4096]);
        File.WriteAllBytes(In(".hidden.img"), new byte[4096]);
        File.CreateSymbolicLink(In("link.img"), In("data.img"));
        Directory.CreateDirectory(In("folder.img"));
        var before = Snapshot();

        await _driver.CreateAsync(_sr, Config, Token);
        await using var sr = await _driver.AttachAsync(_sr, Config, SrAccess.ReadWrite, Token);
        var disks = await sr.ScanAsync(Token);
        Assert.Equal(["data.img", "data.raw", "no extension", "web.qcow2"], disks.Select(d => d.Name).Order(StringComparer.Ordinal));
        Assert.All(disks, d => Assert.Null(d.Unreadable));
        Assert.Equal(
            [DiskFormat.Raw, DiskFormat.Raw, DiskFormat.Qcow2, DiskFormat.Qcow2],
            disks.OrderBy(d => d.Name, StringComparer.Ordinal).Select(d => d.Format));
        var web = disks.Single(d => d.Name == "web.qcow2");
        await using var attached = await sr.AttachVdiAsync(web.Uuid, SrAccess.ReadWrite, Token);
        Assert.Equal(new DiskSource.File(In("web.qcow2"), DiskFormat.Qcow2), attached.Source);
        Assert.Equal(before, Snapshot());
        Assert.Equal(web.Uuid, FolderSrDriver.DiskOf(_sr, Config, In("web.qcow2")));
        Assert.Null(FolderSrDriver.DiskOf(_sr, Config, Path.Combine(_folder, "deeper", "web.qcow2")));
    }

    [Fact]
    public async Task A_mirror_of_the_folder_has_the_same_disks()
    {
        await ImageAsync("web.qcow2", 1 << 20);
        await _driver.CreateAsync(_sr, Config, Token);
        await using var sr = await _driver.AttachAsync(_sr, Config, SrAccess.ReadWrite, Token);
        var volume = NewVdi();
        await sr.CreateVdiAsync(new VdiConfig { Uuid = volume, VirtualSizeBytes = 1 << 20, Type = VdiType.Metadata }, Token);

        var mirror = _temp.NewDirectory("mirror");
        foreach (var file in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(mirror, Path.GetRelativePath(_folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var there = new Dictionary<string, string> { ["location"] = mirror };
        var probed = Assert.Single(await _driver.ProbeAsync(there, Token));
        Assert.Equal(_sr, probed.Uuid);
        Assert.Equal(volume, Assert.Single(probed.Metadata).Uuid);
        await using var other = await _driver.AttachAsync(_sr, there, SrAccess.ReadOnly, Token);
        var (here, mirrored) = (await sr.ScanAsync(Token), await other.ScanAsync(Token));
        Assert.Equal(here.Select(d => (d.Uuid, d.Name, d.Type)), mirrored.Select(d => (d.Uuid, d.Name, d.Type)));
    }

    [Fact]
    public async Task What_others_made_is_never_deleted_and_what_Redoubt_makes_lies_apart()
    {
        await ImageAsync("web.qcow2", 1 << 20);
        await _driver.CreateAsync(_sr, Config, Token);
        await using var sr = await _driver.AttachAsync(_sr, Config, SrAccess.ReadWrite, Token);
        var web = Assert.Single(await sr.ScanAsync(Token)).Uuid;
        var refused = await Assert.ThrowsAsync<XenApiException>(() => sr.DestroyVdiAsync(web, Token));
        Assert.Equal("OPERATION_NOT_ALLOWED", refused.Code);
        Assert.Contains(In("web.qcow2"), refused.Parameters[0], StringComparison.Ordinal);
        Assert.True(File.Exists(In("web.qcow2")));

        var copy = NewVdi();
        await sr.CloneVdiAsync(web, copy, Token);
        Assert.True(File.Exists(Path.Combine(_folder, _sr.ToString(), $"{copy}.qcow2")));
        await sr.DestroyVdiAsync(copy, Token);
        await sr.DetachAsync(Token);
        await _driver.DestroyAsync(_sr, Config, Token);
        Assert.Equal([In("web.qcow2")], Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task The_images_of_a_folder_are_the_disks_of_one_SR()
    {
        await _driver.CreateAsync(_sr, Config, Token);
        var refused = await Assert.ThrowsAsync<XenApiException>(() => _driver.CreateAsync(NewSr(), Config, Token));
        Assert.Equal("SR_BACKEND_FAILURE_42", refused.Code);
        Directory.CreateDirectory(In(NewSr().ToString()));
        refused = await Assert.ThrowsAsync<XenApiException>(() => _driver.AttachAsync(_sr, Config, SrAccess.ReadWrite, Token));
        Assert.Equal("SR_BACKEND_FAILURE_47", refused.Code);
    }

    [Fact]
    public async Task What_a_guest_writes_into_its_disk_leads_nowhere()
    {
        // A raw disk in which the guest has written the header of an image that builds on a file of the host.
        await ImageAsync("base.qcow2", 1 << 20);
        await Sample.Images.CreateOverlayAsync(In("raw.img"), In("base.qcow2"), DiskFormat.Qcow2, 1 << 20, Token);
        var log = new byte[4096];
        RedoLogMagic.EmptyLog.ToArray().CopyTo(log, 0);
        File.WriteAllBytes(In("volume.img"), log);

        await _driver.CreateAsync(_sr, Config, Token);
        await using var sr = await _driver.AttachAsync(_sr, Config, SrAccess.ReadWrite, Token);
        var disks = (await sr.ScanAsync(Token)).ToDictionary(d => d.Name ?? "");
        Assert.Contains("stand alone", disks["raw.img"].Unreadable, StringComparison.Ordinal);
        Assert.Equal(VdiType.User, disks["volume.img"].Type);
        await Assert.ThrowsAsync<XenApiException>(() => sr.AttachVdiAsync(disks["raw.img"].Uuid, SrAccess.ReadOnly, Token));
    }

    [Fact]
    public async Task A_test_runs_on_clones_of_the_images()
    {
        await ImageAsync("web.qcow2", 1 << 20);
        File.WriteAllBytes(In("data.img"), new byte[1 << 20]);
        await _driver.CreateAsync(_sr, Config, Token);
        await using var sr = await _driver.AttachAsync(_sr, Config, SrAccess.ReadOnly, Token);
        var before = Snapshot();
        var where = new Dictionary<string, string> { ["location"] = _temp.NewDirectory("tests") };
        var clone = await sr.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = where }, Token);
        await using var test = clone.Sr;
        var disks = await test.ScanAsync(Token);
        Assert.Equal((await sr.ScanAsync(Token)).Select(d => d.Uuid), disks.Select(d => d.Uuid));
        Assert.All(disks, d => Assert.Null(d.Unreadable));
        Assert.Empty(clone.Skipped);
        Assert.Equal(before, Snapshot());
    }

    private string In(string name) => Path.Combine(_folder, name);

    private Task ImageAsync(string name, long bytes) => Sample.Images.CreateAsync(In(name), bytes, Token);

    private List<(string, long, DateTime)> Snapshot() =>
    [
        .. Directory.EnumerateFiles(_folder).Order(StringComparer.Ordinal)
            .Select(f => (f, new FileInfo(f).Length, File.GetLastWriteTimeUtc(f))),
    ];
}
