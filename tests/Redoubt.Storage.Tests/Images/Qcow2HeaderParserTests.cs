using FsCheck;
using FsCheck.Fluent;
using Redoubt.Storage.Images;
using static Redoubt.Storage.Tests.Images.Qcow2Image;

namespace Redoubt.Storage.Tests.Images;

public sealed class Qcow2HeaderParserTests
{
    private static Qcow2ParseResult Parse(byte[] header) => Qcow2HeaderParser.Parse(header, FileBytes);

    [Fact]
    public void A_sound_header_is_read()
    {
        var result = Parse(Header());
        Assert.True(result.IsSound, result.Problem);
        Assert.Equal(
            (3, 1L << 20, null, null),
            (result.Header.Version, result.Header.VirtualSizeBytes, result.Header.BackingFile, result.Header.BackingFormat));
    }

    [Fact]
    public void Backing_file_and_its_format_are_read()
    {
        var result = Parse(Header(h =>
        {
            PutBacking(h, "/some/där/file"u8);
            Put32(h, 104, 0xe2792aca);
            Put32(h, 108, 3);
            "raw"u8.CopyTo(h.AsSpan(112));
        }));
        Assert.True(result.IsSound, result.Problem);
        Assert.Equal(("/some/där/file", "raw"), (result.Header.BackingFile, result.Header.BackingFormat));
    }

    public static TheoryData<string, Action<byte[]>> Spoilt => new()
    {
        { "magic", h => h[0] = 0 },
        { "version", h => Put32(h, 4, 1) },
        { "cluster size", h => Put32(h, 20, 63) },
        { "cluster size", h => Put32(h, 20, 8) },
        { "beyond 64 TiB", h => Put64(h, 24, ulong.MaxValue) },
        { "header length", h => Put32(h, 100, uint.MaxValue) },
        { "header length", h => Put32(h, 100, 0) },
        { "not known", h => Put64(h, 72, 1UL << 63) },
        { "corrupt", h => Put64(h, 72, 2) },
        { "L1 table", h => Put32(h, 36, uint.MaxValue) },
        { "L1 table", h => Put64(h, 40, 7) },
        { "cut short", h => Put64(h, 40, 1UL << 62) },
        { "refcount table", h => Put64(h, 48, 0) },
        { "extension", h => { Put32(h, 104, 1); Put32(h, 108, uint.MaxValue); } },
        { "backing", h => PutBacking(h, ""u8) },
        { "backing", h => PutBacking(h, "a\0b"u8) },
        { "backing", h => PutBacking(h, [0xff, 0xfe]) },
        { "backing", h => { Put64(h, 8, ulong.MaxValue); Put32(h, 16, 4); } },
        { "backing", h => { Put64(h, 8, 4090); Put32(h, 16, 100); } },
        { "backing", h => { Put64(h, 8, 200); Put32(h, 16, uint.MaxValue); } },
    };

    [Theory]
    [MemberData(nameof(Spoilt))]
    public void A_spoilt_header_is_refused_with_its_reason(string reason, Action<byte[]> spoil)
    {
        var result = Parse(Header(spoil));
        Assert.False(result.IsSound);
        Assert.Contains(reason, result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void External_data_is_seen_by_its_feature_bit_and_by_its_extension()
    {
        Assert.True(Parse(Header(h => Put64(h, 72, 4))).Header!.HasExternalDataFile);
        Assert.True(Parse(Header(h => { Put32(h, 104, 0x44415441); Put32(h, 108, 1); })).Header!.HasExternalDataFile);
    }

    [Fact]
    public void Random_bytes_never_make_it_throw()
        =>
            Prop.ForAll<byte[], long>((bytes, length) => IsOneOrTheOther(Qcow2HeaderParser.Parse(bytes, length)))
                .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void Every_prefix_of_a_sound_header_gives_an_answer()
    {
        var header = Header(h => PutBacking(h, "/x"u8));
        for (var length = 0; length <= header.Length; length++)
            Assert.True(IsOneOrTheOther(Qcow2HeaderParser.Parse(header.AsSpan(0, length), FileBytes)));
    }

    [Fact]
    public void Any_bytes_written_over_a_sound_header_never_make_it_throw()
    {
        // The mutations fall where they hurt: random bytes alone would nearly always stop at the magic.
        var gen = Gen.ListOf(Gen.Choose(4, 700).SelectMany(at => Gen.Choose(0, 255).Select(value => (At: at, Value: (byte)value))));
        Prop.ForAll(gen.ToArbitrary(), changes => IsOneOrTheOther(Parse(Header(h =>
        {
            PutBacking(h, "/x"u8);
            foreach (var (at, value) in changes)
                h[at] = value;
        })))).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
    }

    [Fact]
    public void Extreme_values_in_any_field_never_make_it_throw()
    {
        uint[] extremes = [0, 1, 0x7fffffff, 0x80000000, uint.MaxValue, 4095, 4096, 65536];
        for (var at = 4; at < 128; at += 4)
        {
            foreach (var first in extremes)
            {
                foreach (var second in extremes)
                    Assert.True(IsOneOrTheOther(Parse(Header(h => { Put32(h, at, first); Put32(h, at + 4, second); }))));
            }
        }
    }

    [Fact]
    public async Task It_agrees_with_qemu_img_about_images_that_qemu_img_made()
    {
        using var temp = new TempDirectory();
        string[][] variants = [["compat=0.10"], ["compat=1.1"], ["cluster_size=512"], ["cluster_size=2M"], ["extended_l2=on"], ["compression_type=zstd"], ["lazy_refcounts=on"], ["preallocation=metadata"]];
        foreach (var (variant, number) in variants.Select((v, i) => (v[0], i)))
        {
            var path = temp.In($"{number}");
            await new ChildProcess(TimeProvider.System, "qemu-img").RunAsync(
                ["create", "-q", "-f", "qcow2", "-o", variant, path, "12345856"], TimeSpan.FromMinutes(1), Sample.Token);
            var bytes = await File.ReadAllBytesAsync(path, Sample.Token);
            var result = Qcow2HeaderParser.Parse(bytes.AsSpan(0, Math.Min(bytes.Length, Qcow2HeaderParser.PrefixBytes)), bytes.Length);
            Assert.True(result.IsSound, $"{variant}: {result.Problem}");
            Assert.Equal(
                (await Sample.Images.InfoAsync(path, DiskFormat.Qcow2, Sample.Token)).VirtualSizeBytes, result.Header.VirtualSizeBytes);
        }
    }

    private static bool IsOneOrTheOther(Qcow2ParseResult result) => result.Header is null != (result.Problem is null);
}
