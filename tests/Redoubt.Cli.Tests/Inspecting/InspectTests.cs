using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Redoubt.Inspection;

namespace Redoubt.Cli.Tests.Inspecting;

public sealed class InspectTests
{
    [Fact]
    public async Task An_intact_volume_is_told_in_full_and_not_a_byte_of_it_changes()
    {
        using var lost = new LostPool();
        var path = lost.Volume();
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        var (hash, written) = (Hash(path), File.GetLastWriteTimeUtc(path));

        var run = await CliRun.RunAsync(["inspect", path]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal((hash, written), (Hash(path), File.GetLastWriteTimeUtc(path)));
        Assert.Equal([path], Directory.GetFileSystemEntries(lost.Root));
        Assert.Contains("INTACT.  It is a metadata volume, intact at generation 104.", run.Output);
        Assert.Contains("lost pool", run.Output);
        Assert.Contains("written by Redoubt", run.Output);
        Assert.True(
            run.Output.IndexOf("order 1    db", StringComparison.Ordinal) < run.Output.IndexOf(
                "order 2    web, then wait 30 s", StringComparison.Ordinal));
        Assert.Contains("Halted, 2 vCPUs, 512 MiB, version 4, order 2", run.Output);
        Assert.Contains("Disk 0   system, 8 GiB, on SR replicated (" + LostPool.SrUuid + ") as somewhere, boots", run.Output);
        Assert.Contains("NIC  0   02:00:00:00:00:01 on front", run.Output);
        Assert.Contains("1 snapshot: before the update", run.Output);
        Assert.Contains("Loose VMs (1)", run.Output);
        Assert.Contains("Running on north", run.Output);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task No_secret_is_shown(string form)
    {
        using var lost = new LostPool();
        var run = await CliRun.RunAsync(form == "json" ? ["inspect", lost.Dump(), "--json"] : ["inspect", lost.Dump()]);
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain(LostPool.Password, run.Output);
        Assert.Contains("filer", run.Output);
        Assert.Contains(DeviceConfigMask.Masked, run.Output);
        Assert.Contains("secrets in clear", run.Output);
    }

    [Fact]
    public async Task A_volume_that_was_cut_is_readable_and_says_so()
    {
        using var lost = new LostPool();
        var path = lost.Volume();
        var at = IndexOf(path, "second"u8);
        using (var file = new FileStream(path, FileMode.Open))
        {
            file.Position = at - 40;
            file.Write("XXXXXXXX"u8);
        }

        var run = await CliRun.RunAsync(["inspect", path]);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("CUT.  It is a metadata volume, readable up to generation 102", run.Output);
        Assert.Contains("damage at byte", run.Output);

        var json = Json(await CliRun.RunAsync(["inspect", path, "--json"]));
        var database = json.GetProperty("databases")[0];
        Assert.Equal(("cut", 102), (database.GetProperty("verdict").GetString(), database.GetProperty("generation").GetInt64()));
        Assert.NotEmpty(database.GetProperty("damage")[0].GetProperty("explanation").GetString()!);
    }

    [Fact]
    public async Task What_holds_no_database_says_what_it_is()
    {
        using var lost = new LostPool();
        var (plain, empty, cut, dump) = (Path.Combine(lost.Root, "plain"), Path.Combine(lost.Root, "empty"), Path.Combine(lost.Root, "cut.xml"), lost.Dump());
        await File.WriteAllTextAsync(plain, "Dear diary", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(empty, "redo-log--------\0" + "0", TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(
            cut, (await File.ReadAllBytesAsync(dump, TestContext.Current.CancellationToken))[..^100],
            TestContext.Current.CancellationToken);
        foreach (var (path, verdict) in new[] { (plain, "NOT A DATABASE."), (empty, "EMPTY."), (cut, "UNUSABLE.") })
        {
            var run = await CliRun.RunAsync(["inspect", path]);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(verdict, run.Output);
        }

        Assert.Equal(1, (await CliRun.RunAsync(["inspect", Path.Combine(lost.Root, "nothing")])).ExitCode);
        Assert.Equal(1, (await CliRun.RunAsync(["inspect"])).ExitCode);
        Assert.Equal(1, (await CliRun.RunAsync(["inspect", dump, "--frobnicate"])).ExitCode);
    }

    [Fact]
    public async Task A_compressed_dump_reads_as_the_plain_one()
    {
        using var lost = new LostPool();
        var packed = Path.Combine(lost.Root, "pool.xml.gz");
        await using (var file = new GZipStream(File.Create(packed), CompressionLevel.Fastest))
        {
            file.Write(await File.ReadAllBytesAsync(lost.Dump(), TestContext.Current.CancellationToken));
        }

        var run = Json(await CliRun.RunAsync(["inspect", packed, "--json"]));
        Assert.Equal(
            ("dump", "intact"), (run.GetProperty("kind").GetString(), run.GetProperty("databases")[0].GetProperty("verdict").GetString()));
        Assert.Equal(3, run.GetProperty("databases")[0].GetProperty("content").GetProperty("vms").GetArrayLength());
    }

    [Fact]
    public async Task A_location_lists_its_SRs_and_their_volumes()
    {
        using var lost = new LostPool();
        lost.Volume("location", LostPool.SrUuid);
        Directory.CreateDirectory(Path.Combine(lost.Root, "location", "dddddddd-0000-4000-8000-00000000000e"));
        var location = Path.Combine(lost.Root, "location");

        var run = await CliRun.RunAsync(["inspect", location]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"SR {LostPool.SrUuid}  replicated", run.Output);
        Assert.Contains("no metadata volume", run.Output);
        Assert.Contains("1 vApp, 3 VMs: db, loner, web", run.Output);

        var one = Json(await CliRun.RunAsync(["inspect", Path.Combine(location, LostPool.SrUuid), "--json"]));
        Assert.Equal(LostPool.SrUuid, Assert.Single(one.GetProperty("srs").EnumerateArray()).GetProperty("uuid").GetString());
        Assert.Equal(LostPool.VolumeUuid, one.GetProperty("databases")[0].GetProperty("vdi_uuid").GetString());
        Assert.Equal(2, (await CliRun.RunAsync(["inspect", Directory.CreateDirectory(Path.Combine(lost.Root, "bare")).FullName])).ExitCode);
    }

    [Theory]
    [InlineData("web")]
    [InlineData(LostPool.WebUuid)]
    public async Task One_VM_can_be_asked_for(string named)
    {
        using var lost = new LostPool();
        var run = await CliRun.RunAsync(["inspect", lost.Dump(), "--vm", named]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Disk 0   system", run.Output);
        Assert.DoesNotContain("loner", run.Output);
        var none = await CliRun.RunAsync(["inspect", lost.Dump("again.xml"), "--vm=nobody"]);
        Assert.Equal((1, "No VM there has the name or UUID 'nobody'.\n"), (none.ExitCode, none.Error));
    }

    [Fact]
    public async Task A_name_can_not_play_with_the_terminal()
    {
        using var lost = new LostPool(v => v with { NameLabel = "we\u009b2Jb\u202e\nINTACT." });
        var path = lost.Dump();
        var run = await CliRun.RunAsync(["inspect", path]);
        Assert.DoesNotContain(run.Output, c => c != '\n' && (char.IsControl(c) || c == '\u202e'));
        Assert.DoesNotContain("\nINTACT.\n", run.Output);
        Assert.DoesNotContain((await CliRun.RunAsync(["inspect", path, "--json"])).Output, c => c != '\n' && char.IsControl(c));
    }

    private static JsonElement Json(CliRun run) => JsonDocument.Parse(run.Output).RootElement;

    private static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexString(SHA256.HashData(file));
    }

    private static long IndexOf(string path, ReadOnlySpan<byte> wanted)
    {
        using var file = File.OpenRead(path);
        var head = new byte[4 << 20];
        return head.AsSpan(0, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)).IndexOf(wanted);
    }
}
