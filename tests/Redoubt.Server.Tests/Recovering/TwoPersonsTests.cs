using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Recovering;

/// <summary>What needs two persons, in a real pool and over the wire.</summary>
public sealed class TwoPersonsTests
{
    [Fact]
    public async Task A_failover_waits_for_another_person_and_never_for_the_same_one_in_another_session()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var here = scene.Target;
        var (ann, annAgain, bob) = await UsersAsync(here);
        await here.CallAsync("recovery.set_two_persons", (object)new[] { "failover" });
        var request = scene.Failover().ToJson();
        var digest = (await scene.PlanAsync(scene.Failover(), ann)).Digest;
        var needed = await here.RawFailureAsync("recovery.start", ann, request, digest);
        Assert.Equal("DR_APPROVAL_NEEDED", needed[0]);

        // Asking again asks for nothing new.
        Assert.Equal(needed, await here.RawFailureAsync("recovery.start", annAgain, request, digest));
        var waiting = Assert.Single((await BookAsync(here)).Requests);
        Assert.Equal((needed[1], "ann", ApprovalOutcome.Waiting), (waiting.Id, waiting.By, waiting.Outcome));
        Assert.Contains("web", waiting.What, StringComparison.Ordinal);
        Assert.Contains((await StatusAsync(here)).Problems, p => p.Contains($"dr-approve id={waiting.Id}", StringComparison.Ordinal));
        foreach (var session in new[] { ann, annAgain })
        {
            Assert.Equal("DR_APPROVAL_OWN", (await here.RawFailureAsync("recovery.approve", session, waiting.Id, ""))[0]);
            Assert.Equal("DR_APPROVAL_OWN", (await here.RawFailureAsync("recovery.refuse", session, waiting.Id, ""))[0]);
        }

        // It survives a restart, is for who asked and for just that, and is used up by it.
        await here.StopAsync();
        await here.StartAsync();
        (ann, bob) = (await here.LoginAsync("ann"), await here.LoginAsync("bob"));
        await here.ResultAsync("recovery.approve", bob, waiting.Id, "checked with the floor");
        Assert.Equal("DR_APPROVAL_NEEDED", (await here.RawFailureAsync("recovery.start", bob, request, digest))[0]);
        var other = scene.Failover();
        other = other with { Policy = other.Policy with { AcceptedVolumes = [scene.Volume] } };
        var otherDigest = (await scene.PlanAsync(other, ann)).Digest;
        Assert.Equal("DR_APPROVAL_NEEDED", (await here.RawFailureAsync("recovery.start", ann, other.ToJson(), otherDigest))[0]);
        var run = (await here.ResultAsync("recovery.start", ann, request, digest)).GetString()!;
        Assert.Equal(RunPhase.Succeeded, (await scene.EndedAsync(run)).Phase);
        Assert.Equal(ApprovalOutcome.Used, (await BookAsync(here)).Requests[0].Outcome);
        Assert.Equal("DR_APPROVAL_UNKNOWN", (await here.RawFailureAsync("recovery.approve", bob, waiting.Id, ""))[0]);

        // The report has it, and what the request itself may say of an approval counts for nothing.
        var report = (await here.CallAsync("recovery.get_report", run, "markdown")).GetString()!;
        Assert.Contains("Approved, as the second person whom the pool asks for. checked with the floor", report, StringComparison.Ordinal);
        Assert.Equal(
            ["DR_APPROVAL_ASKED", "DR_APPROVAL_GIVEN", "DR_TWO_PERSONS_CHANGED"],
            (await MessagesAsync(here)).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_a_request_says_of_its_own_approval_counts_for_nothing()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (ann, _, _) = await UsersAsync(scene.Target);
        await scene.Target.CallAsync("recovery.set_two_persons", (object)new[] { "failover", "migration", "unprotect" });
        var forged = scene.Failover() with { Approval = new("x", "bob", DateTimeOffset.UnixEpoch, "fine", false) };
        var digest = (await scene.PlanAsync(scene.Failover(), ann)).Digest;
        Assert.Equal("DR_APPROVAL_NEEDED", (await scene.Target.RawFailureAsync("recovery.start", ann, forged.ToJson(), digest))[0]);

        // A test needs nobody else, and its report no approval.
        await scene.Target.CallAsync("recovery.set_two_persons", (object)new[] { "failover", "migration", "unprotect" });
        var test = scene.Failover();
        test = test with { Policy = test.Policy with { Kind = RecoveryKind.Test }, Approval = forged.Approval };
        var planned = await scene.PlanAsync(test, ann);
        var run = (await scene.Target.ResultAsync("recovery.start_test", ann, test.ToJson(), planned.Digest)).GetString()!;
        var ended = await scene.EndedAsync(run);
        Assert.Null(ended.Request.Approval);
    }

