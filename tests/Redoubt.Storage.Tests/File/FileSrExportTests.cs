using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>A disk's bytes out of an image: read where they lie, and put together anew only where that can't be.</summary>
public sealed class FileSrExportTests : FileSrFixture
{
    [Fact]
    public async Task The_bytes_of_an_image_are_read_without_a_copy_of_it()
    {
        await using var sr = await AttachAsync();
        var content = Content(5 << 20, 1);
        var vdi = (await NewDiskAsync(sr, content)).Uuid;
        var image = PathOf(vdi);
        foreach (var command in new[] { "write -q -P 7 3M 70k", "write -q -z 1M 128k", "discard -q 4M 256k", "write -q -P 9 5242368 512" })
            Assert.True(await Programs.RunAsync("qemu-io", "-f", "qcow2", "-d", "unmap", "-c", command, image));
        var raw = Temp.In("raw");
        Assert.True(await Programs.RunAsync("qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, raw));
        await using var export = await sr.ExportVdiAsync(vdi, DiskFormat.Raw, Token);
        Assert.Empty(ScratchFiles());

        // It goes on to be read as it was.
        await sr.DestroyVdiAsync(vdi, Token);
        var read = new MemoryStream();
        await export.CopyToAsync(read, Token);
        Assert.Equal(await File.ReadAllBytesAsync(raw, Token), read.ToArray());
    }

    [Fact]
    public async Task A_compressed_image_is_put_together_anew()
    {
        await using var sr = await AttachAsync();
        var content = Content(2 << 20, 2);
        var (vdi, raw) = (NewVdi(), Temp.In("raw"));
        await File.WriteAllBytesAsync(raw, content, Token);
        Assert.True(await Programs.RunAsync("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw, PathOf(vdi)));
        Assert.Equal(content, await ReadAsync(sr, vdi));
        Assert.Empty(ScratchFiles());
    }

    private string[] ScratchFiles() => Directory.Exists(Temp.In("scratch")) ? Directory.GetFiles(Temp.In("scratch")) : [];
}
