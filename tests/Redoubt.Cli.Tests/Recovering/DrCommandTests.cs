using System.Collections.Immutable;
using Redoubt.Cli.Output;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests.Recovering;

public sealed class DrCommandTests
{
    private const string Run = FakeRecovery.Run;

    [Theory]
    [InlineData(RunPhase.Succeeded, 0)]
    [InlineData(RunPhase.Partial, 3)]
    [InlineData(RunPhase.Failed, 6)]
    [InlineData(RunPhase.Interrupted, 6)]
    [InlineData(RunPhase.Cancelled, 6)]
    [InlineData(RunPhase.Undone, 6)]
    public async Task The_exit_code_tells_how_a_run_ended(RunPhase end, int code)
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(RunPhase.Running, RunPhase.Running, end);
        var run = await CliRun.AgainstAsync(pool, "dr-failover source-dead=true --yes");
        Assert.True((code, Run + "\n") == (run.ExitCode, run.Output), run.Error);
        Assert.Contains($"dr-report uuid={Run}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_words_of_the_command_line_reach_the_daemon()
    {
        await using var pool = await Scene.StartAsync();
        var daemon = new FakeRecovery(pool).Through(RunPhase.Succeeded);
        var run = await CliRun.AgainstAsync(
            pool,
            "dr-failover --yes sr-uuid=a,b vms=web appliances=shop source=north source-dead=true network-map:lan=lan2 "
                + "test-network-map:lan=lab power-state=paused at=2026-11-22T14:05:00Z "
            + "resolve=sr-detached health:web=tcp:80 hook:before-run=dns hook:after-tier-2=mail order:web=3 parallel-starts=2 "
            + "health-timeout=90 on-failure=stop target=south");
        Assert.Equal(0, run.ExitCode);
        var (request, policy) = (daemon.Started!, daemon.Started!.Policy);
        Assert.Equal(["a", "b"], request.SrUuids);
        Assert.Equal(("north", "south"), (request.Source, request.Target));
        Assert.True(policy.IsSourceDead);
        Assert.Equal(
            (RecoveryKind.Failover, PowerStateAfter.Paused, "2026-11-22T14:05:00Z"), (policy.Kind, policy.PowerState, policy.PointInTime));
        Assert.Equal(("lan2", "lab"), (policy.Networks["lan"], policy.TestNetworks["lan"]));
        Assert.Equal(["sr-detached"], policy.Resolve);
        Assert.Equal("tcp:80", policy.Health["web"]);
        Assert.Equal(
            [new RunHook("mail", HookMoment.AfterTier, 2), new RunHook("dns", HookMoment.BeforeRun)],
            policy.Hooks.OrderBy(h => h.Moment == HookMoment.BeforeRun));
        Assert.Equal(
            (3, 2, 90.0, TierFailure.Stop),
            (policy.Orders["web"], policy.Limits.ParallelStarts, policy.Limits.HealthTimeout.TotalSeconds, policy.OnTierFailure));
    }

    [Fact]
    public async Task A_plan_is_renamed_and_hooks_are_listed_by_the_daemon()
    {
        await using var pool = await Scene.StartAsync();
        string[] names = [];
        pool.On("recovery.rename_plan", a =>
        {
            names = [FakeDatabase.Text(a[0]), FakeDatabase.Text(a[1])];
            return new WireString("");
        });
        pool.On("recovery.list_hooks", _ => new WireString("""["dns", "mail"]"""));

        Assert.Equal(0, (await CliRun.AgainstAsync(pool, "dr-plan-rename name=shop new-name=boutique")).ExitCode);
        Assert.Equal(["shop", "boutique"], names);
        Assert.Equal("dns\nmail\n", (await CliRun.AgainstAsync(pool, "dr-hook-list")).Output);
    }

    [Theory]
    [InlineData("dr-failover", "recovery.start")]
    [InlineData("dr-migrate", "recovery.start")]
    [InlineData("dr-failback", "recovery.start")]
    [InlineData("dr-test", "recovery.start_test")]
    public async Task Nobody_is_there_to_ask_so_nothing_is_started_but_a_test(string command, string message)
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(RunPhase.Succeeded);
        var run = await CliRun.AgainstAsync(pool, command);
        var isTest = command == "dr-test";
        Assert.Equal(isTest ? 0 : 1, run.ExitCode);
        Assert.Contains("Steps", run.Error, StringComparison.Ordinal);
        Assert.Equal(isTest, pool.Trace.Exists(t => t.StartsWith(message, StringComparison.Ordinal)));
        Assert.Equal(!isTest, run.Error.Contains("--yes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("site one", true)]
    [InlineData("yes", false)]
    [InlineData("", false)]
    public async Task The_pools_name_must_be_typed(string typed, bool started)
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(RunPhase.Succeeded);
        var (code, error) = await TypingAsync(pool, [typed], "dr-failover");
        Assert.Equal(started ? 0 : 1, code);
        Assert.Contains("type site one:", error, StringComparison.Ordinal);
        Assert.Equal(started, pool.Trace.Exists(t => t.StartsWith("recovery.start ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_blocked_plan_is_not_started_and_says_what_can_be_mended()
    {
        await using var pool = await Scene.StartAsync();
        var daemon = new FakeRecovery(pool) { Findings = [FakeRecovery.Block("sr-detached", FixKind.PlugPbd)] }.Through(RunPhase.Succeeded);
        var run = await CliRun.AgainstAsync(pool, "dr-failover --yes");
        Assert.Equal((4, ""), (run.ExitCode, run.Output));
        Assert.Contains("resolve=sr-detached", run.Error, StringComparison.Ordinal);
        Assert.Null(daemon.Started);

        Assert.Equal(0, (await CliRun.AgainstAsync(pool, "dr-failover --yes resolve=all")).ExitCode);
        Assert.Equal(["sr-detached"], daemon.Started!.Policy.Resolve);
    }

    [Fact]
    public async Task What_has_no_fix_blocks_whatever_is_to_be_resolved()
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool) { Findings = [FakeRecovery.Block("source-not-dead")] };
        Assert.Equal(4, (await CliRun.AgainstAsync(pool, "dr-failover --yes resolve=all")).ExitCode);
        Assert.Equal(0, pool.Trace.Count(t => t.StartsWith("recovery.start", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("DR_PLAN_CHANGED")]
    [InlineData("DR_RUN_REFUSED")]
    public async Task A_refusal_by_the_daemon_has_the_exit_code_of_a_refusal(string refusal)
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool);
        pool.On("recovery.start", _ => throw new XenApiException(refusal, "Run x, started by ann, has these VMs."));
        var run = await CliRun.AgainstAsync(pool, "dr-failover --yes");
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("started by ann", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_waits_for_nobody_here_says_how_to_answer()
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(RunPhase.Running, RunPhase.Waiting).Asking("Has the array brought it over?", "done", "stop");
        var run = await CliRun.AgainstAsync(pool, "dr-migrate --yes");
        Assert.Equal((5, Run + "\n"), (run.ExitCode, run.Output));
        Assert.Contains($"dr-run-answer uuid={Run} answer=done|stop", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_is_asked_at_the_terminal_until_the_answer_is_one()
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(RunPhase.Waiting).Asking("Has the array brought it over?", "done", "stop")
            .Through(RunPhase.Succeeded);
        var (code, error) = await TypingAsync(pool, ["what?", "done"], "dr-migrate --yes");
        Assert.Equal(0, code);
        Assert.Contains("Has the array brought it over?", error, StringComparison.Ordinal);
        Assert.Contains($"recovery.answer {Run} done", pool.Trace);
    }

    [Fact]
    public async Task A_script_can_give_the_answer_beforehand()
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(RunPhase.Waiting).Asking("Has the array brought it over?", "done", "stop")
            .Through(RunPhase.Succeeded);
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, "dr-migrate --yes answer=done")).ExitCode);
    }

    [Theory]
    [InlineData("dr-run-show follow=true", 5)]
    [InlineData("dr-run-resume", 5)]
    [InlineData("dr-run-pause", 0)]
    public async Task Whoever_follows_a_run_that_somebody_pauses_is_told_what_to_do(string line, int code)
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(RunPhase.Pausing, RunPhase.Paused);
        var run = await CliRun.AgainstAsync(pool, $"{line} uuid={Run}");
        Assert.Equal(code, run.ExitCode);
        Assert.Contains($"dr-run-resume uuid={Run}", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dr-run-resume", "resume", RunPhase.Succeeded)]
    [InlineData("dr-run-pause", "pause", RunPhase.Paused)]
    [InlineData("dr-run-cancel", "cancel", RunPhase.Cancelled)]
    [InlineData("dr-run-undo --yes", "undo", RunPhase.Undone)]
    [InlineData("dr-test-cleanup", "clean_up_test", RunPhase.Succeeded)]
    [InlineData("dr-run-answer answer=stop", "answer", RunPhase.Succeeded)]
    public async Task An_order_to_a_run_succeeds_when_the_run_ends_as_ordered(string line, string message, RunPhase end)
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(end);
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, $"{line} uuid={Run}")).ExitCode);
        Assert.Contains(pool.Trace, t => t.StartsWith($"recovery.{message} {Run}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("dr-run-resume", true, 0)]
    [InlineData("dr-run-resume", false, 6)]
    [InlineData("dr-test-cleanup", true, 0)]
    public async Task A_run_that_is_being_taken_back_ends_well_when_it_is_undone(string line, bool isBackward, int code)
    {
        await using var pool = await Scene.StartAsync();
        var run = new FakeRecovery(pool).Through(RunPhase.Undone);
        _ = isBackward ? run.Backward() : run;
        Assert.Equal(code, (await CliRun.AgainstAsync(pool, $"{line} uuid={Run}")).ExitCode);
    }

    [Fact]
    public async Task No_name_of_another_pool_moves_the_terminal()
    {
        await using var pool = await Scene.StartAsync();
        var evil = "web\u001b[2J\u009b1m\u202e";
        _ = new FakeRecovery(pool)
        {
            Findings = [FakeRecovery.Block(evil) with { Severity = Severity.Warning }],
        }.Through(RunPhase.Failed).Failing(evil);
        var printed = new List<CliRun>();
        foreach (var line in new[] { "dr-failover source-dead=true --yes", $"dr-run-show uuid={Run}", $"dr-run-show uuid={Run} follow=true" })
        {
            printed.Add(await CliRun.AgainstAsync(pool, line));
        }

        Assert.All(printed, run => Assert.Contains("web\ufffd[2J", run.Output + run.Error, StringComparison.Ordinal));
        Assert.All(printed, run => Assert.DoesNotContain(run.Output + run.Error, c => c is '\u001b' or '\u009b' or '\u202e'));
    }

    [Fact]
    public async Task Taking_back_asks_first()
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool).Through(RunPhase.Undone);
        Assert.Equal(1, (await CliRun.AgainstAsync(pool, $"dr-run-undo uuid={Run}")).ExitCode);
        Assert.DoesNotContain(pool.Trace, t => t.StartsWith("recovery.undo", StringComparison.Ordinal));
        Assert.Equal(0, (await TypingAsync(pool, ["site one"], $"dr-run-undo uuid={Run}")).Code);
    }

    [Fact]
    public async Task A_saved_plan_is_what_the_words_do_not_change()
    {
        await using var pool = await Scene.StartAsync();
        var daemon = new FakeRecovery(pool).Through(RunPhase.Succeeded);
        Assert.Equal(
            0, (await CliRun.AgainstAsync(pool, "dr-plan-save name=shop appliances=shop network-map:lan=lan2 sr-uuid=a")).ExitCode);
        Assert.Equal("shop", daemon.Saved!.Value.Name);
        daemon.Plans.Add(
            new()
            {
                Name = "shop",
                Request = daemon.Saved.Value.Request with { Plan = "shop" },
                SavedBy = "ann",
                SavedAt = DateTimeOffset.UnixEpoch,
            });
        Assert.Equal(0, (await TypingAsync(pool, ["shop"], "dr-failover plan=shop network-map:wan=wan2 source-dead=true")).Code);
        Assert.Equal(["shop"], daemon.Started!.Policy.Chosen.Appliances);
        Assert.Equal(ImmutableSortedDictionary<string, string>.Empty.Add("lan", "lan2").Add("wan", "wan2"), daemon.Started.Policy.Networks);
        Assert.Equal("shop", daemon.Started.Plan);
    }

    [Fact]
    public async Task All_that_a_plan_can_hold_can_be_said()
    {
        await using var pool = await Scene.StartAsync();
        var daemon = new FakeRecovery(pool);
        var run = await CliRun.AgainstAsync(
            pool,
            "dr-plan-save name=shop kind=test real-network-map:lan=lan2 test-network-map:lan=bubble storage-map:a=b on-failure=stop "
                + "on-failure:2=ask hook:after-run=one,two stale-after=3600 rpo-target=60 rto-target=900");
        Assert.Equal(0, run.ExitCode);
        var policy = daemon.Saved!.Value.Request.Policy;
        Assert.Equal(("lan2", "bubble", "b"), (policy.Networks["lan"], policy.TestNetworks["lan"], policy.Storage["a"]));
        Assert.Equal((TierFailure.Stop, TierFailure.Ask), (policy.OnTierFailure, policy.OnFailureOfTier[2]));
        Assert.Equal([new("one", HookMoment.AfterRun), new("two", HookMoment.AfterRun)], policy.Hooks);
        Assert.Equal(TimeSpan.FromHours(1), policy.Limits.StaleAfter);
        Assert.Equal(new RecoveryTargets(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(15)), policy.Targets);
        Assert.Contains(
            "on-failure:2=", (await CliRun.AgainstAsync(pool, "dr-plan-save name=shop on-failure:2=never")).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_of_a_VM_is_kept_with_it_and_that_of_a_vApp_with_the_pool()
    {
        await using var pool = await Scene.StartAsync();
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, "dr-target-set vm=web rpo-target=60 rto-target=900")).ExitCode);
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, "dr-target-set vm=web rto-target=none")).ExitCode);
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, $"dr-target-set appliance=shop rto-target=1200")).ExitCode);
        var shown = await CliRun.AgainstAsync(pool, $"vm-param-get uuid={Scene.WebUuid} param-name=other-config");
        Assert.Contains("dr-rpo-target: 60", shown.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("dr-rto-target", shown.Output, StringComparison.Ordinal);
        shown = await CliRun.AgainstAsync(pool, $"pool-param-get uuid={Scene.PoolUuid} param-name=other-config");
        Assert.Contains($"dr-rto-target:{Scene.AppUuid}: 1200", shown.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dr-target-set vm=web", "rpo-target=SECONDS")]
    [InlineData("dr-target-set rpo-target=60", "vm= or appliance=")]
    [InlineData("dr-target-set vm=web appliance=shop rpo-target=60", "vm= or appliance=")]
    [InlineData("dr-target-set vm=nobody rpo-target=60", "no VM nobody")]
    [InlineData("dr-target-set vm=web rpo-target=soon", "not 'soon'")]
    [InlineData("dr-target-set vm=web rpo-target=-1", "not '-1'")]
    [InlineData("dr-plan-save name=shop rpo-target=-1", "rpo-target=")]
    public async Task A_target_that_means_nothing_is_refused(string command, string why)
    {
        await using var pool = await Scene.StartAsync();
        _ = new FakeRecovery(pool);
        var run = await CliRun.AgainstAsync(pool, command);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tests_of_a_plan_are_those_of_the_pool_that_has_it()
    {
        await using var pool = await Scene.StartAsync();
        var daemon = new FakeRecovery(pool);
        foreach (var (uuid, name) in new[] { ("u1", "north"), ("u2", "south") })
        {
            daemon.Plans.Add(new()
            {
                Name = "shop",
                Request = new() { Policy = new() { Kind = RecoveryKind.Failover }, Plan = "shop", PlanPool = uuid },
                SavedBy = "ann",
                SavedAt = DateTimeOffset.UnixEpoch,
                Origin = new($"v-{uuid}", uuid, name),
            });
        }

        var at = new DateTimeOffset(2026, 1, 1, 3, 0, 0, TimeSpan.Zero);
        daemon.Runs.Add(new("r1", RecoveryKind.Test, "shop", RunPhase.Succeeded, "ann", at, at, 1, 1, "u2"));
        daemon.Runs.Add(new("r0", RecoveryKind.Test, "shop", RunPhase.Failed, "ann", at, at, 0, 1));
        var lines = (await CliRun.AgainstAsync(pool, "dr-plan-list")).Output.Split('\n');
        Assert.Contains("never", Assert.Single(lines, l => l.Contains("north", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains(
            "2026-01-01 03:00:00Z succeeded", Assert.Single(lines, l => l.Contains("south", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_plans_of_two_pools_one_must_be_named()
    {
        await using var pool = await Scene.StartAsync();
        var daemon = new FakeRecovery(pool).Through(RunPhase.Succeeded);
        foreach (var volume in new[] { "v1", "v2" })
        {
            daemon.Plans.Add(new()
            {
                Name = "shop",
                Request = new() { Policy = new() { Kind = RecoveryKind.Failover }, Plan = "shop" },
                SavedBy = "ann",
                SavedAt = DateTimeOffset.UnixEpoch,
                Origin = new(volume, "u", "north"),
            });
        }

        var run = await CliRun.AgainstAsync(pool, "dr-test plan=other");
        Assert.Contains("no plan named other", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, "dr-test plan=shop from=v2")).ExitCode);
    }

    [Theory]
    [InlineData("dr-failover --yes")]
    [InlineData("dr-status")]
    [InlineData("dr-run-list")]
    [InlineData("dr-plan plan=shop")]
    [InlineData("dr-plan target=south")]
    public async Task A_server_without_the_engine_is_said_to_be_one(string line)
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, line);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("target=SITE", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dr-failover kind=test", "kind")]
    [InlineData("dr-failover keep=true", "keep")]
    [InlineData("dr-failover hook:sometimes=x", "hook:")]
    [InlineData("dr-failover on-failure=panic", "on-failure=")]
    [InlineData("dr-failover device-config:location=/x", "type=")]
    public async Task What_means_nothing_is_said_before_anything_is_asked(string line, string complaint)
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, line);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(complaint, run.Error, StringComparison.Ordinal);
        Assert.Empty(pool.Trace);
    }

    [Fact]
    public async Task The_status_fits_a_screen_and_has_what_is_wrong_first()
    {
        await using var pool = await Scene.StartAsync();
        var site = new Site
        {
            Name = "north",
            Address = "https://north",
            User = "root",
            PoolUuid = "u",
            PoolName = "primary",
            AddedBy = "ann",
            AddedAt = DateTimeOffset.UnixEpoch,
        };
        pool.On("recovery.get_status", _ => new WireString(RecoveryJson.Write(new DrStatus
        {
            Pool = new(ObjectKind.Pool, Scene.PoolUuid, "site one"),
            At = DateTimeOffset.UnixEpoch.AddHours(3),
            Problems = ["SR store: the copy of the metadata there is broken (no space)."],
            Sites = [new(site, false, "no route")],
            Protected = [new(Scene.SrUuid, "store", "broken", 12, "no space", null)],
            Unprotected = [.. Enumerable.Range(0, 20)
                .Select(i => new UnprotectedVm(new(ObjectKind.Vm, $"{i}", $"vm {i}"), "no SR holds this pool's metadata"))],
            Found = [new("v1", Scene.SrUuid, "store", "primary", DateTimeOffset.UnixEpoch.AddHours(2), "intact")],
        })));
        var run = await CliRun.AgainstAsync(pool, "dr-status");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var lines = run.Output.Split('\n');
        Assert.StartsWith("Pool site one", lines[0], StringComparison.Ordinal);
        Assert.Contains("broken (no space)", lines[2], StringComparison.Ordinal);
        Assert.Contains("and 8 more", run.Output, StringComparison.Ordinal);
        Assert.Contains("60 min ago", run.Output, StringComparison.Ordinal);
        Assert.InRange(lines.Length, 10, 40);
    }

    [Fact]
    public async Task A_sites_password_comes_from_a_file_and_its_certificate_is_said()
    {
        await using var pool = await Scene.StartAsync();
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "sesame\n", TestContext.Current.CancellationToken);
        pool.On("recovery.add_site", a => FakeDatabase.Text(a[3]) == "sesame"
            ? new WireString(
                RecoveryJson.Write(
                    new Site
                    {
                        Name = "north",
                        Address = "https://north",
                        User = "root",
                        PoolUuid = "u",
                        PoolName = "primary",
                        Certificate = "ab12",
                        AddedBy = "ann",
                        AddedAt = DateTimeOffset.UnixEpoch,
                    }))
            : throw new XenApiException("DR_SITE_UNREACHABLE", "north", "x"));
        var run = await CliRun.AgainstAsync(pool, $"dr-site-add name=north address=north password-file={file}");
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.Contains("SHA-256 ab12", run.Error, StringComparison.Ordinal);
        Assert.Contains(
            "No password", (await CliRun.AgainstAsync(pool, "dr-site-add name=north address=north")).Error, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public async Task A_report_goes_to_standard_output_or_to_a_file()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("recovery.get_report", a => new WireString($"# {FakeDatabase.Text(a[1])}\n"));
        Assert.Equal("# markdown\n", (await CliRun.AgainstAsync(pool, $"dr-report uuid={Run}")).Output);
        var file = Path.GetTempFileName();
        Assert.Equal("", (await CliRun.AgainstAsync(pool, $"dr-report uuid={Run} format=html file={file}")).Output);
        Assert.Equal("# html\n", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        File.Delete(file);
    }

    [Fact]
    public async Task A_report_is_printed_as_PDF_by_the_browser_of_this_machine()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("recovery.get_report", a => new WireString($"<!DOCTYPE html><title>{FakeDatabase.Text(a[1])}</title><p>done</p>"));
        Assert.Contains("file=", (await CliRun.AgainstAsync(pool, $"dr-report uuid={Run} format=pdf")).Error, StringComparison.Ordinal);
        foreach (var impossible in new[] { "", "\0", "/dev/null/report.pdf" })
        {
            var refused = await CliRun.AgainstAsync(pool, $"dr-report uuid={Run} format=pdf file={impossible}");
            Assert.Equal(1, refused.ExitCode);
            Assert.StartsWith("file=", refused.Error, StringComparison.Ordinal);
        }

        var file = Path.GetTempFileName();
        var run = await CliRun.AgainstAsync(pool, $"dr-report uuid={Run} format=pdf file={file}");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.StartsWith("%PDF-", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        File.Delete(file);
    }

    private static async Task<(int Code, string Error)> TypingAsync(FakePool pool, string[] typed, string line)
    {
        var (output, error, input) = (new StringWriter(), new StringWriter(), new Queue<string>(typed));
        var terminal = new Terminal(output, error, isInteractive: true, () => "", () => input.TryDequeue(out var next) ? next : null);
        var app = new App(terminal, Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "known-pools"), TimeProvider.System);
        return (await app.RunAsync(["-s", pool.Url, "-u", "root", "-pw", FakePool.Password, .. line.Split(' ')], null, TestContext.Current.CancellationToken), error.ToString());
    }
}
