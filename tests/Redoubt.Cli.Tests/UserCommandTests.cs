using Redoubt.Cli.Output;
using Redoubt.Server;

namespace Redoubt.Cli.Tests;

/// <summary>Users, made and used from the command line against a real server.</summary>
public sealed class UserCommandTests : IAsyncLifetime
{
    private const string RootPassword = "correct horse battery";
    private const string Secret = "blue-kettle-secret";

    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-users-").FullName;
    private PoolServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        var config = new ServeConfig
        {
            DataDirectory = Path.Combine(_root, "data"),
            ListenUrls = ["http://127.0.0.1:0"],
            RootPasswordFile = Write("root", RootPassword),
            HypervisorUri = "test:///default",
        };
        _server = await PoolServer.StartAsync(config, TimeProvider.System, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_user_is_made_listed_changed_and_removed()
    {
        var file = Write("secret", Secret);
        var made = await AsRootAsync("user-create", "name=ann", "role=vm-operator", $"password-file={file}");
        Assert.Equal((0, ""), (made.ExitCode, made.Error));
        var uuid = made.Output.Trim();
        Assert.Equal($"{uuid}  ann                       vm-operator\n", (await AsRootAsync("user-list")).Output);
        Assert.Equal(uuid, (await AsRootAsync("user-list", "--minimal")).Output.Trim());

        Assert.Equal(0, (await RunAsync("ann", Secret, null, "network-list")).ExitCode);
        var refused = await RunAsync("ann", Secret, null, "network-create", "name-label=mine");
        Assert.Contains("Error code: RBAC_PERMISSION_DENIED", refused.Error, StringComparison.Ordinal);

        Assert.Equal("", (await AsRootAsync("user-role-set", "name=Ann", "role=pool-operator")).Error);
        Assert.Equal(0, (await RunAsync("ann", Secret, null, "network-create", "name-label=mine")).ExitCode);
        Assert.Contains("pool-operator", (await AsRootAsync("user-list")).Output, StringComparison.Ordinal);

        Assert.Equal("", (await AsRootAsync("user-destroy", "name=ann")).Error);
        Assert.Contains(
            "SESSION_AUTHENTICATION_FAILED", (await RunAsync("ann", Secret, null, "network-list")).Error, StringComparison.Ordinal);
        Assert.Equal("", (await AsRootAsync("user-list")).Output);
    }

    [Fact]
    public async Task A_password_is_typed_twice_and_never_shown()
    {
        var typed = new Queue<string>([Secret, Secret, "new one", "new two", "new one", "new one"]);
        var made = await RunAsync("root", RootPassword, typed.Dequeue, "user-create", "name=bob", "role=read-only");
        Assert.Equal((0, "New password: \nOnce more: \n"), (made.ExitCode, made.Error));
        var differs = await RunAsync("root", RootPassword, typed.Dequeue, "user-password-set", "name=bob");
        Assert.Contains("The two passwords differ. Nothing was changed.", differs.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("bob", Secret, null, "network-list")).ExitCode);
        Assert.Equal(0, (await RunAsync("root", RootPassword, typed.Dequeue, "user-password-set", "name=bob")).ExitCode);
        Assert.Equal(0, (await RunAsync("bob", "new one", null, "network-list")).ExitCode);
        Assert.Equal(1, (await RunAsync("bob", Secret, null, "network-list")).ExitCode);
    }

    [Fact]
    public async Task Without_a_password_a_role_or_a_user_nothing_is_done()
    {
        Assert.Contains(
            "No password. Give password-file=", (await AsRootAsync("user-create", "name=carl", "role=read-only")).Error,
            StringComparison.Ordinal);
        Assert.Contains(
            "There is no role 'king'.", (await AsRootAsync("user-create", "name=carl", "role=king")).Error, StringComparison.Ordinal);
        Assert.Contains("There is no user 'carl'.", (await AsRootAsync("user-destroy", "name=carl")).Error, StringComparison.Ordinal);
        Assert.Contains(
            "takes no parameter 'password'", (await AsRootAsync("user-create", "name=carl", "role=read-only", "password=x")).Error,
            StringComparison.Ordinal);
        Assert.Equal("", (await AsRootAsync("user-list")).Output);
    }

    [Fact]
    public async Task A_subject_is_given_roles_and_removed()
    {
        Assert.Equal(
            0, (await AsRootAsync("user-create", "name=dora", "role=read-only", $"password-file={Write("secret", Secret)}")).ExitCode);
        var uuid = (await AsRootAsync("subject-list", "--minimal")).Output.Trim();
        Assert.Equal("", (await AsRootAsync("subject-role-add", $"uuid={uuid}", "role-name=pool-operator")).Error);
        Assert.Equal("", (await AsRootAsync("subject-role-remove", $"uuid={uuid}", "role-name=read-only")).Error);
        Assert.EndsWith("pool-operator\n", (await AsRootAsync("user-list")).Output, StringComparison.Ordinal);
        Assert.Contains(
            "There is no role 'king'.", (await AsRootAsync("subject-role-add", $"uuid={uuid}", "role-name=king")).Error,
            StringComparison.Ordinal);
        Assert.Equal("", (await AsRootAsync("subject-remove", $"subject-uuid={uuid}")).Error);
        Assert.Equal("", (await AsRootAsync("user-list")).Output);
    }

    [Fact]
    public async Task A_directory_that_can_not_be_reached_is_not_enabled_and_its_password_not_repeated()
    {
        var refused = await AsRootAsync(
            "pool-enable-external-auth", "auth-type=LDAP", "service-name=site", "config:server=ldap://127.0.0.1:1",
            "config:base-dn=dc=site", "config:user=cn=lookup", $"password-file={Write("secret", Secret)}");
        Assert.Contains("Error code: AUTH_ENABLE_FAILED", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, refused.Error, StringComparison.Ordinal);
        Assert.Contains(
            "Error code: AUTH_IS_DISABLED", (await AsRootAsync("subject-add", "subject-name=ann")).Error, StringComparison.Ordinal);
        Assert.Equal("", (await AsRootAsync("pool-disable-external-auth")).Error);
    }

    [Fact]
    public async Task Roles_are_listed_without_their_permissions()
    {
        var names = (await AsRootAsync("role-list", "params=name", "--minimal")).Output.Trim().Split(',');
        Assert.Equal(
            ["client-cert", "pool-admin", "pool-operator", "read-only", "vm-admin", "vm-operator", "vm-power-admin"],
            names.Order(StringComparer.Ordinal));
    }

    private Task<CliRun> AsRootAsync(params string[] words) => RunAsync("root", RootPassword, null, words);

    private async Task<CliRun> RunAsync(string user, string password, Func<string>? readSecret, params string[] words)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var app = new App(
            new Terminal(output, error, isInteractive: false, readSecret), Path.Combine(_root, "known-pools"), TimeProvider.System);
        var code = await app.RunAsync(
            ["-s", _server.Urls[0], "-u", user, "-pw", password, .. words], null, TestContext.Current.CancellationToken);
        return new(code, output.ToString(), error.ToString());
    }

    private string Write(string name, string text)
    {
        var file = Path.Combine(_root, name);
        File.WriteAllText(file, text + "\n");
        return file;
    }
}
