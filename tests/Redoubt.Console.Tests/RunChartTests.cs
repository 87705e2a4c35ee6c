using Redoubt.Console.Runs;
using Redoubt.Recovery;

namespace Redoubt.Console.Tests;

/// <summary>A run drawn over time.</summary>
public sealed class RunChartTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly PlanObject Vm = new(ObjectKind.Vm, "cafe0000-0000-4000-8000-000000000001", "db");
    private static readonly PlanObject Volume = new(ObjectKind.Vdi, "7d000000-0000-4000-8000-000000000001", "");

    [Fact]
    public void What_is_to_come_is_expected_after_what_goes_on_and_the_end_follows_from_that()
    {
        var chart = RunChart.Of(
            Run(
                RunPhase.Running, Step(0, Recover, StepPhase.Done, 0, 12, 10), Step(1, Start, StepPhase.Running, 12, null, 20),
                Step(2, Wait, StepPhase.Pending, null, null, 30)),
            Noon.AddSeconds(15));
        Assert.Equal(["Recover", "Start tier 0"], chart.Bars.Select(b => b.Title));
        Assert.Equal((Seconds(0), Seconds(12), "ok"), (chart.Bars[0].Starts, chart.Bars[0].Ends, chart.Bars[0].Kind));
        Assert.Equal((Seconds(12), Seconds(15), "busy"), (chart.Bars[1].Starts, chart.Bars[1].Ends, chart.Bars[1].Kind));
        Assert.Equal(Seconds(50), chart.Bars[1].Forecast);
        Assert.Equal((Seconds(15), Seconds(62)), (chart.Now, chart.Ends));
        Assert.Equal(24.19, chart.Place(chart.Now), 0.01);
    }

    [Fact]
    public void What_takes_longer_than_forecast_pushes_back_what_comes_after_it()
    {
        var chart = RunChart.Of(
            Run(RunPhase.Running, Step(0, Recover, StepPhase.Running, 0, null, 10), Step(1, Start, StepPhase.Pending, null, null, 20)),
            Noon.AddSeconds(40));
        Assert.Equal((Seconds(40), Seconds(60)), (chart.Bars[1].Expected, chart.Ends));
    }

    [Fact]
    public void Without_a_forecast_of_every_step_nobody_knows_the_end()
    {
        var chart = RunChart.Of(
            Run(RunPhase.Running, Step(0, Recover, StepPhase.Running, 0, null, 10), Step(1, Start, StepPhase.Pending, null, null, null)),
            Noon.AddSeconds(4));
        Assert.Null(chart.Ends);
        Assert.Null(chart.Bars[1].Forecast);
    }

    [Fact]
    public void What_was_broken_off_ends_where_the_run_stopped_and_what_is_taken_back_is_expected_no_more()
    {
        var steps = new[] { Step(0, Recover, StepPhase.Running, 0, null, 10), Step(1, Start, StepPhase.Pending, null, null, 20) };
        var stopped = RunChart.Of(
            Run(RunPhase.Interrupted, steps) with { Log = [new(Noon.AddSeconds(7), "the daemon ended")] }, Noon.AddHours(1));
        Assert.Equal(Seconds(7), stopped.Bars[0].Ends);
        Assert.Equal(Seconds(3600), stopped.Bars[1].Expected);
        var back = RunChart.Of(Run(RunPhase.Undoing, steps) with { IsBackward = true }, Noon.AddSeconds(9));
        Assert.Equal((null, null), (back.Bars[1].Expected, back.Ends));
    }

    [Theory]
    [InlineData(5, 1, 6)]
    [InlineData(62, 15, 5)]
    [InlineData(5400, 900, 7)]
    public void The_axis_has_few_marks_at_round_times(int length, int every, int count)
    {
        var marks = new RunChart([], Seconds(0), null, Seconds(length)).Marks().ToList();
        Assert.Equal((count, Seconds(every)), (marks.Count, marks[1]));
    }

    private static RecoveryStep Recover => new RecoverVm(Vm, Volume, [], false);

    private static RecoveryStep Start => new StartTier(0, [Vm], false, 8);

    private static RecoveryStep Wait => new WaitHealthy(0, [Vm], TimeSpan.Zero, TimeSpan.FromMinutes(5), TierFailure.Continue);

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static StepRecord Step(int index, RecoveryStep step, StepPhase phase, int? from, int? to, int? forecast) => new(
        index, step, phase, from is null ? 0 : 1, from is { } f ? Noon.AddSeconds(f) : null, to is { } t ? Noon.AddSeconds(t) : null, null,
        forecast is { } s ? Seconds(s) : null);

    private static RunRecord Run(RunPhase phase, params StepRecord[] steps) => new()
    {
        Uuid = "r",
        Request = new() { Policy = new() { Kind = RecoveryKind.Failover } },
        Plan = new()
        {
            Kind = RecoveryKind.Failover,
            Target = new(ObjectKind.Pool, "p", "paris"),
            InventoryTakenAt = Noon,
            Steps = [.. steps.Select(s => s.Step)],
        },
        StartedBy = "root",
        StartedAt = Noon,
        Phase = phase,
        Steps = [.. steps],
        Revision = 1,
    };
}
