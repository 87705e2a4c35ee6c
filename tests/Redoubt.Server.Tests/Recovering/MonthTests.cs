using System.Globalization;
using System.Text;
using System.Text.Json;
using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Server.Tests.Recovering;

public sealed class MonthTests
{
    [Fact]
    public async Task A_month_has_its_runs_its_targets_and_what_was_told_and_is_signed()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var here = scene.Target;
        var month = here.Clock.GetUtcNow().ToString("yyyy-MM", CultureInfo.InvariantCulture);
        await here.CallAsync("recovery.set_two_persons", (object)new[] { "failover" });
        var planned = await scene.PlanAsync(scene.Failover());
        var id = (await here.FailureAsync("recovery.start", planned.Request.ToJson(), planned.Digest))[1];
        await here.CallAsync("recovery.override_approval", id, "a drill");
        var run = (await here.CallAsync("recovery.start", planned.Request.ToJson(), planned.Digest)).GetString()!;
        await scene.EndedAsync(run);
        var vm = (await here.CallAsync("VM.get_by_name_label", "web"))[0].GetString();
        await here.CallAsync("VM.add_to_other_config", vm, "dr-rto-target", "3600");
        var text = (await here.CallAsync("recovery.get_summary", month, "json")).GetString()!;
        using var json = JsonDocument.Parse(text);
        Assert.Equal(run, json.RootElement.GetProperty("runs")[0].GetProperty("uuid").GetString());
        Assert.Equal("VM web", json.RootElement.GetProperty("targets")[0].GetProperty("of").GetString());
        Assert.Contains(
            json.RootElement.GetProperty("otherEvents").EnumerateArray(),
            e => e.GetProperty("what").GetString()!.Contains("a drill", StringComparison.Ordinal));
        Assert.IsType<SignedTextCheck.Genuine>(SignedText.Check(Encoding.UTF8.GetBytes(text), null));
        var markdown = (await here.CallAsync("recovery.get_summary", month, "markdown")).GetString()!;
        Assert.Contains("0 of 0 tests succeeded; 1 recovery; 0 of 1 with targets", markdown, StringComparison.Ordinal);
        Assert.Contains(run, (await here.CallAsync("recovery.get_summary", month, "html")).GetString()!, StringComparison.Ordinal);

        // The month before had none of it, and the one after has not begun.
        var before = (await here.CallAsync("recovery.get_summary", "2001-02", "json")).GetString()!;
        using var empty = JsonDocument.Parse(before);
        Assert.Equal(0, empty.RootElement.GetProperty("runs").GetArrayLength());
        Assert.True(empty.RootElement.GetProperty("isOver").GetBoolean());
        foreach (var wrong in new[] { "2999-01", "2026-13", "november", "" })
        {
            Assert.Equal("INVALID_VALUE", (await here.FailureAsync("recovery.get_summary", wrong, "json"))[0]);
        }
    }

    [Theory]
    [InlineData("2026-11", 30)]
    [InlineData("2028-02", 29)]
    [InlineData("2026-12", 31)]
    public void A_month_ends_where_the_next_begins(string month, int days)
    {
        var (from, to) = MonthReport.BoundsOf(month)!.Value;
        Assert.Equal(days, (to - from).TotalDays);
    }
}
