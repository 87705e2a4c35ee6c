using System.Security.Cryptography;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Vhd;

/// <summary>What XenServer's disks read as: by what was put into them, by libvhdi, and, where they stand alone, by QEMU.</summary>
public sealed class VhdReadingTests : IDisposable
{
    private readonly VhdSite _site = new();

    public void Dispose() => _site.Dispose();

    public static TheoryData<int, int> Chains => new(Enumerable.Range(1, Sampling.Share(160, 10)).Select(i => (i, 1 + (i % 5))));

    [Theory]
    [MemberData(nameof(Chains))]
    public async Task A_chain_reads_as_what_was_put_into_it(int seed, int depth)
    {
        var (top, content) = _site.WriteChain(seed, depth);
        await using var sr = await _site.AttachAsync();
        var state = (await sr.ScanAsync(Token)).Single(v => v.Uuid == top);
        Assert.Null(state.Unreadable);
        Assert.Equal((content.Length, depth > 1), (state.VirtualSizeBytes, state.Parent is not null));
        AssertSame(content, await ReadAsync(sr, top));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 4)]
    public async Task It_leaves_as_a_sound_qcow2_image(int seed, int depth)
    {
        var (top, content) = _site.WriteChain(seed, depth);
        await using var sr = await _site.AttachAsync();
        AssertSame(content, await ThroughQcow2Async(sr, top));
    }

    [Fact]
    public async Task An_image_of_several_tables_is_sound_and_takes_no_room_for_zeros()
    {
        // Three L2 tables, of which the middle one is left out, and data at the very end.
        var size = (3L * 512 << 20) - 512;
        var (first, last) = (Content(4096, 1), Content(1024, 2));
        var vdi = _site.Write(new VhdMaker { SizeBytes = size }.Put(1 << 20, first).Put(size - 1024, last));
        await using var sr = await _site.AttachAsync();
        var image = await SaveQcow2Async(sr, vdi);
        Assert.InRange(new FileInfo(image).Length, 0, 8 << 20);
        await Sample.Images.ConvertAsync(image, DiskFormat.Qcow2, _site.Outside("raw"), DiskFormat.Raw, size, Token);
        await using var raw = File.OpenRead(_site.Outside("raw"));
        Assert.Equal(size, raw.Length);
        var read = new byte[4096];
        raw.Position = 1 << 20;
        raw.ReadExactly(read);
        AssertSame(first, read);
        raw.Position = size - 1024;
        raw.ReadExactly(read.AsSpan(0, 1024));
        AssertSame(last, read[..1024]);
    }

    [Theory]
    [InlineData("dynamic")]
    [InlineData("fixed")]
    public async Task What_QEMU_has_made_reads_the_same(string subformat)
    {
        var content = Content(5 << 20, 3);
        var (raw, vdi) = (_site.Outside("raw"), NewVdi());
        await File.WriteAllBytesAsync(raw, content, Token);
        Assert.True(await Programs.RunAsync(
            "qemu-img", "convert", "-f", "raw", "-O", "vpc", "-o", $"subformat={subformat},force_size=on", raw, _site.PathOf(vdi)));
        await using var sr = await _site.AttachAsync();
        AssertSame(content, await ReadAsync(sr, vdi));
        AssertSame(content, await ThroughQcow2Async(sr, vdi));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task QEMU_reads_what_the_tests_make(uint kind)
    {
        // So that a chain made here is none that only our own reader would take.
        var content = Content(3 << 20, 4);
        var vdi = _site.Write(new VhdMaker { SizeBytes = content.Length, Kind = kind }.Put(0, content));
        Assert.True(await Programs.RunAsync(
            "qemu-img", "convert", "-f", "vpc", "-O", "raw", _site.PathOf(vdi), _site.Outside("raw")));
        AssertSame(content, await File.ReadAllBytesAsync(_site.Outside("raw"), Token));
        await using var sr = await _site.AttachAsync();
        AssertSame(content, await ReadAsync(sr, vdi));
    }

    [Theory]
    [InlineData(11, 1)]
    [InlineData(12, 2)]
    [InlineData(13, 3)]
    [InlineData(14, 4)]
    public async Task Libvhdi_reads_a_chain_the_same(int seed, int depth)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/vhdimount"), "libvhdi-utils is not installed");
        var (top, content) = _site.WriteChain(seed, depth, isPlain: true);
        var mount = Directory.CreateDirectory(_site.Outside("mount")).FullName;
        Assert.True(await Programs.RunAsync("vhdimount", _site.PathOf(top), mount));
        try
        {
            var read = await File.ReadAllBytesAsync(Path.Combine(mount, $"vhdi{depth}"), Token);
            AssertSame(content, read);
            await using var sr = await _site.AttachAsync();
            AssertSame(read, await ReadAsync(sr, top));
        }
        finally
        {
            await Programs.RunAsync("umount", mount);
        }
    }

    [Fact]
    public async Task A_snapshot_of_a_raw_disk_reads_both()
    {
        var content = Content(2 << 20, 5);
        var raw = NewVdi();
        await File.WriteAllBytesAsync(Path.Combine(_site.Folder, $"{raw}.raw"), content, Token);
        var child = new VhdMaker { SizeBytes = content.Length, Kind = 4, ParentName = $"./{raw}.raw" }.Put(512, Content(1024, 6));
        var vdi = _site.Write(child);
        Content(1024, 6).CopyTo(content, 512);
        await using var sr = await _site.AttachAsync();
        Assert.Equal(raw, (await sr.StatVdiAsync(vdi, Token)).Parent);
        AssertSame(content, await ReadAsync(sr, vdi));
    }

    [Fact]
    public async Task A_parent_without_a_name_is_found_by_its_id()
    {
        var parent = new VhdMaker { SizeBytes = 1 << 20 }.Put(0, Content(4096, 7));
        _site.Write(new VhdMaker { SizeBytes = 1 << 20 });
        var of = _site.Write(parent);
        var vdi = _site.Write(new VhdMaker { SizeBytes = 1 << 20, Kind = 4, ParentId = parent.Id });
        await using var sr = await _site.AttachAsync();
        Assert.Equal(of, (await sr.StatVdiAsync(vdi, Token)).Parent);
        AssertSame(Content(4096, 7), (await ReadAsync(sr, vdi))[..4096]);

        _site.Write(new VhdMaker { SizeBytes = 1 << 20, Id = parent.Id });
        Assert.Contains("both", await FailsAsync(65, () => sr.ExportVdiAsync(vdi, DiskFormat.Raw, Token)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_kept_for_others_only_is_told_apart()
    {
        var vdi = _site.Write(new VhdMaker { SizeBytes = 1 << 20, IsHidden = true });
        var leaf = _site.Write(new VhdMaker { SizeBytes = 1 << 20 });
        await using var sr = await _site.AttachAsync();
        Assert.True((await sr.StatVdiAsync(vdi, Token)).IsHidden);
        Assert.False((await sr.StatVdiAsync(leaf, Token)).IsHidden);
    }

    [Fact]
    public async Task It_is_only_read()
    {
        var (top, _) = _site.WriteChain(21, 3);
        var before = Directory.GetFiles(_site.Folder).Order().Select(f => (f, File.GetLastWriteTimeUtc(f), Hash(f))).ToList();
        var attaching = await FailsAsync(47, () => _site.Driver.AttachAsync(_site.SrId, _site.Config, SrAccess.ReadWrite, Token));
        Assert.Contains("XenServer", attaching, StringComparison.Ordinal);
        await using (var sr = await _site.AttachAsync())
        {
            Assert.Contains(
                "no VM runs", await FailsAsync(66, () => sr.AttachVdiAsync(top, SrAccess.ReadOnly, Token)), StringComparison.Ordinal);
            await FailsAsync("OPERATION_NOT_ALLOWED", () => sr.DestroyVdiAsync(top, Token));
            await ReadAsync(sr, top);
        }

        Assert.Equal(before, Directory.GetFiles(_site.Folder).Order().Select(f => (f, File.GetLastWriteTimeUtc(f), Hash(f))));
    }

    [Fact]
    public async Task A_clone_for_a_test_has_copies_of_the_disks_that_VMs_have()
    {
        var (top, content) = _site.WriteChain(22, 2);
        _site.Write(new VhdMaker { SizeBytes = 1 << 20, IsHidden = true });
        await using var sr = await _site.AttachAsync();
        using var elsewhere = new TempDirectory();
        var clone = await sr.CloneWritableAsync(
            new SrCloneConfig
            {
                Uuid = NewSr(),
                DeviceConfig = new Dictionary<string, string> { ["location"] = elsewhere.FullPath },
                VdiUuids = new Dictionary<VdiUuid, VdiUuid>(),
            },
            Token);
        await using var made = clone.Sr;
        Assert.False(clone.DependsOnSource);
        Assert.DoesNotContain(await made.ScanAsync(Token), v => v.Unreadable is not null);
        AssertSame(content, await ReadAsync(made, top));
    }

    private static string Hash(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));

    private static void AssertSame(byte[] expected, byte[] read)
    {
        Assert.Equal(expected.Length, read.Length);
        var same = expected.AsSpan().CommonPrefixLength(read);
        Assert.True(same == expected.Length, $"other from byte {same} on (sector {same / 512})");
    }

    private async Task<byte[]> ThroughQcow2Async(ISr sr, VdiUuid vdi)
    {
        var raw = _site.Outside("flat");
        await Sample.Images.ConvertAsync(await SaveQcow2Async(sr, vdi), DiskFormat.Qcow2, raw, DiskFormat.Raw, Mib, Token);
        return await File.ReadAllBytesAsync(raw, Token);
    }

    private async Task<string> SaveQcow2Async(ISr sr, VdiUuid vdi)
    {
        var image = _site.Outside("qcow2");
        await using (var content = await sr.ExportVdiAsync(vdi, DiskFormat.Qcow2, Token))
        await using (var file = File.Create(image))
            await content.CopyToAsync(file, Token);
        var (code, said) = await Programs.ReadAsync("qemu-img", "check", "-f", "qcow2", image);
        Assert.True(code == 0 && said.Contains("No errors", StringComparison.Ordinal), said);
        return image;
    }
}
