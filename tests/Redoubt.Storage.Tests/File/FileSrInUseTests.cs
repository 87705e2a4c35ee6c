using System.Diagnostics;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>A disk that another QEMU has open, as a running VM would.</summary>
public sealed class FileSrInUseTests : FileSrFixture
{
    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task A_disk_in_use_is_neither_changed_nor_copied(DiskFormat format)
    {
        await using var sr = await AttachAsync();
        var disk = await NewDiskAsync(sr, Content(8192, 1), format);
        using (var qemu = Open((await sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token)).Source))
        {
            // qemu-io prints its prompt once it has the image open and locked.
            var prompt = new char[7];
            await qemu.StandardOutput.ReadBlockAsync(prompt, Token);
            await FailsAsync(24, () => sr.DestroyVdiAsync(disk.Uuid, Token));
            await FailsAsync(24, () => sr.ResizeVdiAsync(disk.Uuid, Mib, Token));
            await FailsAsync(24, () => sr.CloneVdiAsync(disk.Uuid, NewVdi(), Token));
            await FailsAsync(24, () => sr.SnapshotVdiAsync(disk.Uuid, NewVdi(), Token));
            await FailsAsync(24, () => WriteAsync(sr, disk.Uuid, Content(8192, 2)));
            await FailsAsync(24, () => sr.ExportVdiAsync(disk.Uuid, DiskFormat.Raw, Token));
            Assert.Null(Assert.Single(await sr.ScanAsync(Token)).Unreadable);

            qemu.StandardInput.Close();
            await qemu.WaitForExitAsync(Token);
        }

        Assert.Equal(Content(8192, 1), await ReadAsync(sr, disk.Uuid));
        await sr.DestroyVdiAsync(disk.Uuid, Token);
        Assert.Empty(Directory.EnumerateFileSystemEntries(SrPath));
    }

    [Fact]
    public async Task A_disk_in_use_can_still_be_cloned_writable_for_a_test()
    {
        await using var sr = await AttachAsync();
        var disk = await NewDiskAsync(sr, Content(8192, 3));
        var config = new Dictionary<string, string> { ["location"] = Temp.NewDirectory("test") };
        using var qemu = Open((await sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token)).Source);
        var prompt = new char[7];
        await qemu.StandardOutput.ReadBlockAsync(prompt, Token);
        var clone = await sr.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = config }, Token);
        Assert.Empty(clone.Skipped);
        qemu.StandardInput.Close();
        await qemu.WaitForExitAsync(Token);
        Assert.Equal(Content(8192, 3), await ReadAsync(clone.Sr, disk.Uuid));
    }

    private static Process Open(DiskSource disk) => Process.Start(
        new ProcessStartInfo("qemu-io", ["-f", disk.Format == DiskFormat.Raw ? "raw" : "qcow2", disk.Place])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
}
