using Redoubt.Storage.FileDriver;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>What a process that died, or storage that failed, leaves behind.</summary>
public sealed class FileSrCrashTests : FileSrFixture
{
    private string LeaveBehind(string name)
    {
        var left = Directory.CreateDirectory(Path.Combine(SrPath, WorkArea.Prefix + name)).FullName;
        File.WriteAllBytes(Path.Combine(left, "image"), Content(4096, 1));
        return left;
    }

    [Fact]
    public async Task What_a_dead_operation_left_is_ignored_by_looking_and_swept_by_the_next_read_write_attach()
    {
        var left = LeaveBehind("dead");
        await using (var looking = await AttachAsync(SrAccess.ReadOnly))
            Assert.Empty(await looking.ScanAsync(Token));
        await Driver.ProbeAsync(Config, Token);
        Assert.True(Directory.Exists(left));

        await using var sr = await AttachAsync();
        Assert.False(Directory.Exists(left));
    }

    [Fact]
    public async Task What_a_living_operation_works_on_is_not_swept()
    {
        using var work = WorkArea.CreateIn(SrPath);
        await using var sr = await AttachAsync();
        Assert.True(Directory.Exists(work.Root));
    }

    [Fact]
    public async Task An_attach_during_an_import_does_not_disturb_it()
    {
        await using var sr = await AttachAsync();
        var disk = await sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 4 * Mib }, Token);
        using var content = new FailingStream(Content(1 << 20, 2), () => WorkArea.Sweep(SrPath));
        await sr.ImportVdiAsync(disk.Uuid, content, DiskFormat.Raw, Token);
        Assert.Equal(Content(1 << 20, 2), (await ReadAsync(sr, disk.Uuid))[..(1 << 20)]);
    }

    [Fact]
    public async Task A_link_that_is_called_like_a_work_area_is_not_swept_through()
    {
        var outside = Temp.NewDirectory("outside");
        await File.WriteAllTextAsync(Path.Combine(outside, "precious"), "x", Token);
        Directory.CreateSymbolicLink(Path.Combine(SrPath, WorkArea.Prefix + "link"), outside);
        await using var sr = await AttachAsync();
        Assert.True(File.Exists(Path.Combine(outside, "precious")));
    }

    [Fact]
    public async Task A_crash_between_naming_a_disk_and_cleaning_up_leaves_the_whole_disk()
    {
        // The state after the link and before the removal of the work area: one file under two names.
        await using (var before = await AttachAsync())
        {
            var disk = await NewDiskAsync(before, Content(4096, 3));
            var left = LeaveBehind("named");
            File.Delete(Path.Combine(left, "image"));
            Assert.True(Posix.TryLink(PathOf(disk.Uuid), Path.Combine(left, "image")));
        }

        await using var sr = await AttachAsync();
        Assert.Equal(Content(4096, 3), await ReadAsync(sr, Assert.Single(await sr.ScanAsync(Token)).Uuid));
        Assert.Single(Directory.EnumerateFileSystemEntries(SrPath));
    }

    [Fact]
    public async Task Looking_leaves_every_byte_and_timestamp_as_it_was()
    {
        await using (var sr = await AttachAsync())
        {
            await NewDiskAsync(sr, Content(4096, 4));
            await sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib, Type = VdiType.Metadata }, Token);
        }

        LeaveBehind("dead");
        var before = Picture();
        await Driver.ProbeAsync(Config, Token);
        await using (var looking = await AttachAsync(SrAccess.ReadOnly))
        {
            await looking.StatAsync(Token);
            foreach (var vdi in await looking.ScanAsync(Token))
            {
                await ReadAsync(looking, vdi.Uuid);
                await (await looking.ExportVdiAsync(vdi.Uuid, DiskFormat.Qcow2, Token)).DisposeAsync();
                await looking.AttachVdiAsync(vdi.Uuid, SrAccess.ReadOnly, Token);
            }

            var config = new Dictionary<string, string> { ["location"] = Temp.NewDirectory("test") };
            var clone = await looking.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = config }, Token);
            await WriteAsync(clone.Sr, Assert.Single(await clone.Sr.ScanAsync(Token)).Uuid, Content(4096, 5));
        }

        Assert.Equal(before, Picture());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Temp.In("scratch")));

        List<string> Picture() =>
        [
            .. Directory.EnumerateFileSystemEntries(Location, "*", SearchOption.AllDirectories).Append(Location)
                .Order(StringComparer.Ordinal).Select(path =>
                $"{path} {File.GetLastWriteTimeUtc(path):O} {(File.Exists(path) ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))) : "")}"),
        ];
    }

    [Fact]
    public async Task Storage_that_vanishes_under_an_attached_SR_is_named()
    {
        await using var sr = await AttachAsync();
        var disk = await NewDiskAsync(sr, Content(4096, 6));
        Directory.Move(SrPath, Temp.In("moved"));
        Assert.Contains(SrPath, await FailsAsync(47, () => sr.ScanAsync(Token)), StringComparison.Ordinal);
        await FailsAsync(47, () => sr.StatAsync(Token));
        await FailsAsync(47, () => sr.ExportVdiAsync(disk.Uuid, DiskFormat.Raw, Token));
        await FailsAsync(47, () => sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib }, Token));
        await FailsAsync(47, () => sr.DestroyVdiAsync(disk.Uuid, Token));
        Assert.False(Directory.Exists(SrPath));
    }

    [Fact]
    public async Task Unusable_locations_are_told_apart()
    {
        var file = Temp.In("file");
        await File.WriteAllTextAsync(file, "", Token);
        Assert.Contains("absolute", await FailsAsync(1, () => Driver.ProbeAsync(At("relative/path"), Token)), StringComparison.Ordinal);
        Assert.Contains(
            "does not exist", await FailsAsync(47, () => Driver.CreateAsync(SrId, At("/absent"), Token)), StringComparison.Ordinal);
        Assert.Contains("is a file", await FailsAsync(47, () => Driver.ProbeAsync(At(file), Token)), StringComparison.Ordinal);

        static Dictionary<string, string> At(string location) => new() { ["location"] = location };
    }
}
