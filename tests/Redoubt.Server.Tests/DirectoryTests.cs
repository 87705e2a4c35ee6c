using Redoubt.Server.Directories;

namespace Redoubt.Server.Tests;

public sealed class DirectoryTests(TestPool pool) : IClassFixture<TestPool>, IAsyncLifetime
{
    private const string Lookup = "cn=lookup,dc=site";
    private const string LookupPassword = "lookup-secret";
    private const string Ann = "uid=ann,ou=people,dc=site";
    private const string Operators = "cn=operators,ou=groups,dc=site";

    private readonly LdapServer _ldap = new();

    public ValueTask InitializeAsync()
    {
        _ldap.Add("dc=site", "");
        _ldap.Add(Lookup, LookupPassword, "uid=lookup");
        _ldap.Add(Ann, "ann-secret", "uid=ann");
        _ldap.Add("uid=bob,ou=people,dc=site", "bob-secret", "uid=bob");
        _ldap.Add(Operators, "group-secret", "cn=operators", $"member={Ann}");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await pool.CallAsync("pool.disable_external_auth", await ThisPoolAsync(), new Dictionary<string, string>());
        foreach (var subject in (await pool.CallAsync("subject.get_all")).EnumerateArray())
        {
            await pool.CallAsync("subject.destroy", subject.GetString());
        }

        await _ldap.DisposeAsync();
    }

    [Fact]
    public async Task Somebody_in_a_group_that_is_a_subject_logs_in_with_its_role()
    {
        await EnableAsync();
        Assert.Equal(Operators, (await pool.CallAsync("auth.get_subject_identifier", "operators")).GetString());
        var group = await SubjectAsync(Operators, "pool-operator");
        var session = await LoginAsync("ann", "ann-secret");
        var record = await pool.CallAsync("session.get_record", session);
        Assert.Equal("ann", record.GetProperty("auth_user_name").GetString());
        Assert.Equal(Ann, record.GetProperty("auth_user_sid").GetString());
        Assert.Equal(group, record.GetProperty("subject").GetString());
        await pool.ResultAsync("network.create", session, new Dictionary<string, object> { ["name_label"] = "ann's" });
        Assert.Equal("RBAC_PERMISSION_DENIED", (await pool.RawFailureAsync("subject.destroy", session, group))[0]);

        // Their own subject counts too, and the highest role of all is theirs.
        var own = await SubjectAsync((await pool.CallAsync("auth.get_subject_identifier", "ann")).GetString()!, "pool-admin");
        var second = await LoginAsync("ann", "ann-secret");
        Assert.Equal(own, (await pool.CallAsync("session.get_subject", second)).GetString());
        await pool.ResultAsync("subject.destroy", second, group);
        Assert.Equal("SESSION_INVALID", (await pool.RawFailureAsync("network.get_all", session))[0]);
        await pool.ResultAsync("network.get_all", second);
    }

    [Theory]
    [InlineData("ann", "wrong")]
    [InlineData("ann", "")]
    [InlineData("bob", "bob-secret")]
    [InlineData("a*", "ann-secret")]
    [InlineData("ann)(uid=*", "ann-secret")]
    [InlineData("root", "ann-secret")]
    [InlineData("operators", "group-secret")]
    public async Task Wrong_passwords_empty_ones_strangers_and_filters_are_refused(string name, string password)
    {
        await EnableAsync();
        await SubjectAsync(Operators, "pool-admin");
        var failure = await pool.RawFailureAsync("session.login_with_password", name, password, "1.0", "tests");
        Assert.Equal(["SESSION_AUTHENTICATION_FAILED", name, "Authentication failure"], failure);
    }

