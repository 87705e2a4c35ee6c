using Redoubt.Storage.IsoDriver;
using Redoubt.Storage.Mounted;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.IsoDriver;

/// <summary>A folder of images of CDs.</summary>
public sealed class IsoSrTests : IDisposable
{
    private readonly TempDirectory _temp = new();
    private readonly SrUuid _srId = NewSr();

    public IsoSrTests()
    {
        _temp.NewDirectory("isos");
        File.WriteAllBytes(Image("Debian 12.iso"), Content(4096, 1));
    }

    private Dictionary<string, string> Config => new() { ["location"] = _temp.In("isos") };

    private IsoSrDriver Driver => Roots(null);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Images_are_found_by_name_and_given_to_read()
    {
        File.WriteAllBytes(Image("tools.IMG"), Content(512, 2));
        await using var sr = await AttachAsync();
        var found = await sr.ScanAsync(Token);
        Assert.Equal(["Debian 12.iso", "tools.IMG"], found.Select(v => v.Name).Order());
        Assert.All(found, v => Assert.True(v.IsReadOnly));
        var debian = found.Single(v => v.Name == "Debian 12.iso");
        Assert.Equal((DiskFormat.Raw, 4096L), (debian.Format, debian.VirtualSizeBytes));
        Assert.Equal(debian, await sr.StatVdiAsync(debian.Uuid, Token));
        Assert.Equal(Content(4096, 1), await ReadAsync(sr, debian.Uuid));
        Assert.Equal(Content(4096, 1), await sr.LookIntoAsync(debian.Uuid, File.ReadAllBytes, Token));
        await using var attached = await sr.AttachVdiAsync(debian.Uuid, SrAccess.ReadOnly, Token);
        Assert.Equal(new DiskSource.File(Image("Debian 12.iso"), DiskFormat.Raw), attached.Source);
    }

    [Fact]
    public async Task An_image_is_the_same_disk_in_every_pool_and_after_every_scan()
    {
        await using var here = await AttachAsync();
        await using var there = await AttachAsync();
        var uuid = Assert.Single(await here.ScanAsync(Token)).Uuid;
        Assert.Equal(uuid, Assert.Single(await there.ScanAsync(Token)).Uuid);
        await using var other = await Driver.AttachAsync(NewSr(), Config, SrAccess.ReadWrite, Token);
        Assert.NotEqual(uuid, Assert.Single(await other.ScanAsync(Token)).Uuid);
    }

    [Fact]
    public async Task Nothing_in_it_is_changed_by_anything()
    {
        await using var sr = await AttachAsync();
        var disk = Assert.Single(await sr.ScanAsync(Token)).Uuid;
        const string not = "SR_OPERATION_NOT_SUPPORTED";
        await FailsAsync(not, () => sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib }, Token));
        await FailsAsync(not, () => sr.DestroyVdiAsync(disk, Token));
        await FailsAsync(not, () => sr.ResizeVdiAsync(disk, Mib, Token));
        await FailsAsync(not, () => sr.CloneVdiAsync(disk, NewVdi(), Token));
        await FailsAsync(not, () => WriteAsync(sr, disk, new byte[512]));
        await FailsAsync("OPERATION_NOT_ALLOWED", () => sr.AttachVdiAsync(disk, SrAccess.ReadWrite, Token));
        await FailsAsync("OPERATION_NOT_ALLOWED", () => sr.OpenDeviceAsync(disk, SrAccess.ReadWrite, Token));
        await sr.DetachAsync(Token);
        await Driver.DestroyAsync(_srId, Config, Token);
        Assert.Equal(Content(4096, 1), await File.ReadAllBytesAsync(Image("Debian 12.iso"), Token));
        Assert.Single(Directory.EnumerateFileSystemEntries(_temp.In("isos")));
    }

    [Fact]
    public async Task What_is_no_image_is_passed_over_and_what_leads_elsewhere_is_never_followed()
    {
        await File.WriteAllTextAsync(_temp.In("secret"), "secret", Token);
        File.CreateSymbolicLink(Image("link.iso"), _temp.In("secret"));
        Directory.CreateDirectory(Image("folder.iso"));
        await File.WriteAllBytesAsync(Image("empty.iso"), [], Token);
        await File.WriteAllTextAsync(Image("readme.txt"), "not an image", Token);
        await using var sr = await AttachAsync();
        var disk = Assert.Single(await sr.ScanAsync(Token));
        File.Delete(Image("Debian 12.iso"));
        File.CreateSymbolicLink(Image("Debian 12.iso"), _temp.In("secret"));
        await FailsAsync(46, () => sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadOnly, Token));
        await FailsAsync(46, () => sr.ExportVdiAsync(disk.Uuid, DiskFormat.Raw, Token));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_or_not_allowed_is_named()
    {
        await FailsAsync(94, () => Driver.AttachAsync(_srId, new Dictionary<string, string>(), SrAccess.ReadOnly, Token));
        await FailsAsync(47, () => Driver.AttachAsync(_srId, At(_temp.In("gone")), SrAccess.ReadOnly, Token));
        await FailsAsync(1, () => Driver.AttachAsync(_srId, At("relative"), SrAccess.ReadOnly, Token));
        var roots = new HostRoots([], ["/srv/storage", "nas:/isos"], "/var/lib/own");
        await FailsAsync(1, () => Roots(roots).AttachAsync(_srId, Config, SrAccess.ReadOnly, Token));
        await FailsAsync(1, () => Roots(roots).AttachAsync(_srId, At("other:/isos"), SrAccess.ReadOnly, Token));
        await FailsAsync(102, () => Roots(roots).AttachAsync(_srId, At("nas:/isos/../secret"), SrAccess.ReadOnly, Token));
        await FailsAsync(1, () => Roots(roots).AttachAsync(_srId, At("-o exec:/isos"), SrAccess.ReadOnly, Token));
    }

    private static Dictionary<string, string> At(string location) => new() { ["location"] = location };

    private string Image(string name) => Path.Combine(_temp.In("isos"), name);

    private IsoSrDriver Roots(HostRoots? roots) => new(new HostMounts(_temp.In("mounts"), TimeProvider.System), roots);

    private Task<ISr> AttachAsync() => Driver.AttachAsync(_srId, Config, SrAccess.ReadWrite, Token);
}
