using System.Buffers.Binary;
using System.Text;
using Redoubt.XenApi;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Vhd;

/// <summary>VHDs that somebody has had their hands in: each is refused with its reason, and nothing outside of the SR is read.</summary>
public sealed class VhdHostileTests : IDisposable
{
    private const int Size = 4 << 20;
    private const int Table = 1536;

    private readonly VhdSite _site = new();

    public void Dispose() => _site.Dispose();

    public static TheoryData<string, Action<byte[]>> Spoilt => new()
    {
        { "no VHD footer", b => { b[0] ^= 1; b[^512] ^= 1; } },
        { "no VHD footer", b => { b[200] ^= 1; b[^300] ^= 1; } },
        { "version 2", b => Footers(b, f => Put32(f, 12, 0x20000)) },
        { "kind that is not known", b => Footers(b, f => Put32(f, 60, 5)) },
        { "before XenServer 5.0", b => Footers(b, f => Put32(f, 32, 1)) },
        { "at most 2 TiB", b => Footers(b, f => Put64(f, 48, ulong.MaxValue)) },
        { "at most 2 TiB", b => Footers(b, f => Put64(f, 48, 0)) },
        { "at most 2 TiB", b => Footers(b, f => Put64(f, 48, 513)) },
        { "header lies beyond", b => Footers(b, f => Put64(f, 16, ulong.MaxValue)) },
        { "header lies beyond", b => Footers(b, f => Put64(f, 16, (ulong)b.Length - 512)) },
        { "cut short", b => Footers(b, f => { Put32(f, 60, 2); Put64(f, 48, 1UL << 40); }) },
        { "no VHD header", b => b[512] ^= 1 },
        { "no VHD header", b => b[700] ^= 1 },
        { "entries", b => Footers(b, f => Put64(f, 48, 1UL << 40)) },
        { "entries", b => Header(b, h => Put32(h, 28, 1)) },
        { "blocks have 0 bytes", b => Header(b, h => Put32(h, 32, 0)) },
        { "blocks have 1 bytes", b => Header(b, h => Put32(h, 32, 1)) },
        { "blocks have 3145728 bytes", b => Header(b, h => Put32(h, 32, 3 << 20)) },
        { "blocks have 2147483648 bytes", b => Header(b, h => Put32(h, 32, 1u << 31)) },
        { "block table lies beyond", b => Header(b, h => Put64(h, 16, ulong.MaxValue)) },
        { "block table lies beyond", b => Header(b, h => Put64(h, 16, (ulong)b.Length)) },
        { "not lie within", b => Put32(b, Table, uint.MaxValue - 1) },
        { "not lie within", b => Put32(b, Table, (uint)b.Length / 512) },
        { "not lie within", b => Put32(b, Table, 0) },
        { "where the table itself lies", b => Put32(b, Table, 1) },
        { "the same bytes", b => b.AsSpan(Table, 4).CopyTo(b.AsSpan(Table + 4)) },
        { "the same bytes", b => Put32(b, Table, BinaryPrimitives.ReadUInt32BigEndian(b.AsSpan(Table + 4)) + 1) },
    };

    [Theory]
    [MemberData(nameof(Spoilt))]
    public async Task A_spoilt_one_is_refused_with_its_reason(string reason, Action<byte[]> spoil)
    {
        var vdi = _site.Write(new VhdMaker { SizeBytes = Size }.Put(0, Content(8192, 1)).Put(2 << 20, Content(8192, 2)));
        var bytes = await File.ReadAllBytesAsync(_site.PathOf(vdi), Token);
        spoil(bytes);
        await File.WriteAllBytesAsync(_site.PathOf(vdi), bytes, Token);
        await RefusedAsync(vdi, reason);
    }

    [Theory]
    [InlineData("../outside.vhd", "outside of the SR")]
    [InlineData("/etc/passwd", "outside of the SR")]
    [InlineData("..\\..\\etc\\passwd", "outside of the SR")]
    [InlineData("./../../../etc/shadow", "outside of the SR")]
    [InlineData("./sub/parent.vhd", "outside of the SR")]
    [InlineData("..", "not in its directory")]
    [InlineData("./parent.vhd", "not in its directory")]
    [InlineData("./0a4e8f3c-0000-4000-8000-0000000077b1.vhd", "which is not there")]
    [InlineData("./0a4e8f3c-0000-4000-8000-0000000077b1.raw", "not of the format")]
    [InlineData("./0a4e8f3c-0000-4000-8000-0000000077b1.qcow2", "not of the format")]
    public async Task A_parent_that_is_none_of_the_SRs_disks_is_refused(string name, string reason)
    {
        var parent = new VhdMaker { SizeBytes = Size }.Put(0, Content(512, 3));
        parent.Write(_site.Outside("outside.vhd"));
        parent.Write(Path.Combine(Directory.CreateDirectory(Path.Combine(_site.Folder, "sub")).FullName, "parent.vhd"));
        await RefusedAsync(_site.Write(parent.Child(name)), reason);
    }

