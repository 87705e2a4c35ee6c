using Redoubt.Storage.FileDriver;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>A scan that follows another reads only what may have changed, and misses nothing that has.</summary>
public sealed class FileSrScanTests : FileSrFixture
{
    [Theory]
    [InlineData(3)]
    [InlineData(200)]
    public async Task A_scan_finds_what_has_changed_since_the_last(int disks)
    {
        await using var sr = await AttachAsync();
        var files = Enumerable.Range(0, disks).Select(_ => Path.Combine(SrPath, $"{NewVdi()}.raw")).Order(StringComparer.Ordinal).ToList();
        files.ForEach(f => File.WriteAllBytes(f, Content(8192, 1)));
        for (var i = 0; i < 3; i++)
        {
            var found = await sr.ScanAsync(Token);
            Assert.Equal(files, found.Select(f => Path.Combine(SrPath, $"{f.Uuid}.raw")));
            Assert.All(found, f => Assert.Equal((VdiType.User, 8192L), (f.Type, f.VirtualSizeBytes)));
        }

        // Written in place, to the same length; grown; removed; exchanged for another of the same length; and made unusable.
        await using (var file = new FileStream(files[0], FileMode.Open, FileAccess.Write))
            await file.WriteAsync(RedoLogMagic.EmptyLog.ToArray(), Token);
        await using (var file = new FileStream(files[1], FileMode.Open, FileAccess.Write))
            file.SetLength(16384);
        File.Delete(files[2]);
        Assert.Equal([(VdiType.Metadata, 8192L), (VdiType.User, 16384L)], (await sr.ScanAsync(Token)).Take(2).Select(
            f => (f.Type, f.VirtualSizeBytes)));
        Assert.Equal(disks - 1, (await sr.ScanAsync(Token)).Count);
        var other = Path.Combine(SrPath, "other");
        File.WriteAllBytes(other, Content(8192, 2));
        File.Move(other, files[0], overwrite: true);
        Assert.Equal(VdiType.User, (await sr.ScanAsync(Token))[0].Type);
        File.WriteAllBytes(files[0], []);
        Assert.NotNull((await sr.ScanAsync(Token))[0].Unreadable);
        File.WriteAllBytes(files[0], Content(4096, 3));
        Assert.Null((await sr.ScanAsync(Token))[0].Unreadable);

        // What is taken of a disk is what it takes now.
        await using (var file = new FileStream(files[1], FileMode.Open, FileAccess.Write))
        {
            file.SetLength(1 << 20);
            await sr.ScanAsync(Token);
            await sr.ScanAsync(Token);
            file.Write(Content(1 << 20, 4));
            file.Flush(flushToDisk: true);
        }

        Assert.InRange((await sr.ScanAsync(Token))[1].PhysicalUtilisationBytes, 1 << 20, 2 << 20);
    }

    [Fact]
    public void What_was_the_same_twice_is_not_read_a_third_time()
    {
        var file = new VdiFile(SrPath, NewVdi(), DiskFormat.Raw);
        File.WriteAllBytes(file.FullPath, Content(8192, 1));
        var reader = new VdiFileReader(null);
        var first = reader.TryRead(file, null)!;
        var second = reader.TryRead(file, Forged(first))!;
        Assert.Equal(8192, second.State.VirtualSizeBytes);
        second = reader.TryRead(file, first)!;
        Assert.Equal(1, reader.TryRead(file, Forged(second))!.State.VirtualSizeBytes);

        File.SetLastWriteTimeUtc(file.FullPath, DateTime.UnixEpoch);
        Assert.Equal(8192, reader.TryRead(file, Forged(second))!.State.VirtualSizeBytes);

        // What only a file that was not read can still be.
        static SeenVdi Forged(SeenVdi seen) => seen with { State = seen.State with { VirtualSizeBytes = 1 } };
    }
}
