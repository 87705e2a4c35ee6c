using System.Collections.Immutable;
using Redoubt.Console.Parts;
using Redoubt.Console.Recover;
using Redoubt.Recovery;

namespace Redoubt.Console.Tests;

public sealed class RequestCommandTests
{
    private static readonly RecoveryRequest Test = new() { Policy = new() { Kind = RecoveryKind.Test } };

    [Theory]
    [InlineData("plain-1.2:3", "plain-1.2:3")]
    [InlineData("console:$(reboot)", "'console:$(reboot)'")]
    [InlineData("login ready", "'login ready'")]
    [InlineData("it's; rm -rf ~", "'it'\\''s; rm -rf ~'")]
    public void Whatever_somebody_wrote_is_one_word_of_a_shell(string text, string word) => Assert.Equal(word, ShellWord.Of(text));

    [Fact]
    public void A_key_is_quoted_as_its_value_is() => Assert.Equal(
        "redoubt dr-test 'network-map:$(a)'='`b`'",
        RequestCommand.Of(Test with { Policy = Test.Policy with { TestNetworks = Test.Policy.TestNetworks.Add("$(a)", "`b`") } }));

    [Fact]
    public void All_that_the_command_line_can_say_is_said() => Assert.Equal(
        "redoubt dr-test plan=monthly type=nfs device-config:server=nas tags=gold order:db=1 health:db=agent hook:before-tier-2=go "
            + "on-failure=stop parallel-starts=2 health-timeout=60 rpo-target=300 keep=true",
        RequestCommand.Of(Test with
        {
            Plan = "monthly",
            KeepTest = true,
            Probes = [new("nfs", ImmutableSortedDictionary<string, string>.Empty.Add("server", "nas"))],
            Policy = Test.Policy with
            {
                Chosen = new() { Tags = ["gold"] },
                Orders = Test.Policy.Orders.Add("db", 1),
                Health = Test.Policy.Health.Add("db", "agent"),
                Hooks = [new("go", HookMoment.BeforeTier, 2)],
                OnTierFailure = TierFailure.Stop,
                Targets = new(TimeSpan.FromMinutes(5)),
                Limits = new() { ParallelStarts = 2, HealthTimeout = TimeSpan.FromMinutes(1) },
            },
        }));

    [Fact]
    public void A_plan_alone_keeps_nothing() =>
        Assert.Equal("redoubt dr-plan kind=test", RequestCommand.PlanOf(Test with { KeepTest = true }));

    [Fact]
    public void A_selection_that_is_too_long_for_a_command_is_saved_first()
    {
        var command = RequestCommand.Of(
            Test with { Policy = Test.Policy with { Chosen = new() { Vms = [.. Enumerable.Range(0, 5000).Select(n => $"vm-{n}")] } } });
        Assert.StartsWith("redoubt dr-test plan=NAME  # the 5000 that are selected", command, StringComparison.Ordinal);
        Assert.True(command.Length < 200, command);

        // To save it takes what it is about, and a command that leaves that out would save everything.
        Assert.Contains(
            " vms=NAME,...",
            RequestCommand.SaveOf(
                "shop",
                Test with { Policy = Test.Policy with { Chosen = new() { Vms = [.. Enumerable.Range(0, 5000).Select(n => $"vm-{n}")] } } }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_that_is_kept_has_both_maps_whatever_it_is_for() => Assert.Equal(
        "redoubt dr-plan-save name=shop kind=test real-network-map:lan=lan2 test-network-map:lan=bubble storage-map:a=b "
            + "hook:after-run=one,two on-failure:2=ask stale-after=3600",
        RequestCommand.SaveOf("shop", Test with
        {
            Plan = "old",
            PlanPool = "pool",
            Policy = Test.Policy with
            {
                Networks = Test.Policy.Networks.Add("lan", "lan2"),
                TestNetworks = Test.Policy.TestNetworks.Add("lan", "bubble"),
                Storage = Test.Policy.Storage.Add("a", "b"),
                Hooks = [new("one", HookMoment.AfterRun), new("two", HookMoment.AfterRun)],
                OnFailureOfTier = Test.Policy.OnFailureOfTier.Add(2, TierFailure.Ask),
                Limits = new() { StaleAfter = TimeSpan.FromHours(1) },
            },
        }));

    [Fact]
    public void A_plan_is_named_with_the_pool_that_has_it() =>
        Assert.Equal("redoubt dr-test plan=shop from=0b1c", RequestCommand.Of(Test with { Plan = "shop", PlanPool = "0b1c" }));

    [Fact]
    public void What_the_command_line_cannot_say_is_named() => Assert.EndsWith(
        "# the request has more, which only a saved plan can hold: probes",
        RequestCommand.Of(Test with { Probes = [new("file", ImmutableSortedDictionary<string, string>.Empty), new("nfs", ImmutableSortedDictionary<string, string>.Empty)] }),
        StringComparison.Ordinal);

    [Fact]
    public void No_password_is_in_a_command()
    {
        var text = ShellWord.OfDevice(new Dictionary<string, string> { ["target"] = "10.0.0.1", ["chappassword"] = "hunter2" });
        Assert.Equal("device-config:chappassword='(secret)' device-config:target=10.0.0.1", text);
    }
}