    [Fact]
    public async Task Two_names_for_one_parent_are_refused()
    {
        var parent = new VhdMaker { SizeBytes = Size };
        var (one, other) = (_site.Write(parent), _site.Write(parent));
        var vdi = _site.Write(parent.Child($"./{one}.vhd"));
        var bytes = await File.ReadAllBytesAsync(_site.PathOf(vdi), Token);
        var name = Encoding.Unicode.GetBytes($".\\{other}.vhd");
        Header(bytes, h =>
        {
            Put32(h, 600, 0x57327275);
            Put32(h, 608, (uint)name.Length);
            Put64(h, 616, 2200);
        });
        name.CopyTo(bytes, 2200);
        await File.WriteAllBytesAsync(_site.PathOf(vdi), bytes, Token);
        await RefusedAsync(vdi, "names two parents");
    }

    [Fact]
    public async Task A_locator_that_lies_nowhere_is_refused()
    {
        var parent = new VhdMaker { SizeBytes = Size };
        var vdi = _site.Write(parent.Child($"./{_site.Write(parent)}.vhd"));
        var bytes = await File.ReadAllBytesAsync(_site.PathOf(vdi), Token);
        Header(bytes, h => Put64(h, 592, ulong.MaxValue - 3));
        await File.WriteAllBytesAsync(_site.PathOf(vdi), bytes, Token);
        await RefusedAsync(vdi, "locator");
    }

    [Fact]
    public async Task A_parent_with_another_id_is_refused()
    {
        var parent = new VhdMaker { SizeBytes = Size };
        var other = _site.Write(new VhdMaker { SizeBytes = Size });
        await RefusedAsync(_site.Write(parent.Child($"./{other}.vhd")), "another disk");
    }

    [Fact]
    public async Task A_parent_that_is_a_link_is_not_followed()
    {
        var parent = new VhdMaker { SizeBytes = Size };
        parent.Write(_site.Outside("outside.vhd"));
        var link = NewVdi();
        File.CreateSymbolicLink(_site.PathOf(link), _site.Outside("outside.vhd"));
        await RefusedAsync(_site.Write(parent.Child($"./{link}.vhd")), "symbolic link");
        await RefusedAsync(link, "symbolic link");
    }

    [Fact]
    public async Task A_parent_that_is_a_pipe_holds_nobody_up()
    {
        var parent = new VhdMaker { SizeBytes = Size };
        var pipe = NewVdi();
        Assert.True(await Programs.RunAsync("mkfifo", _site.PathOf(pipe)));
        await RefusedAsync(_site.Write(parent.Child($"./{pipe}.vhd")), "not a regular file");
    }

    [Fact]
    public async Task Parents_in_a_circle_are_refused()
    {
        var (one, other) = (NewVdi(), NewVdi());
        var first = new VhdMaker { SizeBytes = Size, Kind = 4, ParentId = Guid.NewGuid(), ParentName = $"./{other}.vhd" };
        first.Write(_site.PathOf(one));
        new VhdMaker { SizeBytes = Size, Kind = 4, Id = first.ParentId, ParentId = first.Id, ParentName = $"./{one}.vhd" }
            .Write(_site.PathOf(other));
        await RefusedAsync(one, "leads back");
        var self = new VhdMaker { SizeBytes = Size };
        var vdi = NewVdi();
        new VhdMaker { SizeBytes = Size, Kind = 4, Id = self.Id, ParentId = self.Id, ParentName = $"./{vdi}.vhd" }.Write(_site.PathOf(vdi));
        await RefusedAsync(vdi, "leads back");
    }

    [Fact]
    public async Task A_chain_without_end_is_refused()
    {
        var vhd = new VhdMaker { SizeBytes = 1 << 20 };
        var vdi = _site.Write(vhd);
        for (var i = 0; i < 64; i++)
        {
            vhd = vhd.Child($"./{vdi}.vhd");
            vdi = _site.Write(vhd);
        }

        await RefusedAsync(vdi, "more than 64");
    }

    [Fact]
    public async Task What_is_wrong_with_a_parent_is_said_of_its_child()
    {
        var parent = new VhdMaker { SizeBytes = Size }.Put(0, Content(512, 1));
        var below = _site.Write(parent);
        var bytes = await File.ReadAllBytesAsync(_site.PathOf(below), Token);
        Put32(bytes, Table, uint.MaxValue - 1);
        await File.WriteAllBytesAsync(_site.PathOf(below), bytes, Token);
        await RefusedAsync(_site.Write(parent.Child($"./{below}.vhd")), $"{below}");
    }

