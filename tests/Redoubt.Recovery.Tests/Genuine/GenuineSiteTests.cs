using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Genuine;

/// <summary>A genuine pool as a site of a real daemon, planned for and recovered into from the command line.</summary>
public sealed class GenuineSiteTests
{
    [Theory]
    [InlineData("root")]
    [InlineData(GenuineXapi.Operator)]
    public async Task The_command_line_plans_for_a_genuine_site_and_fails_over_into_it(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, user);
        await using var desk = await RealSite.StartAsync("desk");
        var password = desk.NewFile("their-password");
        await File.WriteAllTextAsync(password, GenuineXapi.Password + "\n", RealSite.Cancel);
        var url = scene.Target.Url.ToString();
        var added = await desk.RunAsync("dr-site-add", "name=genuine", $"address={url}", $"user={user}", $"password-file={password}");
        Assert.True(added.Code == 0, added.Error);

        // Nobody has said yet that the source is dead.
        string[] asked = ["target=genuine", $"sr-uuid={GenuineScene.SrA}", "resolve=sr-missing", "health-timeout=60"];
        var blocked = await desk.RunAsync(["dr-plan", .. asked]);
        Assert.Equal(4, blocked.Code);
        Assert.Contains("source-not-dead", blocked.Output, StringComparison.Ordinal);
        var planned = await desk.RunAsync(["dr-plan", .. asked, "source-dead=primary"]);
        Assert.True(planned.Code == 0, planned.Output + planned.Error);
        Assert.Contains("start-unguarded", planned.Output, StringComparison.Ordinal);
        Assert.Empty(scene.Target.Acts);

        // The run goes on by itself: there is no array to be waited for in a failover.
        var ended = await desk.RunAsync(["dr-failover", .. asked, "source-dead=primary", "--yes", "answer=done"]);
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
        var vms = GenuineScene.VmsOf(scene.Target);
        Assert.Equal(["db", "loose", "web"], vms.Keys.Order(StringComparer.Ordinal));
        Assert.All(vms.Values, v => Assert.Equal((VmPowerState.Running, 1L), (v.PowerState, v.Version)));
        scene.RequireClean();

        // The report names who stated what; nothing of it is at the daemon's own pool.
        var run = (await desk.RunAsync("dr-run-list")).Output.Split('\n').SelectMany(l => l.Split(' ')).First(w => Guid.TryParse(w, out _));
        var report = await desk.RunAsync("dr-report", $"uuid={run}", "format=markdown");
        Assert.Contains("What people stated", report.Output, StringComparison.Ordinal);
        Assert.Contains("is dead: none of its hosts", report.Output, StringComparison.Ordinal);
        Assert.DoesNotContain((await desk.Api.GetAllRecordsAsync<VmRecord>(RealSite.Cancel)).Values, v => v.NameLabel == "db");
    }
}