    [Fact]
    public async Task The_lookup_password_is_kept_apart_and_the_database_does_not_have_it()
    {
        await EnableAsync();
        var host = (await pool.CallAsync("host.get_all"))[0].GetString();
        Assert.Equal("LDAP", (await pool.CallAsync("host.get_external_auth_type", host)).GetString());
        Assert.DoesNotContain(LookupPassword, (await pool.CallAsync("host.get_record", host)).ToString(), StringComparison.Ordinal);
        var file = Path.Combine(pool.DataDirectory, "directory-password.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await pool.CallAsync("pool.disable_external_auth", await ThisPoolAsync(), new Dictionary<string, string>());
        var left = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(LookupPassword, left, StringComparison.Ordinal);
        Assert.Equal(["AUTH_IS_DISABLED"], await pool.FailureAsync("auth.get_subject_identifier", "ann"));
    }

    [Fact]
    public async Task Disabling_ends_the_sessions_of_the_directorys_people_only()
    {
        await EnableAsync();
        await SubjectAsync(Operators, "read-only");
        var session = await LoginAsync("ann", "ann-secret");
        await pool.CallAsync("pool.disable_external_auth", await ThisPoolAsync(), new Dictionary<string, string>());
        Assert.Equal("SESSION_INVALID", (await pool.RawFailureAsync("network.get_all", session))[0]);
        Assert.Equal(
            "SESSION_AUTHENTICATION_FAILED",
            (await pool.RawFailureAsync("session.login_with_password", "ann", "ann-secret", "1.0", "tests"))[0]);
    }

    [Fact]
    public async Task A_directory_that_is_gone_keeps_its_people_out_and_nobody_else()
    {
        await EnableAsync();
        await _ldap.DisposeAsync();
        var failure = await pool.RawFailureAsync("session.login_with_password", "ann", "ann-secret", "1.0", "tests");
        Assert.Equal("SESSION_AUTHENTICATION_FAILED", failure[0]);
        Assert.StartsWith("The directory ldap://127.0.0.1", failure[2], StringComparison.Ordinal);
        await pool.LoginAsync();
    }

    [Fact]
    public async Task A_directory_that_hangs_holds_nobody_else_up()
    {
        await EnableAsync();
        _ldap.Hangs = true;
        var waiting = pool.RawFailureAsync("session.login_with_password", "ann", "ann-secret", "1.0", "tests");
        await _ldap.Asked;
        await pool.LoginAsync();
        Assert.False(waiting.IsCompleted);
        _ldap.Hangs = false;
        await _ldap.DisposeAsync();
        Assert.Equal("SESSION_AUTHENTICATION_FAILED", (await waiting)[0]);
    }

    [Fact]
    public async Task What_could_not_work_is_refused_when_it_is_enabled()
    {
        var self = await ThisPoolAsync();
        var wrong = Config();
        wrong["pass"] = "wrong";
        Assert.Equal("AUTH_ENABLE_FAILED", (await pool.FailureAsync("pool.enable_external_auth", self, wrong, "site", "LDAP"))[0]);
        Assert.Equal(["AUTH_UNKNOWN_TYPE", "NIS"], await pool.FailureAsync("pool.enable_external_auth", self, Config(), "site", "NIS"));
        var open = Config();
        open["server"] = "ldap://directory.example";
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("pool.enable_external_auth", self, open, "site", "LDAP"))[0]);
        var mistyped = Config();
        mistyped["password"] = LookupPassword;
        Assert.Equal(
            ["INVALID_VALUE", "config", "password"], await pool.FailureAsync("pool.enable_external_auth", self, mistyped, "site", "LDAP"));
        await EnableAsync();
        Assert.Equal("AUTH_ALREADY_ENABLED", (await pool.FailureAsync("pool.enable_external_auth", self, Config(), "site", "LDAP"))[0]);
    }

    [Fact]
    public async Task Active_Directory_knows_people_by_their_security_identifier()
    {
        _ldap.Add(
            "cn=Eve,dc=site", "eve-secret", "sAMAccountName=eve", "userPrincipalName=eve@site",
            "objectSid=hex:010500000000000515000000010000000200000003000000F4010000");
        _ldap.Add("cn=Admins,dc=site", "", "member=cn=Eve,dc=site", "objectSid=hex:01020000000000052000000020020000");
        await EnableAsync("AD");
        Assert.Equal("S-1-5-21-1-2-3-500", (await pool.CallAsync("auth.get_subject_identifier", "eve")).GetString());
        await SubjectAsync("S-1-5-32-544", "pool-admin");
        foreach (var name in new[] { "eve", "EVE@site" })
        {
            var record = await pool.CallAsync("session.get_record", await LoginAsync(name, "eve-secret"));
            Assert.Equal("eve", record.GetProperty("auth_user_name").GetString());
            Assert.Equal("S-1-5-21-1-2-3-500", record.GetProperty("auth_user_sid").GetString());
        }
    }

    [Fact]
    public void A_name_in_a_filter_is_a_name_and_nothing_else() => Assert.Equal(@"a\28b\29\2a\5c\00\c3\a4", LdapText.Escape("a(b)*\\\0ä"));

    private Dictionary<string, string> Config() =>
        new() { ["server"] = _ldap.Url, ["base-dn"] = "dc=site", ["user"] = Lookup, ["pass"] = LookupPassword };

    private async Task EnableAsync(string type = "LDAP") =>
        await pool.CallAsync("pool.enable_external_auth", await ThisPoolAsync(), Config(), "site", type);

    private async Task<string> ThisPoolAsync() => (await pool.CallAsync("pool.get_all"))[0].GetString()!;

    private async Task<string> SubjectAsync(string identifier, string role)
    {
        var record = new Dictionary<string, object> { ["subject_identifier"] = identifier };
        var subject = (await pool.CallAsync("subject.create", record)).GetString()!;
        await pool.CallAsync("subject.add_to_roles", subject, await pool.RoleAsync(role));
        return subject;
    }

    private async Task<string> LoginAsync(string name, string password) =>
        (await pool.ResultAsync("session.login_with_password", name, password, "1.0", "tests")).GetString()!;
}
