using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary><c>/export</c> and <c>/import</c>: VMs with their disks over HTTP, as real files on a real SR.</summary>
public sealed class VmTransferTests(TestPool pool) : IClassFixture<TestPool>
{
    private const int Mib = 1 << 20;
    private const int Size = (5 * Mib) + 512;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("false")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task VMs_go_out_with_their_disks_and_come_back_as_new_ones_and_as_the_same(string compression)
    {
        var sr = await pool.CreateSrAsync();
        var (one, two) = (await CreateAsync(sr, "one", 1), await CreateAsync(sr, "two", 2));
        await using var api = await ClientAsync();
        using var archive = new MemoryStream();
        await api.ExportVmsAsync([one.Uuid, two.Uuid], compression, archive, cancellationToken: Cancel);
        Assert.InRange(archive.Length, 1, 9 * Mib); // Of twelve: what is zeros is left out.

        archive.Position = 0;
        var (copies, _) = await api.ImportVmsAsync(archive, await SrUuidAsync(sr), restore: false, force: false, cancellationToken: Cancel);
        Assert.Equal(2, copies.Count);
        foreach (var copy in copies)
        {
            var record = await api.CallAsync<VmRecord>("VM.get_record", [copy], Cancel);
            var like = record.NameLabel == "one" ? one : two;
            Assert.NotEqual(like.Uuid, record.Uuid);
            var disk = (await pool.CallAsync("VBD.get_VDI", Assert.Single(record.Vbds).Opaque)).GetString()!;
            Assert.NotEqual(like.Vdi, disk);
            Assert.Equal(like.Content, await ContentAsync(disk));
        }

        await pool.CallAsync("VM.destroy", one.Vm);
        await pool.CallAsync("VM.destroy", two.Vm);
        archive.Position = 0;
        var (same, _) = await api.ImportVmsAsync(archive, await SrUuidAsync(sr), restore: true, force: false, cancellationToken: Cancel);
        var back = new List<string>();
        foreach (var vm in same)
        {
            back.Add((await api.CallAsync<VmRecord>("VM.get_record", [vm], Cancel)).Uuid);
        }

        Assert.Equal(new[] { one.Uuid, two.Uuid }.Order(), back.Order());
        Assert.DoesNotContain("disks-being-made", (await pool.CallAsync("SR.get_other_config", sr)).ToString(), StringComparison.Ordinal);
        await DestroyAsync([.. copies.Select(c => c.Opaque), .. same.Select(c => c.Opaque)]);
    }

