using System.Collections.Immutable;
using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Server.Tests.Recovering;

public sealed class SavedPlanTests
{
    private static readonly RecoveryRequest Shop = new()
    {
        Policy = new()
        {
            Kind = RecoveryKind.Failover,
            IsSourceDead = true,
            Chosen = new() { Vms = ["web"] },
            Resolve = ["vm-running-here"],
            AcceptedMissingDisks = ["disk"],
            Copies = ImmutableSortedDictionary<string, string>.Empty.Add("web", "here"),
        },
        SrUuids = ["00000000-0000-4000-8000-000000000001"],
    };

    [Fact]
    public async Task A_plan_survives_a_restart_but_nothing_that_was_consented_to()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        await pool.CallAsync("recovery.save_plan", "shop", Shop.ToJson());
        await pool.Server.DisposeAsync();
        await pool.StartAsync();
        var plan = Assert.Single((await ListAsync(pool, foreign: false)).Plans);
        Assert.Equal(("shop", "root", null), (plan.Name, plan.SavedBy, plan.Origin));
        Assert.Equal(["web"], plan.Request.Policy.Chosen.Vms);
        Assert.Equal(
            ("shop", pool.Server.Daemon.Services.State.Get(pool.Server.Daemon.Services.Pool).Uuid),
            (plan.Request.Plan, plan.Request.PlanPool));
        RequireNoConsent(plan);
        await pool.CallAsync("recovery.remove_plan", "shop");
        Assert.Equal(["DR_PLAN_UNKNOWN", "shop"], await pool.FailureAsync("recovery.remove_plan", "shop"));
    }

    [Fact]
    public async Task The_plans_of_a_lost_pool_come_with_its_storage()
    {
        await using var scene = await RecoveryScene.StartAsync(("night", Shop));
        var found = Assert.Single((await ListAsync(scene.Target, foreign: true)).Plans);
        Assert.Equal(("night", scene.Volume), (found.Name, found.Origin!.Volume));
        Assert.Equal((found.Origin.PoolUuid, "night"), (found.Request.PlanPool, found.Request.Plan));
        Assert.Empty((await ListAsync(scene.Target, foreign: false)).Plans);

        // One that another version has saved, or somebody else's hand.
        var own = (await scene.Target.CallAsync("pool.get_all"))[0].GetString();
        await scene.Target.CallAsync(
            "pool.add_to_other_config", own, "dr-plan:theirs",
            $$"""{"request": {{Shop.ToJson()}}, "savedBy": "x", "savedAt": "2026-01-01T00:00:00Z"}""");
        RequireNoConsent(Assert.Single((await ListAsync(scene.Target, foreign: false)).Plans));
    }

    [Fact]
    public async Task What_would_put_a_password_on_the_storage_or_could_not_be_typed_is_refused()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        var secret = Shop with
        {
            Probes = [new("lvmoiscsi", ImmutableSortedDictionary<string, string>.Empty.Add("chappassword", "open sesame"))],
        };
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("recovery.save_plan", "shop", secret.ToJson()))[0]);
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("recovery.save_plan", "two words", Shop.ToJson()))[0]);
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("recovery.save_plan", "shop", "{}"))[0]);
        Assert.Empty((await ListAsync(pool, foreign: false)).Plans);
    }

    [Fact]
    public async Task A_garbled_plan_hides_no_other_one()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        await pool.CallAsync("recovery.save_plan", "good", Shop.ToJson());
        var own = (await pool.CallAsync("pool.get_all"))[0].GetString();
        await pool.CallAsync("pool.add_to_other_config", own, "dr-plan:bad", "{garbled");
        var catalog = await ListAsync(pool, foreign: false);
        Assert.Equal("good", Assert.Single(catalog.Plans).Name);
        Assert.Contains("bad", Assert.Single(catalog.Problems), StringComparison.Ordinal);
    }

    private static void RequireNoConsent(SavedPlan plan)
    {
        var policy = plan.Request.Policy;
        Assert.False(policy.IsSourceDead);
        Assert.Empty(policy.Resolve);
        Assert.Empty(policy.AcceptedMissingDisks);
        Assert.Empty(policy.Copies);
    }

    private static async Task<PlanCatalog> ListAsync(TestPool pool, bool foreign) =>
        RecoveryJson.Read<PlanCatalog>((await pool.CallAsync("recovery.get_plans", foreign)).GetString()!);
}
