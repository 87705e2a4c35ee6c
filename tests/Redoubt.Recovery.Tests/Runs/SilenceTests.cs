using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>A source that dies, in each of the ways in which that shows.</summary>
public sealed class SilenceTests
{
    private static CancellationToken Cancel => RealSite.Cancel;

    [Fact]
    public async Task A_connection_that_is_not_made_in_time_is_silence_and_no_cancelling()
    {
        using var server = new HangingServer(
            new TaskCanceledException("A connection could not be established within the configured ConnectTimeout."));
        await using var api = Client(server);
        await Assert.ThrowsAsync<XenApiTransportException>(() => api.CallAsync("pool.get_all", [], Cancel));
        using var mine = new CancellationTokenSource();
        await mine.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => api.CallAsync("pool.get_all", [], mine.Token));
    }

    [Fact]
    public async Task A_call_has_the_limit_that_its_client_was_given()
    {
        using var server = new HangingServer(null);
        await using var api = Client(server);
        api.CallLimit = TimeSpan.FromMilliseconds(50);
        var silent = await Assert.ThrowsAsync<XenApiTransportException>(() => api.CallAsync("pool.get_all", [], Cancel));
        Assert.Contains("pool.get_all", silent.Message, StringComparison.Ordinal);
        api.CallLimit = null;
        using var mine = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => api.CallAsync("pool.get_all", [], mine.Token));
    }

    [Fact]
    public async Task The_end_of_a_session_takes_ten_seconds_at_most()
    {
        using var server = new HangingServer(null);
        await using var api = Client(server);
        var silent = await Assert.ThrowsAsync<XenApiTransportException>(
            () => api.LogoutAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(60), Cancel));
        Assert.Contains("session.logout", silent.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_whose_connection_times_out_interrupts_the_run_which_can_then_be_undone()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        using var dark = new HangingServer(new TaskCanceledException("ConnectTimeout"));
        scene.ConnectSource = () => Task.FromResult(Client(dark));
        await InterruptedAndUndoneAsync(scene);
    }

    [Fact]
    public async Task A_limit_of_somebody_else_that_runs_out_interrupts_the_run_too()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        scene.ConnectSource = () => throw new TaskCanceledException("somebody's limit");
        await InterruptedAndUndoneAsync(scene);
    }

    [Fact]
    public async Task A_site_that_can_not_be_reached_interrupts_the_run()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        scene.ConnectSource = () => throw new XenApiException("DR_SITE_UNREACHABLE", "primary", "no route to host");
        await InterruptedAndUndoneAsync(scene);
    }

    [Fact]
    public async Task A_site_that_can_not_be_reached_any_more_before_a_tier_is_asked_about()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        await scene.OpenAsync();
        await scene.StartAsync();
        await UntilAsync(scene, "done");

        // A new engine has no session there yet, so that it has to log in.
        await scene.ReopenAsync();
        scene.ConnectSource = () => throw new XenApiException("DR_SITE_UNREACHABLE", "primary", "no route to host");
        await scene.Engine.AnswerAsync(scene.Uuid!, "done", "ann", Cancel);
        await UntilAsync(scene, "dead");
        Assert.DoesNotContain(scene.World.Target.Acts, a => a.StartsWith("VM.start", StringComparison.Ordinal));
        Assert.Contains(scene.Run.Log, l => l.Text.Contains("has handed over, but does not answer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_source_that_was_stated_to_be_dead_and_answers_is_believed()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var plan = await scene.PlanAsync();
        var source = scene.World.Source.Database;
        source.Set(source.Find<VmRecord>(FakeWorld.Vm(3)), v => v with { PowerState = VmPowerState.Running });
        scene.Request = scene.Request with { Source = "primary" };
        await scene.OpenAsync();
        await scene.StartAsync(plan);
        var ended = await scene.FollowAsync();
        Assert.Equal(RunPhase.Partial, ended.Phase);
        Assert.Contains("twice", ended.Vms.Single(v => v.Vm.Name == "loose").Error, StringComparison.Ordinal);
        Assert.Empty(scene.World.Violations);
    }

    [Fact]
    public async Task A_source_that_was_stated_to_be_dead_and_is_holds_nothing_up()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var plan = await scene.PlanAsync();
        scene.Request = scene.Request with { Source = "primary" };
        scene.ConnectSource = () => throw new XenApiException("DR_SITE_UNREACHABLE", "primary", "no route to host");
        await scene.OpenAsync();
        await scene.StartAsync(plan);
        Assert.Equal(RunPhase.Succeeded, (await scene.FollowAsync()).Phase);
    }

    private static XenApiClient Client(HttpMessageHandler server) =>
        new(new Uri("http://dark.invalid"), server, new Ref<SessionRecord>("OpaqueRef:1"), TimeProvider.System);

    private static async Task InterruptedAndUndoneAsync(FaultScene scene)
    {
        await scene.OpenAsync();
        await scene.StartAsync();
        Assert.Equal(RunPhase.Interrupted, (await scene.FollowAsync()).Phase);
        scene.ConnectSource = null;
        await scene.Engine.UndoAsync(scene.Uuid!, "bob", Cancel);
        Assert.Equal(RunPhase.Undone, (await scene.FollowAsync()).Phase);
        scene.CheckEnd();
    }

    private static async Task UntilAsync(FaultScene scene, string answer)
    {
        await foreach (var record in scene.Engine.WatchAsync(scene.Uuid!, 0, Cancel))
        {
            Assert.False(record.Phase.IsFinal() || record.Phase == RunPhase.Interrupted, record.ToJson());
            if (record.Question?.Answers[0] == answer)
            {
                return;
            }
        }
    }
}
