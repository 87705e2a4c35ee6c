using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Server.Tests.Recovering;

public sealed class SiteTests
{
    [Fact]
    public async Task A_site_is_known_after_a_restart_and_its_password_lies_nowhere_in_clear()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (here, other) = (scene.Target, scene.Source);
        var added = RecoveryJson.Read<Site>(
            (await here.CallAsync("recovery.add_site", "north", other.Url.ToString(), "root", TestPool.Password)).GetString()!);
        Assert.Equal((await PoolUuidAsync(other), "root"), (added.PoolUuid, added.AddedBy));
        await here.Server.DisposeAsync();
        await here.StartAsync();
        Assert.True(Assert.Single(await TestAsync(here)).IsReachable);
        foreach (var file in Directory.EnumerateFiles(here.DataDirectory, "*", SearchOption.TopDirectoryOnly)
            .Where(f => Path.GetFileName(f) is not "lock"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream);
            Assert.DoesNotContain(
                TestPool.Password, await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(here.DataDirectory, "sites.json")));
        Assert.Equal(
            ["DR_SITE_EXISTS", "north"],
            await here.FailureAsync("recovery.add_site", "north", other.Url.ToString(), "root", TestPool.Password));
        await here.CallAsync("recovery.remove_site", "north");
        Assert.Equal(["DR_SITE_UNKNOWN", "north"], await here.FailureAsync("recovery.remove_site", "north"));
    }

    [Fact]
    public async Task What_is_no_other_pool_does_not_become_a_site()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (here, other) = (scene.Target, scene.Source);
        Assert.Contains(
            "this is this pool itself",
            (await here.FailureAsync("recovery.add_site", "me", here.Url.ToString(), "root", TestPool.Password))[2],
            StringComparison.Ordinal);
        var wrong = await here.FailureAsync("recovery.add_site", "north", other.Url.ToString(), "root", "not the password");
        Assert.Equal(["DR_SITE_UNREACHABLE", "north"], wrong[..2]);
        Assert.DoesNotContain("not the password", string.Concat(wrong), StringComparison.Ordinal);
        Assert.Equal("INVALID_VALUE", (await here.FailureAsync("recovery.add_site", "far", "http://192.0.2.1/", "root", "x"))[0]);
        Assert.Equal("INVALID_VALUE", (await here.FailureAsync("recovery.add_site", "../up", other.Url.ToString(), "root", "x"))[0]);
        Assert.Empty(await TestAsync(here));
    }

    [Fact]
    public async Task A_site_whose_password_no_longer_opens_keeps_the_daemon_from_starting_and_is_named()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var here = scene.Target;
        await here.CallAsync("recovery.add_site", "north", scene.Source.Url.ToString(), "root", TestPool.Password);
        await here.Server.DisposeAsync();
        var file = Path.Combine(here.DataDirectory, "sites.key");
        var key = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(file, new byte[32], TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAnyAsync<Exception>(here.StartAsync);
        Assert.Contains("the password of site north does not open with the key in sites.key", refused.Message, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(file, key, TestContext.Current.CancellationToken);
        await here.StartAsync();
        Assert.True(Assert.Single(await TestAsync(here)).IsReachable);
    }

    [Fact]
    public async Task A_site_that_runs_the_vms_keeps_a_failover_from_starting()
    {
        await using var scene = await RecoveryScene.StartAsync();
        await scene.Target.CallAsync("recovery.add_site", "north", scene.Source.Url.ToString(), "root", TestPool.Password);
        var planned = await scene.PlanAsync(scene.Failover());
        Assert.Equal("north", planned.Request.Source);
        Assert.Equal("north", planned.Request.Sources[await PoolUuidAsync(scene.Source)]);
        Assert.Contains(planned.Plan.Findings, f => f.Code == "source-alive");
        await scene.Source.Server.DisposeAsync();
        var dead = await scene.PlanAsync(scene.Failover());
        Assert.DoesNotContain(dead.Plan.Findings, f => f.Code == "source-alive");
        Assert.False(dead.Plan.IsBlocked, dead.Plan.ToText());
        Assert.False(Assert.Single(await TestAsync(scene.Target)).IsReachable);
        await scene.Source.StartAsync();
    }

    [Fact]
    public async Task A_certificate_that_has_changed_is_refused()
    {
        var root = Directory.CreateTempSubdirectory("redoubt-pin-").FullName;
        await using var here = new TestPool();
        await here.InitializeAsync();
        var config = new ServeConfig
        {
            DataDirectory = root,
            ListenUrls = ["https://127.0.0.1:0"],
            RootPasswordFile = here.PasswordFile,
            HypervisorUri = "test:///default",
        };
        string url;
        await using (var first = await PoolServer.StartAsync(config, TimeProvider.System, TestContext.Current.CancellationToken))
        {
            url = first.Urls[0];
            var site = RecoveryJson.Read<Site>(
                (await here.CallAsync("recovery.add_site", "north", url, "root", TestPool.Password)).GetString()!);
            Assert.Equal(64, site.Certificate!.Length);
            Assert.True(Assert.Single(await TestAsync(here)).IsReachable);
        }

        Directory.Delete(Path.Combine(root, "tls"), recursive: true);
        await using (await PoolServer.StartAsync(config with { ListenUrls = [url] }, TimeProvider.System, TestContext.Current.CancellationToken))
        {
            var after = Assert.Single(await TestAsync(here));
            Assert.False(after.IsReachable);
            Assert.Contains("certificate", after.Failure!, StringComparison.Ordinal);
        }

        Directory.Delete(root, recursive: true);
    }

    private static async Task<List<SiteTest>> TestAsync(TestPool pool) =>
        RecoveryJson.Read<List<SiteTest>>((await pool.CallAsync("recovery.get_sites", true)).GetString()!);

    private static async Task<string> PoolUuidAsync(TestPool pool) =>
        (await pool.CallAsync("pool.get_uuid", (await pool.CallAsync("pool.get_all"))[0].GetString())).GetString()!;
}
