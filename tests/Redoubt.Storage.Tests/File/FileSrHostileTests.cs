using Redoubt.Storage.Images;
using Redoubt.XenApi;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>An SR whose directory somebody else has had their hands in.</summary>
public sealed class FileSrHostileTests : FileSrFixture
{
    private async Task<string> ReasonAsync(ISr sr, VdiUuid vdi)
        => Assert.IsType<string>((await sr.ScanAsync(Token)).Single(found => found.Uuid == vdi).Unreadable);

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task A_symbolic_link_is_listed_as_unreadable_and_never_followed(DiskFormat format)
    {
        var secret = Temp.In("secret");
        await File.WriteAllTextAsync(secret, "secret", Token);
        var vdi = NewVdi();
        File.CreateSymbolicLink(PathOf(vdi, format), secret);
        await using var sr = await AttachAsync();

        Assert.Contains("symbolic link", await ReasonAsync(sr, vdi), StringComparison.Ordinal);
        await FailsAsync(65, () => sr.ExportVdiAsync(vdi, DiskFormat.Raw, Token));
        await FailsAsync(65, () => sr.AttachVdiAsync(vdi, SrAccess.ReadOnly, Token));
        await FailsAsync(65, () => sr.OpenDeviceAsync(vdi, SrAccess.ReadOnly, Token));
        await FailsAsync(65, () => sr.CloneVdiAsync(vdi, NewVdi(), Token));
        await FailsAsync(65, () => WriteAsync(sr, vdi, new byte[512]));
        await sr.DestroyVdiAsync(vdi, Token);
        Assert.Equal("secret", await File.ReadAllTextAsync(secret, Token));
        Assert.Empty(await sr.ScanAsync(Token));
    }

    [Fact]
    public async Task A_dangling_link_takes_the_UUID_all_the_same()
    {
        var vdi = NewVdi();
        File.CreateSymbolicLink(PathOf(vdi), Temp.In("nowhere"));
        await using var sr = await AttachAsync();
        await FailsAsync(43, () => sr.CreateVdiAsync(new VdiConfig { Uuid = vdi, VirtualSizeBytes = Mib }, Token));
        Assert.False(File.Exists(Temp.In("nowhere")));
    }

    [Fact]
    public async Task An_SR_that_is_a_link_is_not_attached_and_is_listed_with_its_reason()
    {
        var linked = NewSr();
        Directory.CreateSymbolicLink(Path.Combine(Location, linked.ToString()), SrPath);
        await FailsAsync(47, () => Driver.AttachAsync(linked, Config, SrAccess.ReadOnly, Token));
        var probed = await Driver.ProbeAsync(Config, Token);
        Assert.Contains("symbolic link", probed.Single(sr => sr.Uuid == linked).Unreadable, StringComparison.Ordinal);
        Assert.Null(probed.Single(sr => sr.Uuid == SrId).Unreadable);
    }

    [Fact]
    public async Task A_pipe_does_not_hang_the_scan()
    {
        var vdi = NewVdi();
        await new ChildProcess(TimeProvider.System, "mkfifo").RunAsync([PathOf(vdi)], TimeSpan.FromMinutes(1), Token);
        await using var sr = await AttachAsync();
        Assert.Contains("not a regular file", await ReasonAsync(sr, vdi), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Broken_images_are_listed_with_their_reason_and_hide_no_other()
    {
        await using var sr = await AttachAsync();
        var sound = await NewDiskAsync(sr, Content(4096, 1));
        var (garbage, empty, emptyRaw, cut) = (NewVdi(), NewVdi(), NewVdi(), NewVdi());
        await File.WriteAllBytesAsync(PathOf(garbage), Content(5000, 2), Token);
        await File.WriteAllBytesAsync(PathOf(empty), [], Token);
        await File.WriteAllBytesAsync(PathOf(emptyRaw, DiskFormat.Raw), [], Token);
        await File.WriteAllBytesAsync(PathOf(cut), (await File.ReadAllBytesAsync(PathOf(sound.Uuid), Token))[..4096], Token);

        Assert.Equal(5, (await sr.ScanAsync(Token)).Count);
        Assert.Contains("magic", await ReasonAsync(sr, garbage), StringComparison.Ordinal);
        Assert.Contains("0 bytes", await ReasonAsync(sr, empty), StringComparison.Ordinal);
        Assert.Contains("empty", await ReasonAsync(sr, emptyRaw), StringComparison.Ordinal);
        Assert.Contains("cut short", await ReasonAsync(sr, cut), StringComparison.Ordinal);
        Assert.Equal(Content(4096, 1), await ReadAsync(sr, sound.Uuid));

        var clone = await sr.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = NewLocation("other") }, Token);
        Assert.Equal(4, clone.Skipped.Count);
    }

    [Theory]
    [InlineData("/etc/passwd", "raw")]
    [InlineData("../../etc/passwd", "raw")]
    [InlineData("json:{\"driver\":\"file\",\"filename\":\"/etc/passwd\"}", "raw")]
    public async Task An_image_that_builds_on_a_file_of_the_host_is_not_used(string backing, string format)
    {
        var vdi = NewVdi();
        await new ChildProcess(TimeProvider.System, "qemu-img").RunAsync(
            ["create", "-q", "-u", "-f", "qcow2", "-b", backing, "-F", format, PathOf(vdi), "4096"], TimeSpan.FromMinutes(1), Token);
        await using var sr = await AttachAsync();
        Assert.Contains("not followed", await ReasonAsync(sr, vdi), StringComparison.Ordinal);
        await FailsAsync(65, () => sr.ExportVdiAsync(vdi, DiskFormat.Raw, Token));
    }

