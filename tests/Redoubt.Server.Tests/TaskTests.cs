using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

public sealed class TaskTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task An_asynchronous_call_is_a_task_with_its_answer()
    {
        var host = (await pool.CallAsync("host.get_all"))[0].GetString();
        var config = new Dictionary<string, string> { ["location"] = pool.NewDirectory() };
        var task = (await pool.CallAsync("Async.SR.create", host, config, 0, "s", "", "file", "user", true, new Dictionary<string, string>())).GetString()!;
        var record = await pool.FinishedAsync(task);
        Assert.Equal("success", record.GetProperty("status").GetString());
        Assert.Equal("Async.SR.create", record.GetProperty("name_label").GetString());
        Assert.Equal(1, record.GetProperty("progress").GetDouble());
        Assert.Equal("<none/>", record.GetProperty("type").GetString());
        Assert.Matches("^<value>OpaqueRef:[-0-9a-f]{36}</value>$", record.GetProperty("result").GetString());
        Assert.NotEqual("19700101T00:00:00Z", record.GetProperty("finished").GetString());
        Assert.Contains(task, (await pool.CallAsync("session.get_tasks", pool.Session)).EnumerateArray().Select(t => t.GetString()));
        await pool.CallAsync("task.destroy", task);
        Assert.Equal(["HANDLE_INVALID", "task", task], await pool.FailureAsync("task.get_record", task));
    }

    [Fact]
    public async Task A_call_without_an_answer_leaves_an_empty_value()
    {
        var sr = await pool.CreateSrAsync();
        var record = await pool.FinishedAsync((await pool.CallAsync("Async.SR.scan", sr)).GetString()!);
        Assert.Equal("<value></value>", record.GetProperty("result").GetString());
    }

    [Fact]
    public async Task A_task_that_fails_keeps_code_and_parameters()
    {
        var record = await pool.FinishedAsync((await pool.CallAsync("Async.SR.scan", "OpaqueRef:nope")).GetString()!);
        Assert.Equal("failure", record.GetProperty("status").GetString());
        Assert.Equal(
            ["HANDLE_INVALID", "SR", "OpaqueRef:nope"], record.GetProperty("error_info").EnumerateArray().Select(e => e.GetString()));
    }

    [Fact]
    public async Task A_task_is_cancelled_while_it_runs()
    {
        var task = await StartAsync(async call =>
        {
            await call.Task.ReportAsync(0.25);
            await Task.Delay(Timeout.Infinite, call.Cancellation);
            return "";
        });
        Assert.Equal("pending", (await pool.CallAsync("task.get_status", task)).GetString());
        Assert.Equal(["cancel"], (await pool.CallAsync("task.get_allowed_operations", task)).EnumerateArray().Select(o => o.GetString()));
        await pool.CallAsync("task.cancel", task);
        var record = await pool.FinishedAsync(task);
        Assert.Equal("cancelled", record.GetProperty("status").GetString());
        Assert.Equal(["TASK_CANCELLED", task], record.GetProperty("error_info").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal("OPERATION_NOT_ALLOWED", (await pool.FailureAsync("task.cancel", task))[0]);
    }

    [Fact]
    public async Task A_bug_is_an_internal_error_without_its_stack()
    {
        var record = await pool.FinishedAsync(await StartAsync(_ => throw new InvalidOperationException("boom")));
        Assert.Equal(
            ["INTERNAL_ERROR", "InvalidOperationException: boom"],
            record.GetProperty("error_info").EnumerateArray().Select(e => e.GetString()));
    }

    [Fact]
    public async Task A_task_destroyed_while_it_runs_goes_when_it_ends()
    {
        var release = new TaskCompletionSource();
        var task = await StartAsync(async _ =>
        {
            await release.Task;
            return "";
        });
        await pool.CallAsync("task.destroy", task);
        release.SetResult();
        while ((await pool.CallAsync("task.get_all")).EnumerateArray().Any(t => t.GetString() == task))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_client_may_keep_a_task_of_its_own()
    {
        var task = (await pool.CallAsync("task.create", "mine", "by hand")).GetString()!;
        await pool.CallAsync("task.set_progress", task, 0.5);
        await pool.CallAsync("task.set_status", task, "success");
        var record = await pool.CallAsync("task.get_record", task);
        Assert.Equal(0.5, record.GetProperty("progress").GetDouble());
        Assert.Equal("success", record.GetProperty("status").GetString());
        await pool.CallAsync("task.destroy", task);
    }

    [Fact]
    public async Task Tasks_of_a_closed_session_are_swept_away_after_a_while()
    {
        var session = await pool.LoginAsync();
        var theirs = (await pool.ResultAsync("Async.SR.scan", session, "OpaqueRef:nope")).GetString()!;
        await pool.FinishedAsync(theirs);
        var mine = (await pool.CallAsync("Async.SR.scan", "OpaqueRef:nope")).GetString()!;
        await pool.FinishedAsync(mine);
        await pool.ResultAsync("session.logout", session);
        var services = pool.Server.Daemon.Services;
        await services.Database.WriteAsync(
            tx =>
            {
                tx.Update(new Ref<TaskRecord>(theirs), t => t with { Finished = t.Finished.AddMinutes(-2) });
                tx.Update(new Ref<TaskRecord>(mine), t => t with { Finished = t.Finished.AddMinutes(-2) });
            },
            TestContext.Current.CancellationToken);
        await pool.Server.Sweep.SweepAsync();
        Assert.Equal(["HANDLE_INVALID", "task", theirs], await pool.FailureAsync("task.get_record", theirs));
        await pool.CallAsync("task.destroy", mine);
    }

    private async Task<string> StartAsync(Func<CallContext, Task<object?>> work)
    {
        var services = pool.Server.Daemon.Services;
        DatabaseState state = services.State;
        return (await pool.Server.Tasks.StartAsync("test", services.Sessions.Get(new(pool.Session), pool.Session), state, work, XenTypes.Void)).Opaque;
    }
}