    [Fact]
    public async Task Nothing_is_recovered_by_another_message_either()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var here = scene.Target;
        var (ann, _, bob) = await UsersAsync(here);
        await here.CallAsync("recovery.set_two_persons", (object)new[] { "failover" });
        var vdi = (await here.ResultAsync("VDI.get_by_uuid", ann, scene.Volume)).GetString();
        var foreign = (await here.ResultAsync("VDI.open_database", ann, vdi)).GetString()!;
        var vm = (await here.ResultAsync("VM.get_by_name_label", foreign, "web"))[0].GetString();
        var none = new Dictionary<string, string>();
        var needed = await here.RawFailureAsync("VM.recover", foreign, vm, ann, true);
        Assert.Equal("DR_APPROVAL_NEEDED", needed[0]);
        Assert.Equal("DR_APPROVAL_NEEDED", (await here.RawFailureAsync("VM.recover_mapped", foreign, vm, ann, true, none, none))[0]);
        await here.ResultAsync("recovery.approve", bob, needed[1], "");

        // What is refused for another reason uses nothing up.
        var wrong = new Dictionary<string, string> { [Guid.NewGuid().ToString()] = Guid.NewGuid().ToString() };
        Assert.Equal("UUID_INVALID", (await here.RawFailureAsync("VM.recover_mapped", foreign, vm, ann, true, none, wrong))[0]);
        await here.ResultAsync("VM.recover", foreign, vm, ann, true);
        Assert.Single((await here.CallAsync("VM.get_by_name_label", "web")).EnumerateArray());
    }

    [Fact]
    public async Task Protection_is_stopped_by_no_message_without_a_second_person()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        var (ann, _, bob) = await UsersAsync(pool);
        var sr = await pool.CreateSrAsync();
        await pool.CallAsync("SR.enable_database_replication", sr);
        await pool.CallAsync("recovery.set_two_persons", (object)new[] { "unprotect" });
        var pbd = (await pool.CallAsync("SR.get_PBDs", sr))[0].GetString();
        var needed = await pool.RawFailureAsync("SR.disable_database_replication", ann, sr);
        Assert.Equal("DR_APPROVAL_NEEDED", needed[0]);
        Assert.Equal(needed, await pool.RawFailureAsync("PBD.unplug", ann, pbd));

        // Root is a person like any other.
        Assert.Equal("DR_APPROVAL_NEEDED", (await pool.FailureAsync("SR.disable_database_replication", sr))[0]);
        await pool.ResultAsync("recovery.refuse", bob, needed[1], "not today");
        var again = await pool.RawFailureAsync("SR.disable_database_replication", ann, sr);
        Assert.Equal("DR_APPROVAL_NEEDED", again[0]);
        Assert.NotEqual(needed[1], again[1]);
        await pool.ResultAsync("recovery.approve", bob, again[1], "");

        // What was approved holds for four hours.
        pool.Clock.Advance(ApprovalBook.Holds);
        var late = await pool.RawFailureAsync("SR.disable_database_replication", ann, sr);
        Assert.Equal("DR_APPROVAL_NEEDED", late[0]);
        await pool.ResultAsync("recovery.approve", bob, late[1], "");
        await pool.ResultAsync("SR.disable_database_replication", ann, sr);

        // Whatever carries nothing can go.
        await pool.ResultAsync("PBD.unplug", ann, pbd);
    }

    [Fact]
    public async Task An_emergency_is_loud_and_on_record_and_only_of_who_asked()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var here = scene.Target;
        var (ann, _, bob) = await UsersAsync(here);
        await here.CallAsync("recovery.set_two_persons", (object)new[] { "failover" });
        var digest = (await scene.PlanAsync(scene.Failover(), ann)).Digest;
        var id = (await here.RawFailureAsync("recovery.start", ann, scene.Failover().ToJson(), digest))[1];
        Assert.Equal("INVALID_VALUE", (await here.RawFailureAsync("recovery.override_approval", ann, id, " "))[0]);
        Assert.Equal("INVALID_VALUE", (await here.RawFailureAsync("recovery.override_approval", bob, id, "why not"))[0]);
        await here.ResultAsync("recovery.override_approval", ann, id, "the site burns, nobody answers");
        var run = (await here.ResultAsync("recovery.start", ann, scene.Failover().ToJson(), digest)).GetString()!;
        await scene.EndedAsync(run);
        var report = (await here.CallAsync("recovery.get_report", run, "html")).GetString()!;
        Assert.Contains("WITHOUT the second person", report, StringComparison.Ordinal);
        Assert.Contains("the site burns, nobody answers", report, StringComparison.Ordinal);
        var told = here.Server.Daemon.Services.State.All<MessageRecord>().Select(m => m.Record)
            .Single(m => m.Name == "DR_APPROVAL_OVERRIDDEN");
        Assert.Equal(1, told.Priority);
        Assert.Contains("ann", told.Body, StringComparison.Ordinal);
        Assert.Contains(
            (await here.AuditAsync()).Select(l => l.GetProperty("call").GetString()),
            call => call!.Contains("recovery.override_approval", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Less_needs_two_persons_only_if_two_want_that()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        var (ann, _, bob) = await UsersAsync(pool);
        var refused = await pool.RawFailureAsync("recovery.set_two_persons", ann, (object)new[] { "failover" });
        Assert.Equal("RBAC_PERMISSION_DENIED", refused[0]);
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("recovery.set_two_persons", (object)new[] { "policy" }))[0]);
        await pool.CallAsync("recovery.set_two_persons", (object)new[] { "failover" });
        await pool.CallAsync("recovery.set_two_persons", (object)new[] { "failover", "unprotect" });
        var needed = await pool.FailureAsync("recovery.set_two_persons", (object)new[] { "failover" });
        Assert.Equal("DR_APPROVAL_NEEDED", needed[0]);
        Assert.Equal("DR_APPROVAL_NEEDED", (await pool.FailureAsync("recovery.set_two_persons", (object)Array.Empty<string>()))[0]);
        await pool.ResultAsync("recovery.approve", bob, needed[1], "");
        await pool.CallAsync("recovery.set_two_persons", (object)new[] { "failover" });
        Assert.Equal([GuardedAct.Failover], (await BookAsync(pool)).Guarded);
    }

    private static async Task<(string Ann, string AnnAgain, string Bob)> UsersAsync(TestPool pool)
    {
        await pool.CreateUserAsync("ann", "pool-operator");
        await pool.CreateUserAsync("bob", "pool-operator");
        return (await pool.LoginAsync("ann"), await pool.LoginAsync("ann"), await pool.LoginAsync("bob"));
    }

    private static async Task<ApprovalBook> BookAsync(TestPool pool) =>
        RecoveryJson.Read<ApprovalBook>((await pool.CallAsync("recovery.get_approvals")).GetString()!);

    private static async Task<DrStatus> StatusAsync(TestPool pool) =>
        RecoveryJson.Read<DrStatus>((await pool.CallAsync("recovery.get_status")).GetString()!);

    private static async Task<List<string>> MessagesAsync(TestPool pool)
    {
        await Patience.UntilAsync(
            () => pool.Server.Daemon.Services.State.All<MessageRecord>().Any(m => m.Record.Name == "DR_APPROVAL_GIVEN"), "it is told");
        return [.. pool.Server.Daemon.Services.State.All<MessageRecord>().Select(m => m.Record.Name)
            .Where(n => n.StartsWith("DR_APPROVAL", StringComparison.Ordinal) || n.StartsWith("DR_TWO", StringComparison.Ordinal))];
    }
}
