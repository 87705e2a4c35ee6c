using Redoubt.Console.Recover;
using Redoubt.Database;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console.Tests.Checks;

/// <summary>When the wizard reads again what a plan is made from.</summary>
public sealed class WizardReadTests
{
    [Fact]
    public async Task What_has_changed_while_it_was_read_is_read_again_and_what_has_not_is_not()
    {
        var tx = new Transaction(DatabaseState.Empty, Guid.NewGuid);
        var reads = 0;
        var pass = new WizardPass(
            async _ =>
            {
                await Task.Yield();
                if (++reads == 1)
                {
                    tx.Create(new NetworkRecord { NameLabel = "made meanwhile" });
                }

                return new() { TakenAt = default, Target = null! };
            },
            (request, _) => new(request, null!, $"plan {reads}", null),
            () => tx.State);
        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test } };
        Assert.Equal("plan 1", (await pass.PlanAsync(request)).Digest);
        Assert.False(pass.Knows(request));
        Assert.Equal("plan 2", (await pass.PlanAsync(request)).Digest);
        Assert.True(pass.Knows(request));
        Assert.Equal("plan 2", (await pass.PlanAsync(request)).Digest);
    }
}