    [Fact]
    public async Task In_a_clone_only_disks_of_its_source_are_built_upon_and_only_with_their_format()
    {
        await using var source = await AttachAsync();
        var disk = await NewDiskAsync(source, Content(4096, 3), DiskFormat.Raw);
        var clone = await source.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = NewLocation("test") }, Token);
        var directory = Temp.In("test", clone.Sr.Uuid.ToString());
        var (elsewhere, guessed, relative) = (NewVdi(), NewVdi(), NewVdi());
        await OverlayAsync(elsewhere, "/etc/passwd", "-F", "raw");
        await OverlayAsync(guessed, PathOf(disk.Uuid, DiskFormat.Raw), "-F", "qcow2");
        await OverlayAsync(relative, $"{SrPath}/../{SrId}/{disk.Uuid}.raw", "-F", "raw");

        Assert.Contains("not a disk in", await ReasonAsync(clone.Sr, elsewhere), StringComparison.Ordinal);
        Assert.Contains("not guessed", await ReasonAsync(clone.Sr, guessed), StringComparison.Ordinal);
        Assert.Contains("not a disk in", await ReasonAsync(clone.Sr, relative), StringComparison.Ordinal);
        Assert.Equal(Content(4096, 3), await ReadAsync(clone.Sr, disk.Uuid));
        await FailsAsync(
            "SR_OPERATION_NOT_SUPPORTED",
            () => clone.Sr.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = NewLocation("third") }, Token));

        // Without the source's place in the device config the same images must not be followed.
        await using var bare = await Driver.AttachAsync(clone.Sr.Uuid, NewLocation("test"), SrAccess.ReadOnly, Token);
        Assert.All(await bare.ScanAsync(Token), vdi => Assert.NotNull(vdi.Unreadable));

        Task OverlayAsync(VdiUuid vdi, string backing, params string[] options) =>
            new ChildProcess(TimeProvider.System, "qemu-img").RunAsync(
                ["create", "-q", "-u", "-f", "qcow2", "-b", backing, .. options, Path.Combine(directory, $"{vdi}.qcow2"), "4096"],
                TimeSpan.FromMinutes(1), Token);
    }

    [Fact]
    public async Task Two_files_of_one_UUID_make_it_unusable_and_neither_is_deleted()
    {
        await using var sr = await AttachAsync();
        var disk = await NewDiskAsync(sr, Content(4096, 4));
        await File.WriteAllBytesAsync(PathOf(disk.Uuid, DiskFormat.Raw), new byte[512], Token);
        Assert.Contains("there is also", await ReasonAsync(sr, disk.Uuid), StringComparison.Ordinal);
        await FailsAsync(65, () => sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadOnly, Token));
        await FailsAsync(65, () => sr.DestroyVdiAsync(disk.Uuid, Token));
        Assert.True(File.Exists(PathOf(disk.Uuid)));
    }

    [Fact]
    public async Task Foreign_files_are_passed_over_and_keep_the_SR_from_being_destroyed()
    {
        await File.WriteAllTextAsync(Path.Combine(SrPath, "README"), "mine", Token);
        await File.WriteAllTextAsync(Path.Combine(SrPath, $"{Guid.NewGuid().ToString("D").ToUpperInvariant()}.raw"), "mine", Token);
        await using var sr = await AttachAsync();
        Assert.Empty(await sr.ScanAsync(Token));
        await FailsAsync(39, () => Driver.DestroyAsync(SrId, Config, Token));
        Assert.True(File.Exists(Path.Combine(SrPath, "README")));
    }

    [Theory]
    [InlineData("../etc")]
    [InlineData("")]
    [InlineData("C0FFEE00-0000-4000-8000-000000000000")]
    [InlineData("{c0ffee00-0000-4000-8000-000000000000}")]
    [InlineData(" c0ffee00-0000-4000-8000-000000000000")]
    public void Only_the_canonical_spelling_is_a_UUID(string text)
    {
        Assert.Equal("UUID_INVALID", Assert.Throws<XenApiException>(() => SrUuid.Parse(text)).Code);
        Assert.False(VdiUuid.TryParse(text, out _));
    }

    [Fact]
    public async Task Ten_thousand_disks_are_scanned()
    {
        await using var sr = await AttachAsync();
        var disk = await NewDiskAsync(sr, Content(4096, 5));
        var image = await File.ReadAllBytesAsync(PathOf(disk.Uuid), Token);
        for (var i = 0; i < 9_999; i++)
            await File.WriteAllBytesAsync(PathOf(NewVdi()), image.AsMemory(0, 4096), Token);

        Assert.Equal(10_000, (await sr.ScanAsync(Token)).Count);
    }

    private Dictionary<string, string> NewLocation(string name) => new() { ["location"] = Temp.NewDirectory(name) };
}
