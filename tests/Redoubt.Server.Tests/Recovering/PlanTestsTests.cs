using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Server.Tests.Recovering;

public sealed class PlanTestsTests
{
    private static readonly DateTimeOffset Saved = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly SavedPlan Plan = new()
    {
        Name = "shop",
        Request = new() { Policy = new() { Kind = RecoveryKind.Failover }, Plan = "shop", PlanPool = "paris" },
        SavedBy = "ann",
        SavedAt = Saved,
    };

    [Theory]
    [InlineData(RecoveryKind.Test, "shop", "paris", 1, true, true)]
    [InlineData(RecoveryKind.Test, "shop", "paris", -1, true, false)]
    [InlineData(RecoveryKind.Failover, "shop", "paris", 1, true, false)]
    [InlineData(RecoveryKind.Test, "shop", "lyon", 1, false, false)]
    [InlineData(RecoveryKind.Test, "shop", null, 1, false, false)]
    [InlineData(RecoveryKind.Test, "mail", "paris", 1, false, false)]
    public void A_run_counts_for_the_plan_that_it_came_from(
        RecoveryKind kind, string name, string? pool, int hours, bool isRun, bool isTest)
    {
        var run = new RunSummary("r", kind, name, RunPhase.Succeeded, "ann", Saved.AddHours(hours), null, 1, 1, pool);
        Assert.Equal((isRun, isTest), (PlanTests.IsRunOf(run, Plan), PlanTests.IsOf(run, Plan)));
    }

    [Fact]
    public void A_request_from_before_the_pool_was_written_down_is_read()
    {
        var text = Plan.Request.ToJson().Replace("\"planPool\": \"paris\",", "", StringComparison.Ordinal);
        Assert.DoesNotContain("planPool", text, StringComparison.Ordinal);
        Assert.Equal(("shop", null), (RecoveryRequest.FromJson(text).Plan, RecoveryRequest.FromJson(text).PlanPool));
    }
}
