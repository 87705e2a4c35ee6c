using System.IO.Compression;
using System.Net;
using System.Text;
using Redoubt.Cli.Tests.Inspecting;
using Redoubt.Inspection;
using Redoubt.Pool;

namespace Redoubt.Console.Tests;

/// <summary>Files that are no files, and files that want more than there is.</summary>
public sealed class HostileFileTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Only_regular_files_and_block_devices_are_opened_wherever_a_link_leads()
    {
        using var lost = new LostPool();
        var dump = lost.Dump();
        var link = Path.Combine(lost.Root, "link");
        File.CreateSymbolicLink(link, dump);
        Assert.Equal(InspectVerdict.Intact, (await ReadAsync(link)).Verdict);
        foreach (var (name, target, why) in new[]
        {
            ("process", "/proc/self/environ", "the kernel makes it up"),
            ("kernel", "/sys/kernel/notes", "the kernel makes it up"),
            ("zero", "/dev/zero", "neither a regular file nor a block device"),
            ("here", lost.Root, "It is a directory"),
            ("own", Path.Combine(_site.Server.Daemon.Services.DataDirectory, "audit.log"), "daemon's own directory"),
            ("gone", Path.Combine(lost.Root, "nothing"), "No such file"),
        })
        {
            var by = Path.Combine(lost.Root, name);
            File.CreateSymbolicLink(by, target);
            foreach (var path in new[] { target, by })
            {
                var report = await ReadAsync(path);
                Assert.Equal(InspectVerdict.Unreadable, report.Verdict);
                Assert.Contains(why, report.Explanation);
            }
        }

        Assert.Contains("a whole one", (await ReadAsync("pool.xml")).Explanation);
    }

    [Fact]
    public async Task The_beginning_of_a_file_that_is_no_database_is_not_shown()
    {
        using var lost = new LostPool();
        foreach (var content in new[] { "root:hidden-hash:1::::", "<hidden>hash</hidden>" })
        {
            var path = Path.Combine(lost.Root, "secret");
            await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
            var report = await ReadAsync(path);
            Assert.Null(report.Content);
            Assert.DoesNotContain("hidden", report.Explanation + string.Concat(report.Damage.Select(d => d.Explanation)));
        }
    }

    [Fact]
    public async Task What_unpacks_to_more_than_a_pool_can_be_is_given_up()
    {
        using var lost = new LostPool();
        var path = Path.Combine(lost.Root, "bomb.gz");
        await PackAsync(
            path, "<database><manifest><pair key=\"schema_major_vsn\" value=\"5\"/>", [.. Enumerable.Repeat((byte)' ', 1 << 20)], 600);
        var report = await ReadSentAsync(path);
        Assert.Equal((InspectVerdict.Unusable, "dump"), (report.Verdict, report.Kind));
        Assert.True(report.Damage[0].Offset <= 512L << 20, report.Explanation);

        var rows = string.Concat(Enumerable.Range(0, 10_000).Select(_ => "<row ref=\"x\"/>"));
        await PackAsync(
            path,
            "<database><manifest><pair key=\"schema_major_vsn\" value=\"5\"/><pair key=\"schema_minor_vsn\" value=\"775\"/><pair "
                + "key=\"generation_count\" value=\"1\"/></manifest><table name=\"VM\">",
            Encoding.ASCII.GetBytes(rows),
            51);
        Assert.Contains("more than 500000 rows", (await ReadSentAsync(path)).Explanation);
    }

    [Fact]
    public void A_packed_volume_may_be_as_long_as_a_volume_and_no_longer()
    {
        using var lost = new LostPool();
        Assert.Contains("unpacks to more than 4 MiB", Unpack([.. new byte[5 << 20]]).Message);
        Assert.Contains("holds more than 2 MiB that are not zero", Unpack([.. Enumerable.Repeat((byte)1, 3 << 20)]).Message);

        InvalidDataException Unpack(byte[] content)
        {
            using var into = File.Create(Path.Combine(lost.Root, "unpacked"));
            return Assert.Throws<InvalidDataException>(
                () => PackedVolume.Unpack(new MemoryStream(content), into, mostBytes: 4 << 20, mostContentBytes: 2 << 20));
        }
    }

    [Fact]
    public async Task Who_sends_more_than_they_said_is_cut_off()
    {
        await using var endless = new Endless();
        await Assert.ThrowsAsync<IOException>(
            () => _site.Server.Console.Inspections.ReceiveAsync(
                "endless", endless, Root(), _ => { }, TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(Path.Combine(_site.Server.Daemon.Services.DataDirectory, "scratch"), "*-*"));
    }

    private static async Task PackAsync(string path, string head, byte[] block, int times)
    {
        await using var packed = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        await packed.WriteAsync(Encoding.ASCII.GetBytes(head), TestContext.Current.CancellationToken);
        for (var i = 0; i < times; i++)
        {
            await packed.WriteAsync(block, TestContext.Current.CancellationToken);
        }
    }

    private Task<DatabaseReport> ReadAsync(string path) =>
        _site.Server.Console.Inspections.ReadFileAsync(path, "", Root(), IPAddress.Loopback, TestContext.Current.CancellationToken);

    private async Task<DatabaseReport> ReadSentAsync(string path)
    {
        await using var content = File.OpenRead(path);
        using var sent = await _site.Server.Console.Inspections.ReceiveAsync(
            "sent", content, Root(), _ => { }, TestContext.Current.CancellationToken);
        return await _site.Server.Console.Inspections.ReadUploadAsync(sent, "", Root(), TestContext.Current.CancellationToken);
    }

    private SessionState Root() => _site.Server.Daemon.Services.Sessions.Get(_site.Api.Session, _site.Api.Session.Opaque);

    private sealed class Endless : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(buffer.Length);
    }
}
