using System.Diagnostics;

namespace Redoubt.Recovery.Tests;

/// <summary>Scripts of the operator's: they end when their process ends, within their own limit, and what they print is bounded.</summary>
public sealed class HookTests
{
    [Fact]
    public async Task A_hook_that_ends_well_and_leaves_something_running_has_ended_well()
    {
        await using var scene = With("sleep 600 &\necho $!\nexit 0", TimeSpan.FromMinutes(30));
        var ended = await scene.RunAsync();
        var line = ended.Log.Single(l => l.Text.StartsWith("hook: ", StringComparison.Ordinal)).Text;
        using var left = Process.GetProcessById(int.Parse(line["hook: ".Length..]));
        Assert.Equal("sleep", left.ProcessName);
        left.Kill();
        Assert.Equal(RunPhase.Succeeded, ended.Phase);
    }

    [Fact]
    public async Task A_hook_has_a_limit_of_its_own()
    {
        // Longer than a VM may take to be healthy, and well.
        await using var slow = With("sleep 2", TimeSpan.FromMinutes(30));
        slow.Request = slow.Request with
        {
            Policy = slow.Request.Policy with
            {
                Limits = slow.Request.Policy.Limits with { HealthTimeout = TimeSpan.FromMilliseconds(500) },
            },
        };
        Assert.Equal(StepPhase.Done, (await slow.RunAsync()).Steps.Single(s => s.Step is RunHookStep).Phase);

        await using var stuck = With("exec sleep 600", TimeSpan.FromSeconds(1));
        var step = (await stuck.RunAsync()).Steps.Single(s => s.Step is RunHookStep);
        Assert.Equal(StepPhase.Failed, step.Phase);
        Assert.Contains("did not end within", step.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_what_a_hook_prints_the_end_is_kept_and_no_more()
    {
        await using var scene = With(
            "head -c 30000000 /dev/zero | tr '\\0' x; echo; echo the end; echo and this >&2", TimeSpan.FromMinutes(30));
        var ended = await scene.RunAsync();
        var line = ended.Log.Single(l => l.Text.StartsWith("hook: ", StringComparison.Ordinal)).Text;
        Assert.InRange(line.Length, 1000, 2100);
        Assert.EndsWith("xxx\nthe end\nand this", line, StringComparison.Ordinal);
    }

    private static FaultScene With(string script, TimeSpan limit)
    {
        var scene = FaultScene.Make(RecoveryKind.Failover);
        scene.AddScript("hooks", "hook", script);
        var policy = scene.Request.Policy;
        scene.Request = scene.Request with
        {
            Policy = policy with { Hooks = [new("hook", HookMoment.AfterRun, null)], Limits = policy.Limits with { HookTimeout = limit } },
        };
        return scene;
    }
}