    [Fact]
    public async Task A_file_as_XenServer_writes_it_is_read_whatever_its_checksums_and_whatever_keeps_its_connection_alive()
    {
        var sr = await pool.CreateSrAsync();
        var (vm, uuid, _, _) = await CreateAsync(sr, "genuine", 3);
        var (text, disk) = await TextAsync(uuid);
        var (first, third, last) = (Bytes(4, Mib), Bytes(5, Mib), Bytes(6, 512));
        using var file = new MemoryStream();
        await using (var tar = new TarWriter(file, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await AddAsync(tar, "ova.xml", text);
            await AddAsync(tar, $"{disk}/00000000", first);
            await AddAsync(tar, $"{disk}/00000000.checksum", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Sha1(first))));

            // Nothing was to be sent for a while: a chunk without content, which counts and has no place.
            await AddAsync(tar, $"{disk}/00000001", []);
            await AddAsync(tar, $"{disk}/00000001.xxhash", "EF46DB3751D8E999"u8.ToArray());
            await AddAsync(tar, $"{disk}/00000003", third);
            await AddAsync(tar, $"{disk}/00000003.checksum", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Sha1(third))));
            await AddAsync(tar, $"{disk}/00000006", last);
            await AddAsync(tar, $"{disk}/00000006.checksum", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Sha1(last))));
            await AddAsync(tar, "checksum.xml", "<value/>"u8.ToArray());
        }

        file.Position = 0;
        await using var api = await ClientAsync();
        var (made, _) = await api.ImportVmsAsync(file, await SrUuidAsync(sr), restore: false, force: false, cancellationToken: Cancel);
        var record = await api.CallAsync<VmRecord>("VM.get_record", [Assert.Single(made)], Cancel);
        var content = await ContentAsync((await pool.CallAsync("VBD.get_VDI", Assert.Single(record.Vbds).Opaque)).GetString()!);
        Assert.Equal([.. first, .. new byte[Mib], .. third, .. new byte[2 * Mib], .. last], content);
        await DestroyAsync([vm, made[0].Opaque]);
    }

    [Fact]
    public async Task What_is_cut_or_forged_is_refused_in_words_and_leaves_nothing()
    {
        var sr = await pool.CreateSrAsync();
        var (vm, uuid, _, _) = await CreateAsync(sr, "whole", 7);
        await using var api = await ClientAsync();
        using var archive = new MemoryStream();
        await api.ExportVmsAsync([uuid], "false", archive, cancellationToken: Cancel);
        var whole = archive.ToArray();
        var (text, disk) = await TextAsync(uuid);
        var before = await CountAsync();
        var chunk = Bytes(8, Mib);
        async Task RefusedAsync(string code, byte[] file)
        {
            var refused = await Assert.ThrowsAsync<XenApiException>(
                async () => await api.ImportVmsAsync(
                    new MemoryStream(file), await SrUuidAsync(sr), restore: false, force: false, cancellationToken: Cancel));
            Assert.Equal(code, refused.Code);
            Assert.Equal(before, await CountAsync());
            var noted = (await pool.CallAsync("SR.get_other_config", sr)).ToString();
            Assert.DoesNotContain("disks-being-made", noted, StringComparison.Ordinal);
        }

        var frame = await ZstdAsync(whole);
        await RefusedAsync("IMPORT_ERROR", frame[..(frame.Length / 2)]);
        await RefusedAsync("IMPORT_ERROR", [.. frame[..1000], .. new byte[1000], .. frame[2000..]]);
        foreach (var cut in new[] { 0, 100, whole.Length / 2, whole.Length - 1536, whole.Length - 1025 })
        {
            await RefusedAsync("IMPORT_ERROR_PREMATURE_EOF", whole[..cut]);
        }

        var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(whole, Cancel);
        }

        await RefusedAsync("IMPORT_ERROR_PREMATURE_EOF", packed.ToArray()[..(int)(packed.Length / 2)]);
        var changed = (byte[])whole.Clone();
        changed[whole.Length - 8192] ^= 1;
        await RefusedAsync("IMPORT_ERROR_SOME_CHECKSUMS_FAILED", changed);
        await RefusedAsync("IMPORT_ERROR", Encoding.ASCII.GetBytes(new string('x', 4096)));
        await RefusedAsync("IMPORT_ERROR_UNEXPECTED_FILE", await FileAsync(text, ("Ref:999/00000000", chunk)));
        await RefusedAsync("IMPORT_ERROR_UNEXPECTED_FILE", await FileAsync(text, ("../../etc/passwd", chunk)));
        await RefusedAsync("IMPORT_ERROR", await FileAsync(text, ($"{disk}/00000009", chunk)));
        await RefusedAsync("IMPORT_ERROR", await FileAsync(text, ($"{disk}/00000001", chunk), ($"{disk}/00000001", chunk)));
        await RefusedAsync("IMPORT_ERROR", await FileAsync(text, ($"{disk}/99999999", chunk)));
        await RefusedAsync("IMPORT_ERROR_PREMATURE_EOF", await FileAsync(text, ($"{disk}/00000000", chunk)));
        await RefusedAsync("IMPORT_ERROR_PREMATURE_EOF", await FileAsync(text));

        // Who wants it all the same gets what there is.
        var (made, _) = await api.ImportVmsAsync(
            new MemoryStream(changed), await SrUuidAsync(sr), restore: false, force: true, cancellationToken: Cancel);
        await DestroyAsync([vm, Assert.Single(made).Opaque]);
    }

    [Fact]
    public async Task A_VM_that_runs_an_SR_that_is_none_and_a_word_that_is_none_are_refused()
    {
        var sr = await pool.CreateSrAsync();
        var (vm, uuid, _, _) = await CreateAsync(sr, "runs", 9);
        await pool.CallAsync("VM.start", vm, false, false);
        foreach (var compression in new[] { "false", "gzip", "zstd" })
        {
            Assert.Equal(HttpStatusCode.Conflict, await StatusAsync($"/export?uuid={uuid}&use_compression={compression}"));
        }

        await pool.CallAsync("VM.hard_shutdown", vm);
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync($"/export?uuid={uuid}&use_compression=rar"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync($"/export?uuid={Guid.NewGuid()}"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync($"/export?uuid={uuid}"));
        using var nowhere = await pool.Http.PutAsync(
            new Uri(pool.Url, $"/import?session_id={pool.Session}&sr_uuid={Guid.NewGuid()}"), new ByteArrayContent([]), Cancel);
        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
        await DestroyAsync([vm]);
    }

    private async Task<byte[]> ZstdAsync(byte[] plain)
    {
        var path = Path.Combine(pool.NewDirectory(), "file");
        await File.WriteAllBytesAsync(path, plain, Cancel);
        Assert.True(await Programs.RunAsync("zstd", "-q", path));
        return await File.ReadAllBytesAsync(path + ".zst", Cancel);
    }

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await pool.Http.GetAsync(new Uri(pool.Url, $"{path}&session_id={pool.Session}"), Cancel);
        return answer.StatusCode;
    }

    private async Task<(int Vms, int Vdis)> CountAsync() =>
        ((await pool.CallAsync("VM.get_all")).GetArrayLength(), (await pool.CallAsync("VDI.get_all")).GetArrayLength());

    private async Task DestroyAsync(IEnumerable<string> vms)
    {
        foreach (var vm in vms.ToList())
        {
            if (!(await pool.CallAsync("VM.get_all")).EnumerateArray().Any(v => v.GetString() == vm))
            {
                continue;
            }

            foreach (var vbd in (await pool.CallAsync("VM.get_VBDs", vm)).EnumerateArray().Select(v => v.GetString()).ToList())
            {
                var vdi = (await pool.CallAsync("VBD.get_VDI", vbd)).GetString();
                await pool.CallAsync("VDI.destroy", vdi);
            }

            await pool.CallAsync("VM.destroy", vm);
        }
    }

    private async Task<(string Vm, string Uuid, string Vdi, byte[] Content)> CreateAsync(string sr, string name, int seed)
    {
        await using var api = await ClientAsync();
        var vdi = (await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = name, Sr = new(sr), VirtualSize = Size }], Cancel)).Opaque;
        byte[] content = [.. new byte[Mib], .. Bytes(seed, Mib), .. new byte[3 * Mib], .. Bytes(seed + 1, 512)];
        using var sent = await pool.Http.PutAsync(
            new Uri(pool.Url, $"/import_raw_vdi?vdi={vdi}&session_id={pool.Session}"), new ByteArrayContent(content), Cancel);
        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        var vm = await api.CallAsync<Ref<VmRecord>>(
            "VM.create",
            [new VmRecord { NameLabel = name, VcpusMax = 1, VcpusAtStartup = 1, MemoryStaticMax = 64 << 20, MemoryDynamicMax = 64 << 20 }],
            Cancel);
        await api.CallAsync<Ref<VbdRecord>>(
            "VBD.create", [new VbdRecord { Vm = vm, Vdi = new(vdi), Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk }], Cancel);
        return (vm.Opaque, (await pool.CallAsync("VM.get_uuid", vm.Opaque)).GetString()!, vdi, content);
    }

    // What the file of a VM begins with, and what it calls the disk.
    private async Task<(byte[] Text, string Disk)> TextAsync(string uuid)
    {
        await using var api = await ClientAsync();
        using var archive = new MemoryStream();
        await api.ExportVmsAsync([uuid], "false", archive, cancellationToken: Cancel);
        archive.Position = 0;
        await using var tar = new TarReader(archive);
        var text = new MemoryStream();
        await (await tar.GetNextEntryAsync(cancellationToken: Cancel))!.DataStream!.CopyToAsync(text, Cancel);
        return (text.ToArray(), (await tar.GetNextEntryAsync(cancellationToken: Cancel))!.Name.Split('/')[0]);
    }

    private static async Task<byte[]> FileAsync(byte[] text, params (string Name, byte[] Content)[] chunks)
    {
        using var file = new MemoryStream();
        await using (var tar = new TarWriter(file, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await AddAsync(tar, "ova.xml", text);
            foreach (var (name, content) in chunks)
            {
                await AddAsync(tar, name, content);
                await AddAsync(tar, name + ".checksum", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Sha1(content))));
            }
        }

        return file.ToArray();
    }

    private static Task AddAsync(TarWriter tar, string name, byte[] content) =>
        tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) }, Cancel);

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "The form has it.")]
    private static byte[] Sha1(byte[] content) => SHA1.HashData(content);

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private async Task<string> SrUuidAsync(string sr) => (await pool.CallAsync("SR.get_uuid", sr)).GetString()!;

    private async Task<byte[]> ContentAsync(string vdi) => await pool.Http.GetByteArrayAsync(
        new Uri(pool.Url, string.Create(CultureInfo.InvariantCulture, $"/export_raw_vdi?vdi={vdi}&session_id={pool.Session}")), Cancel);

    private async Task<XenApiClient> ClientAsync()
    {
        var api = new XenApiClient(pool.Url);
        await api.LoginAsync("root", TestPool.Password, Cancel);
        return api;
    }
}
