using System.IO.Compression;
using Microsoft.Playwright;
using Redoubt.Cli.Tests.Inspecting;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>Volumes and dumps that are not attached, opened in the browser.</summary>
public sealed class InspectTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_compressed_volume_that_is_sent_shows_whose_it_is_and_what_is_in_it_down_to_the_disks()
    {
        using var lost = new LostPool();
        var page = await _site.SignInAsync("inspect");
        await SendAsync(page, Pack(lost.Volume()));

        await Expect(page.GetByText("Intact", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("It is a metadata volume, intact at generation 104.")).ToBeVisibleAsync();
        await Expect(page.GetByText("lost pool")).ToBeVisibleAsync();
        await Expect(page.GetByText("secrets in clear")).ToBeVisibleAsync();
        var tree = page.GetByRole(AriaRole.Group, new() { Name = "What is in it" });
        await tree.GetByRole(AriaRole.Button, new() { Name = "web" }).PressAsync("Enter");
        await Expect(tree.GetByText("system, 8 GiB, on SR replicated as somewhere, boots")).ToBeVisibleAsync();
        await tree.GetByRole(AriaRole.Button, new() { Name = "replicated" }).ClickAsync();
        await Expect(tree.GetByText("server=filer")).ToBeVisibleAsync();
        Assert.DoesNotContain(LostPool.Password, await page.ContentAsync());

        await page.GetByLabel("Find by name or UUID").FillAsync(LostPool.WebUuid);
        await Expect(tree.GetByRole(AriaRole.Button, new() { Name = "web" })).ToBeVisibleAsync();
        await Expect(tree.GetByText("loner")).ToHaveCountAsync(0);
        await page.GetByLabel("Find by name or UUID").FillAsync("nobody");
        await Expect(page.GetByText("Nothing in it has such a name or UUID.")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_is_sent_is_gone_when_the_page_is_left_or_the_session_ends()
    {
        using var lost = new LostPool();
        var page = await _site.SignInAsync("inspect");
        await SendAsync(page, lost.Dump());
        await Expect(page.GetByText("It is a whole database dump, of generation 100.")).ToBeVisibleAsync();
        Assert.Equal(1, Kept());
        await page.GetByRole(AriaRole.Link, new() { Name = "Sites" }).First.ClickAsync();
        await Expect(page.Heading("Sites")).ToBeVisibleAsync();
        Assert.Equal(0, Kept());

        await page.OpenAsync("inspect");
        await SendAsync(page, lost.Dump("again.xml"));
        Assert.Equal(1, Kept());
        var services = _site.Server.Daemon.Services;
        var session = services.State.All<SessionRecord>().Single(s => s.Record.Originator == "console").Ref;
        await services.Sessions.CloseAsync(session, TestContext.Current.CancellationToken);
        await Expect(page.Button("Sign in")).ToBeVisibleAsync();
        while (Kept() > 0)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Empty(Directory.GetFiles(Path.Combine(_site.Server.Daemon.Services.DataDirectory, "scratch"), "*-*"));
    }

    [Fact]
    public async Task What_is_garbled_cut_or_too_long_is_said_to_be_so()
    {
        using var lost = new LostPool();
        var volume = await ReadHeadAsync(lost.Volume());
        var page = await _site.SignInAsync("inspect");

        await SendAsync(page, lost, "cut.raw", volume.AsSpan(0, volume.AsSpan().IndexOf("second"u8) - 20));
        await Expect(page.GetByText("Cut: later changes are lost")).ToBeVisibleAsync();
        await Expect(page.GetByText("readable up to generation 102")).ToBeVisibleAsync();
        await Expect(page.GetByText("lost pool")).ToBeVisibleAsync();

        await SendAsync(page, lost, "short.raw", volume.AsSpan(0, 2000));
        await Expect(page.GetByText("Damaged beyond use")).ToBeVisibleAsync();

        await SendAsync(page, lost, "noise.bin", [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * i % 251))]);
        await Expect(page.GetByText("No pool database")).ToBeVisibleAsync();

        var noise = Pack(lost.Dump());
        var packed = await File.ReadAllBytesAsync(noise, TestContext.Current.CancellationToken);
        packed.AsSpan(packed.Length / 2, 40).Fill(0x55);
        await SendAsync(page, lost, "noise.xml.gz", packed);
        await Expect(page.GetByText("Damaged beyond use")).ToBeVisibleAsync();
        await Expect(page.GetByText("noise.xml.gz").First).ToBeVisibleAsync();

        var longer = Path.Combine(lost.Root, "long.raw");
        await using (var file = File.Create(longer))
        {
            file.SetLength((256L << 20) + 1);
        }

        await page.GetByLabel("A file of yours", new() { Exact = true }).SetInputFilesAsync(longer);
        await Expect(page.GetByRole(AriaRole.Alert))
            .ToContainTextAsync("long.raw has 256 MiB, and at most 256 MiB can be sent. Compress it with gzip");
        Assert.Equal(0, Kept());
    }

    [Fact]
    public async Task A_volume_of_the_machine_is_opened_by_its_path_and_its_earlier_states_can_be_chosen()
    {
        var sr = await _site.CreateSrAsync("replicated");
        await _site.CreateVmAsync("first", sr);
        await _site.CallAsync("SR.enable_database_replication", [sr]);
        await _site.CreateVmAsync("second", sr);
        await _site.CallAsync("pool.sync_database", []);
        var volume = (await _site.AllAsync<VdiRecord>()).Values.Single(v => v.Type == VdiType.Metadata).Uuid;
        var location = (await _site.AllAsync<PbdRecord>()).Values.Single(p => p.Sr == sr).DeviceConfig["location"];
        var path = Directory.EnumerateFiles(location, $"{volume}*", SearchOption.AllDirectories).Single();

        var page = await _site.SignInAsync("inspect");
        await page.GetByLabel("A file or block device").FillAsync(path);
        await page.Button("Open").ClickAsync();
        await Expect(page.GetByText("Intact", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("second", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText($"redoubt inspect {path}")).ToBeAttachedAsync();
        Assert.Contains(
            await _site.AuditAsync(),
            line => line.Contains("console/inspect", StringComparison.Ordinal) && line.Contains(path, StringComparison.Ordinal)
                && line.Contains("\"ok\"", StringComparison.Ordinal));

        var states = page.GetByLabel("State", new() { Exact = true });
        var earliest = await states.Locator("option").Last.GetAttributeAsync("value");
        Assert.False(string.IsNullOrEmpty(earliest));
        await states.SelectOptionAsync(earliest!);
        await Expect(page.GetByText("second", new() { Exact = true })).ToHaveCountAsync(0);
        await Expect(page.GetByText("first", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText($"--at {earliest}")).ToBeAttachedAsync();

        // The same in the page of an attached volume.
        await page.OpenAsync($"inspect/{volume}");
        await Expect(page.GetByText("second", new() { Exact = true })).ToBeVisibleAsync();
        await states.SelectOptionAsync(earliest!);
        await Expect(page.GetByText("second", new() { Exact = true })).ToHaveCountAsync(0);
        await Expect(page.GetByText($"It is the state of generation {earliest}, intact.")).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("pool-operator", false, true)]
    [InlineData("read-only", true, true)]
    public async Task Who_may_not_open_something_is_told_why(string role, bool noUpload, bool noPath)
    {
        await _site.CreateUserAsync("eve", role);
        var page = await _site.SignInAsync("inspect", "eve");
        await Expect(page.GetByLabel("A file of yours", new() { Exact = true })).ToHaveCountAsync(noUpload ? 0 : 1);
        await Expect(page.GetByText("This needs the role Pool Operator; you have Read Only.")).ToHaveCountAsync(noUpload ? 1 : 0);
        await Expect(page.GetByText("This needs the role Pool Admin;")).ToHaveCountAsync(noPath ? 1 : 0);

        // Past the button, too.
        await page.GetByLabel("A file or block device").FillAsync("/etc/hostname");
        await page.GetByLabel("A file or block device").PressAsync("Enter");
        await Expect(page.GetByText("hostname")).ToHaveCountAsync(0);
        var reference = _site.Server.Daemon.Services.State.All<SessionRecord>().First(s => s.Record.AuthUserName == "eve").Ref;
        var eve = _site.Server.Daemon.Services.Sessions.Get(reference, reference.Opaque);
        var refusal = await Assert.ThrowsAsync<XenApiException>(
            () => _site.Server.Console.Inspections.ReadFileAsync(
                "/etc/hostname", "", eve, System.Net.IPAddress.Loopback, TestContext.Current.CancellationToken));
        Assert.Equal("RBAC_PERMISSION_DENIED", refusal.Code);
        Assert.Contains(
            await _site.AuditAsync(),
            line => line.Contains("/etc/hostname", StringComparison.Ordinal)
                && line.Contains("RBAC_PERMISSION_DENIED", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("boston-two-vapps.xml", "vApp1")]
    [InlineData("metadata-vdi.raw.gz", "shop")]
    public async Task A_genuine_pool_of_xapi_is_shown(string name, string app)
    {
        var path = name.EndsWith(".xml", StringComparison.Ordinal) ? SharedFiles.OldDump(name) : SharedFiles.Genuine(name);
        var page = await _site.SignInAsync("inspect");
        await SendAsync(page, path);
        await Expect(page.GetByText("Intact", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "What is in it" }).GetByText(app, new() { Exact = true }))
            .ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_pool_of_ten_thousand_VMs_is_searched_and_not_cut()
    {
        var tx = new Transaction(DatabaseState.Empty, Guid.NewGuid);
        var host = tx.Create(new HostRecord { NameLabel = "north" });
        tx.Create(new PoolRecord { NameLabel = "large pool", Master = host });
        for (var i = 0; i < 10_000; i++)
        {
            tx.Create(new VmRecord { Uuid = Guid.NewGuid().ToString("D"), NameLabel = $"vm-{i:00000}" });
        }

        using var lost = new LostPool();
        var path = Path.Combine(lost.Root, "large.xml");
        await using (var file = File.Create(path))
        {
            DumpWriter.Write(StateDump.ToDump(tx.State).AtGeneration(100), file);
        }

        var page = await _site.SignInAsync("inspect");
        await SendAsync(page, Pack(path));
        await Expect(page.GetByText("10000 VMs")).ToBeVisibleAsync();
        var tree = page.GetByRole(AriaRole.Group, new() { Name = "What is in it" });
        Assert.True(await tree.Locator("li").CountAsync() < 200);
        await tree.EvaluateAsync("e => e.scrollTop = e.scrollHeight");
        await Expect(tree.GetByText("vm-09999", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByLabel("Find by name or UUID").FillAsync("vm-05000");
        await Expect(tree.GetByText("vm-05000", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(tree.GetByText("vm-09999", new() { Exact = true })).ToHaveCountAsync(0);
    }

    /// <summary>Sends a file, and waits for what is said of it.</summary>
    internal static async Task SendAsync(IPage page, string path)
    {
        await page.GetByLabel("A file of yours", new() { Exact = true }).SetInputFilesAsync(path);
        await page.GetByRole(AriaRole.Heading, new() { Name = Path.GetFileName(path), Exact = true })
            .WaitForAsync(new() { Timeout = 60_000 });
    }

    internal static string Pack(string path)
    {
        using var source = File.OpenRead(path);
        using var packed = new GZipStream(File.Create(path + ".gz"), CompressionLevel.Fastest);
        source.CopyTo(packed);
        return path + ".gz";
    }

    private static Task SendAsync(IPage page, LostPool lost, string name, ReadOnlySpan<byte> content)
    {
        var path = Path.Combine(lost.Root, name);
        File.WriteAllBytes(path, content);
        return SendAsync(page, path);
    }

    private static async Task<byte[]> ReadHeadAsync(string path)
    {
        await using var file = File.OpenRead(path);
        var head = new byte[4 << 20];
        await file.ReadExactlyAsync(head, TestContext.Current.CancellationToken);
        return head;
    }

    // What has no name any more can be seen only among what this process has open.
    private int Kept() => Directory.GetFiles("/proc/self/fd").Count(fd =>
    {
        try
        {
            return File.ResolveLinkTarget(fd, returnFinalTarget: false)?.FullName.StartsWith(
                Path.Combine(_site.Server.Daemon.Services.DataDirectory, "scratch", "inspect-"), StringComparison.Ordinal) == true;
        }
        catch (IOException)
        {
            return false;
        }
    });
}
