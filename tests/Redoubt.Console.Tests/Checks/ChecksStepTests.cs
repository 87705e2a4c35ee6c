using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Console.Recover;
using Redoubt.Recovery;

namespace Redoubt.Console.Tests.Checks;

/// <summary>What the pre-checks say of a finding before anybody presses its button.</summary>
public sealed class ChecksStepTests
{
    private static readonly Finding Unmapped = new()
    {
        Severity = Severity.Block,
        Code = "network-unmapped",
        Object = new(ObjectKind.Network, "ae000000-0000-4000-8000-000000000001", "lan"),
        Sentence = "The target pool has no network \"lan\".",
        Advice = "Say which network stands for it.",
        Fix = new(FixKind.CreateNetwork, "make an internal network \"lan\"; it connects these VMs with each other and with nothing else"),
    };

    [Fact]
    public async Task What_a_button_will_do_is_said_in_the_open_and_a_network_can_be_chosen_in_its_place()
    {
        var page = await RenderAsync([("ae000000-0000-4000-8000-000000000002", "uplink")]);
        Assert.Contains("Resolve: make an internal network", page, StringComparison.Ordinal);
        Assert.Contains("aria-label=\"Network for lan\"", page, StringComparison.Ordinal);
        Assert.Contains("<option value=\"ae000000-0000-4000-8000-000000000002\">uplink</option>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_there_is_no_network_none_is_offered() =>
        Assert.DoesNotContain("<select", await RenderAsync([]), StringComparison.Ordinal);

    private static async Task<string> RenderAsync(IReadOnlyList<(string Uuid, string Name)> networks)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<ChecksStep>(
            ParameterView.FromDictionary(new Dictionary<string, object?>
            {
                [nameof(ChecksStep.Plan)] = new RecoveryPlan
                {
                    Kind = RecoveryKind.Failover,
                    Target = new(ObjectKind.Pool, "90000000-0000-4000-8000-000000000001", "paris"),
                    InventoryTakenAt = DateTimeOffset.UnixEpoch,
                    Findings = [Unmapped],
                },
                [nameof(ChecksStep.Request)] = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Failover } },
                [nameof(ChecksStep.Networks)] = networks,
            }))).ToHtmlString());
    }
}