    [Fact]
    public async Task A_file_that_shrinks_while_it_is_read_is_said_so()
    {
        var vdi = _site.Write(new VhdMaker { SizeBytes = Size }.Put(0, Content(Size, 1)));
        await using var sr = await _site.AttachAsync();
        await using var content = await sr.ExportVdiAsync(vdi, DiskFormat.Raw, Token);
        using (var file = File.OpenWrite(_site.PathOf(vdi)))
            file.SetLength(1 << 20);
        var failure = await Assert.ThrowsAsync<IOException>(() => content.CopyToAsync(Stream.Null, Token));
        Assert.Contains("shorter", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_of_two_tebibytes_that_is_all_zeros_is_listed_and_looked_at_in_no_time()
    {
        var vdi = _site.Write(new VhdMaker { SizeBytes = 2L << 40 });
        await using var sr = await _site.AttachAsync();
        Assert.Equal(2L << 40, (await sr.StatVdiAsync(vdi, Token)).VirtualSizeBytes);
        await using var image = await sr.ExportVdiAsync(vdi, DiskFormat.Qcow2, Token);
        var bytes = new MemoryStream();
        await image.CopyToAsync(bytes, Token);
        Assert.InRange(bytes.Length, 1, 1 << 20);
    }

    [Fact]
    public async Task Whatever_is_changed_of_a_chain_it_reads_or_is_refused()
    {
        var random = new Random(Sampling.Seed);
        var parent = new VhdMaker { SizeBytes = 1 << 20, BlockBytes = 512 << 10 }.Put(0, Content(1024, 1));
        var below = _site.Write(parent);
        var top = _site.Write(parent.Child($"./{below}.vhd").Put(512, Content(1024, 2)));
        var good = new[] { below, top }.ToDictionary(v => v, v => File.ReadAllBytes(_site.PathOf(v)));
        await using var sr = await _site.AttachAsync();
        var (read, refused) = (0, 0);
        for (var i = 0; i < Sampling.Share(6000, 10); i++)
        {
            var which = random.Next(2) == 0 ? below : top;
            await File.WriteAllBytesAsync(_site.PathOf(which), Changed(good[which], random), Token);
            try
            {
                var listed = (await sr.ScanAsync(Token)).Single(v => v.Uuid == top);
                await using var content = await sr.ExportVdiAsync(top, DiskFormat.Qcow2, Token);
                await content.CopyToAsync(Stream.Null, Token);
                Assert.Null(listed.Unreadable);
                read++;
            }
            catch (XenApiException e)
            {
                Assert.Equal("SR_BACKEND_FAILURE_65", e.Code);
                refused++;
            }

            await File.WriteAllBytesAsync(_site.PathOf(which), good[which], Token);
        }

        Assert.True(read > 20 && refused > 20, $"{read} read, {refused} refused");
    }

    // What a checksum would give away at once is sealed again every other time, so that what it says is looked at.
    private static byte[] Changed(byte[] good, Random random)
    {
        var bytes = good.ToArray();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(random.Next(3) == 0 ? bytes.Length : 2560);
            var value = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => (byte)0xff, _ => (byte)0 };
            bytes.AsSpan(at, Math.Min(random.Next(1, 9), bytes.Length - at)).Fill(value);
        }

        if (random.Next(2) == 0)
        {
            VhdMaker.Seal(bytes.AsSpan(0, 512), 64);
            VhdMaker.Seal(bytes.AsSpan(512, 1024), 36);
            bytes.AsSpan(0, 512).CopyTo(bytes.AsSpan(bytes.Length - 512));
        }

        return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    private async Task RefusedAsync(VdiUuid vdi, string reason)
    {
        await using var sr = await _site.AttachAsync();
        Assert.Single(await sr.ScanAsync(Token), v => v.Uuid == vdi);
        foreach (var format in new[] { DiskFormat.Raw, DiskFormat.Qcow2 })
        {
            Assert.Contains(
                reason, await FailsAsync(65, () => sr.ExportVdiAsync(vdi, format, Token)), StringComparison.Ordinal);
        }
    }

    private static void Footers(byte[] bytes, Action<byte[]> change)
    {
        var footer = bytes[..512];
        change(footer);
        VhdMaker.Seal(footer, 64);
        footer.CopyTo(bytes, 0);
        footer.CopyTo(bytes, bytes.Length - 512);
    }

    private static void Header(byte[] bytes, Action<byte[]> change)
    {
        var header = bytes[512..1536];
        change(header);
        VhdMaker.Seal(header, 36);
        header.CopyTo(bytes, 512);
    }

    private static void Put32(byte[] bytes, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), value);

    private static void Put64(byte[] bytes, int at, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(at), value);
}
