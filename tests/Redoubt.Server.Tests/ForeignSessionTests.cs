namespace Redoubt.Server.Tests;

public sealed class ForeignSessionTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task A_session_on_a_foreign_database_reads_it_and_writes_nothing()
    {
        var foreign = await pool.OpenForeignAsync();
        var vm = (await pool.ResultAsync("VM.get_all", foreign))[0].GetString()!;
        var label = (await pool.CallAsync("VM.get_name_label", vm)).GetString();
        await pool.CallAsync("VM.add_to_other_config", vm, "later", "1");
        Assert.False((await pool.ResultAsync("VM.get_other_config", foreign, vm)).TryGetProperty("later", out _));
        Assert.Equal(label, (await pool.ResultAsync("VM.get_name_label", foreign, vm)).GetString());

        var denied = await pool.RawFailureAsync("VM.set_name_label", foreign, vm, "x");
        Assert.Equal(["RBAC_PERMISSION_DENIED", "vm.set_name_label"], denied[..2]);
        Assert.StartsWith("No permission in user session. (Roles with this permission: pool-admin, ", denied[2], StringComparison.Ordinal);
        Assert.Equal(label, (await pool.CallAsync("VM.get_name_label", vm)).GetString());

        foreach (var (method, parameters) in new (string, object?[])[] { ("task.create", ["a", "b"]), ("session.change_password", ["a", "b"]), ("event.inject", ["vm", vm]) })
        {
            Assert.Equal("RBAC_PERMISSION_DENIED", (await pool.RawFailureAsync(method, [foreign, .. parameters]))[0]);
        }

        using var response = await pool.Http.GetAsync(
            new Uri(pool.Url, $"/pool/xmldbdump?session_id={foreign}"), TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Its_own_record_is_that_of_a_reader()
    {
        var foreign = await pool.OpenForeignAsync();
        var record = await pool.ResultAsync("session.get_record", foreign, foreign);
        Assert.False(record.GetProperty("is_local_superuser").GetBoolean());
        Assert.Equal("readonly-sid", record.GetProperty("auth_user_sid").GetString());
        await pool.ResultAsync("session.logout", foreign);
        Assert.Equal(["SESSION_INVALID", foreign], await pool.RawFailureAsync("VM.get_all", foreign));
    }

    [Fact]
    public async Task Its_tasks_live_in_the_pool_itself()
    {
        var foreign = await pool.OpenForeignAsync();
        var vm = (await pool.ResultAsync("VM.get_all", foreign))[0].GetString()!;
        var task = (await pool.ResultAsync("Async.VM.assert_can_be_recovered", foreign, vm, pool.Session)).GetString()!;
        await pool.FinishedAsync(task);
        Assert.Equal(["HANDLE_INVALID", "task", task], await pool.RawFailureAsync("task.get_record", foreign, task));
    }
}
