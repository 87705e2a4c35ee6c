namespace Redoubt.Recovery.Tests;

public sealed class TargetMeasureTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(59, TargetVerdict.Met)]
    [InlineData(60, TargetVerdict.Met)]
    [InlineData(60.001, TargetVerdict.Exceeded)]
    public void What_is_as_long_as_its_target_keeps_it(double seconds, TargetVerdict verdict) =>
        Assert.Equal(verdict, TargetMeasure.Of(Minute, TimeSpan.FromSeconds(seconds), "").Verdict);

    [Theory]
    [InlineData(40, new double[0], null)]
    [InlineData(40, new[] { 40.0 }, TargetTrend.Steady)]
    [InlineData(43, new[] { 40.0, 40 }, TargetTrend.Steady)]
    [InlineData(45, new[] { 40.0, 40 }, TargetTrend.Worse)]
    [InlineData(30, new[] { 40.0, 30 }, TargetTrend.Better)]
    public void A_trend_needs_something_before_it_and_more_than_chance(double last, double[] earlier, TargetTrend? trend)
    {
        var measure = TargetMeasure.Of(Minute, TimeSpan.FromSeconds(last), "") with { Earlier = [.. earlier.Select(TimeSpan.FromSeconds)] };
        Assert.Equal(trend, measure.Trend);
        Assert.Equal(measure.Trend, RecoveryJson.Read<TargetMeasure>(RecoveryJson.Write(measure)).Trend);
    }

    [Fact]
    public void What_has_no_end_keeps_no_target_and_what_is_not_known_breaks_none()
    {
        Assert.Equal("no end of 1 min 0 s: NOT MET", TargetText.Of(TargetMeasure.Endless(Minute, "")));
        Assert.Equal("not known of 1 min 0 s: not measured", TargetText.Of(TargetMeasure.Unknown(Minute, "")));
    }

    [Fact]
    public void A_target_that_is_no_number_is_named_and_counts_as_none()
    {
        var config = new Dictionary<string, string>
        {
            ["dr-rpo-target"] = "soon",
            ["dr-rto-target"] = "90",
            ["dr-rpo-target:app"] = "-1",
            ["dr-rto-target:app"] = "3155760001",
        };
        var own = RecoveryTargets.Read(config);
        Assert.Equal(new RecoveryTargets(null, TimeSpan.FromSeconds(90)), own.Targets);
        Assert.Equal(["dr-rpo-target=soon"], own.Garbled);
        var app = RecoveryTargets.Read(config, ":app");
        Assert.True(app.Targets.IsNone());
        Assert.Equal(["dr-rpo-target:app=-1", "dr-rto-target:app=3155760001"], app.Garbled);
    }
}
