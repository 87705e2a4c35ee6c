using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Redoubt.Server.Tests;

public sealed class UserTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task A_user_logs_in_as_themselves()
    {
        var ann = await pool.CreateUserAsync("ann", "vm-operator");
        var session = await pool.LoginAsync("ANN");
        var record = await pool.CallAsync("session.get_record", session);
        Assert.Equal("ann", record.GetProperty("auth_user_name").GetString());
        Assert.Equal("local:ann", record.GetProperty("auth_user_sid").GetString());
        Assert.Equal(ann, record.GetProperty("subject").GetString());
        Assert.False(record.GetProperty("is_local_superuser").GetBoolean());
        var permissions = record.GetProperty("rbac_permissions").EnumerateArray().Select(p => p.GetString()).ToList();
        Assert.Contains("vm.start", permissions);
        Assert.DoesNotContain("vm.destroy", permissions);
        Assert.Contains(
            "local:ann", (await pool.CallAsync("session.get_all_subject_identifiers")).EnumerateArray().Select(i => i.GetString()));
    }

    [Fact]
    public async Task A_wrong_password_an_unknown_name_and_roots_password_for_a_user_are_refused_alike()
    {
        await pool.CreateUserAsync("bob", "pool-admin");
        foreach (var (name, password) in new[] { ("bob", "wrong"), ("bob", TestPool.Password), ("nobody", UserScene.Secret), ("root", UserScene.Secret) })
        {
            Assert.Equal(
                ["SESSION_AUTHENTICATION_FAILED", name, "Authentication failure"],
                await pool.RawFailureAsync("session.login_with_password", name, password, "1.0", "tests"));
        }
    }

    [Fact]
    public async Task Without_a_role_nobody_logs_in()
    {
        await pool.CreateUserAsync("carol", role: null);
        var failure = await pool.RawFailureAsync("session.login_with_password", "carol", UserScene.Secret, "1.0", "tests");
        Assert.Equal(["RBAC_PERMISSION_DENIED", "carol", "Subject carol (identifier local:carol) has no roles in this pool"], failure);
    }

    [Fact]
    public async Task The_role_holds_for_calls_tasks_and_transfers()
    {
        await pool.CreateUserAsync("dan", "vm-operator");
        var session = await pool.LoginAsync("dan");
        foreach (var method in new[] { "SR.scan", "Async.SR.scan" })
        {
            var failure = await pool.RawFailureAsync(method, session, "OpaqueRef:nope");
            Assert.Equal("RBAC_PERMISSION_DENIED", failure[0]);
            Assert.Equal("sr.scan", failure[1]);
        }

        using var dump = await pool.Http.GetAsync(
            new Uri(pool.Url, $"/pool/xmldbdump?session_id={session}"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, dump.StatusCode);
        using var byName = new HttpRequestMessage(HttpMethod.Get, new Uri(pool.Url, "/pool/xmldbdump"));
        byName.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"dan:{UserScene.Secret}")));
        using var refused = await pool.Http.SendAsync(byName, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task A_changed_role_counts_at_once()
    {
        var eve = await pool.CreateUserAsync("eve", "read-only");
        var session = await pool.LoginAsync("eve");
        var network = (await pool.CallAsync("network.create", new Dictionary<string, object> { ["name_label"] = "eve's" })).GetString();
        Assert.Equal("RBAC_PERMISSION_DENIED", (await pool.RawFailureAsync("network.set_name_label", session, network, "mine"))[0]);
        await pool.CallAsync("subject.add_to_roles", eve, await pool.RoleAsync("pool-operator"));
        await pool.ResultAsync("network.set_name_label", session, network, "mine");
        Assert.Contains(
            "network.destroy", (await pool.CallAsync("session.get_rbac_permissions", session)).EnumerateArray().Select(p => p.GetString()));
        await pool.CallAsync("subject.remove_from_roles", eve, await pool.RoleAsync("pool-operator"));
        Assert.Equal("RBAC_PERMISSION_DENIED", (await pool.RawFailureAsync("network.set_name_label", session, network, "yours"))[0]);
        await pool.CallAsync("subject.remove_from_roles", eve, await pool.RoleAsync("read-only"));
        Assert.Equal(["SESSION_INVALID", session], await pool.RawFailureAsync("network.get_all", session));
    }

    [Fact]
    public async Task Sessions_of_a_destroyed_user_end_even_while_they_wait()
    {
        var fay = await pool.CreateUserAsync("fay", "pool-admin");
        var session = await pool.LoginAsync("fay");
        var token = (await pool.ResultAsync("event.from", session, new[] { "network" }, "", 30.0)).GetProperty("token").GetString();
        var waiting = pool.RawFailureAsync("event.from", session, new[] { "network" }, token, 60.0);
        await pool.CallAsync("subject.destroy", fay);
        Assert.Equal(["SESSION_INVALID", session], await pool.RawFailureAsync("network.get_all", session));
        Assert.Equal("SESSION_INVALID", (await waiting)[0]);
        Assert.Equal("HANDLE_INVALID", (await pool.FailureAsync("session.get_record", session))[0]);
        Assert.Equal(
            "SESSION_AUTHENTICATION_FAILED",
            (await pool.RawFailureAsync("session.login_with_password", "fay", UserScene.Secret, "1.0", "tests"))[0]);

        // Whoever comes after them under the same name starts without their password.
        await pool.CallAsync("subject.create", UserScene.Record("fay"));
        Assert.Equal(
            "SESSION_AUTHENTICATION_FAILED",
            (await pool.RawFailureAsync("session.login_with_password", "fay", UserScene.Secret, "1.0", "tests"))[0]);
    }

    [Fact]
    public async Task A_session_on_another_pools_database_ends_with_its_owner()
    {
        var gus = await pool.CreateUserAsync("gus", "pool-operator");
        var session = await pool.LoginAsync("gus");
        var sr = await pool.CreateSrAsync();
        await pool.CallAsync("SR.enable_database_replication", sr);
        var vdi = (await pool.CallAsync("SR.get_VDIs", sr))[0].GetString();
        var foreign = (await pool.ResultAsync("VDI.open_database", session, vdi)).GetString()!;
        await pool.ResultAsync("VM.get_all", foreign);
        await pool.CallAsync("subject.destroy", gus);
        Assert.Equal(["SESSION_INVALID", foreign], await pool.RawFailureAsync("VM.get_all", foreign));
    }

    [Fact]
    public async Task A_new_password_ends_the_sessions_of_whoever_knew_the_old_one()
    {
        var hal = await pool.CreateUserAsync("hal", "pool-admin");
        var (one, two) = (await pool.LoginAsync("hal"), await pool.LoginAsync("hal"));
        await pool.ResultAsync("subject.set_password", one, hal, "another one");
        await pool.ResultAsync("network.get_all", one);
        Assert.Equal("SESSION_INVALID", (await pool.RawFailureAsync("network.get_all", two))[0]);
        Assert.Equal(
            "SESSION_AUTHENTICATION_FAILED",
            (await pool.RawFailureAsync("session.login_with_password", "hal", UserScene.Secret, "1.0", "tests"))[0]);
        await pool.ResultAsync("session.login_with_password", "hal", "another one", "1.0", "tests");
    }

    [Fact]
    public async Task Users_outlive_a_restart_and_their_hashes_are_private_and_not_in_the_database()
    {
        await pool.CreateUserAsync("ida", "pool-admin");
        var file = Path.Combine(pool.DataDirectory, "user-passwords.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.DoesNotContain(
            UserScene.Secret, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var dump = await pool.Http.GetAsync(
            new Uri(pool.Url, $"/pool/xmldbdump?session_id={pool.Session}"), TestContext.Current.CancellationToken);
        var text = await dump.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("local:ida", text, StringComparison.Ordinal);
        Assert.DoesNotContain(UserScene.Secret, text, StringComparison.Ordinal);
        await pool.Server.DisposeAsync();
        await pool.StartAsync();
        await pool.LoginAsync("ida");
    }

    [Theory]
    [InlineData("")]
    [InlineData("with:colon")]
    [InlineData("Root")]
    [InlineData("line\nbreak")]
    public async Task Names_that_could_not_log_in_are_refused(string name)
    {
        var record = UserScene.Record(name);
        if (name.Length > 0)
        {
            Assert.Equal(["INVALID_VALUE", "other_config:subject-name", name], await pool.FailureAsync("subject.create", record));
            return;
        }

        var nameless = (await pool.CallAsync("subject.create", record)).GetString()!;
        Assert.Equal("OPERATION_NOT_ALLOWED", (await pool.FailureAsync("subject.set_password", nameless, "x"))[0]);
    }

    [Fact]
    public async Task One_name_and_one_identifier_are_one_subject()
    {
        await pool.CreateUserAsync("jan", null);
        Assert.Equal(["SUBJECT_ALREADY_EXISTS"], await pool.FailureAsync("subject.create", UserScene.Record("jan")));
        var other = UserScene.Record("JAN");
        other["subject_identifier"] = "S-1-5-21";
        Assert.Equal(["SUBJECT_ALREADY_EXISTS"], await pool.FailureAsync("subject.create", other));
    }

    [Fact]
    public async Task Only_administrators_handle_users()
    {
        var kim = await pool.CreateUserAsync("kim", "pool-operator");
        var session = await pool.LoginAsync("kim");
        foreach (var (method, more) in new (string, object[])[]
        {
            ("subject.set_password", [kim, "x"]), ("subject.destroy", [kim]), ("subject.create", [UserScene.Record("leo")]),
            ("subject.add_to_roles", [kim, await pool.RoleAsync("pool-admin")]),
        })
        {
            Assert.Equal("RBAC_PERMISSION_DENIED", (await pool.RawFailureAsync(method, [session, .. more]))[0]);
        }
    }

    [Fact]
    public async Task Logging_out_an_identifier_ends_its_sessions_only()
    {
        await pool.CreateUserAsync("meg", "read-only");
        await pool.CreateUserAsync("ned", "read-only");
        var (meg, ned) = (await pool.LoginAsync("meg"), await pool.LoginAsync("ned"));
        await pool.CallAsync("session.logout_subject_identifier", "local:meg");
        Assert.Equal("SESSION_INVALID", (await pool.RawFailureAsync("network.get_all", meg))[0]);
        await pool.ResultAsync("network.get_all", ned);
    }
}
