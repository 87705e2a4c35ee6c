using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Server.Tests.Recovering;

/// <summary>The collection in packaging/ansible, played by the genuine Ansible against two pools.</summary>
public sealed partial class AnsibleTests
{
    private static readonly string Collections = Path.Combine(Repository.Root, "packaging", "ansible");
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_playbook_changes_what_differs_and_nothing_the_second_time()
    {
        await using var scene = await RecoveryScene.StartAsync(
            ("everything", new() { Policy = new() { Kind = RecoveryKind.Failover, PowerState = PowerStateAfter.Halted } }));
        await scene.Target.CreateSrAsync();
        Dictionary<string, string> wanted = new()
        {
            ["url"] = scene.Target.Url.ToString(),
            ["password"] = TestPool.Password,
            ["sr_name"] = "storage",
            ["cron"] = "0 3 * * 0",
            ["starts"] = "2",
            ["site_url"] = scene.Source.Url.ToString(),
            ["site_password"] = TestPool.Password,
            ["state"] = "present",
        };

        Assert.Equal((5, 5), await PlayAsync(scene.Target, "playbook.yml", wanted, "--check", "--diff"));
        var status = RecoveryJson.Read<DrStatus>((await scene.Target.CallAsync("recovery.get_status")).GetString()!);
        Assert.Empty(status.Protected);
        Assert.DoesNotContain(status.Plans, p => p.Plan.Name == "shop");
        Assert.Empty(status.Schedules);
        Assert.Empty(status.Sites);
        Assert.Empty(await RunsAsync(scene.Target));

        Assert.Equal((5, 5), await PlayAsync(scene.Target, "playbook.yml", wanted));
        Assert.NotEmpty((await scene.Target.CallAsync("VM.get_by_name_label", "web")).EnumerateArray());
        Assert.Equal("paris", Assert.Single(await SitesAsync(scene.Target)).Site.Name);

        Assert.Equal((5, 0), await PlayAsync(scene.Target, "playbook.yml", wanted));
        Assert.Equal(RunPhase.Succeeded, Assert.Single(await RunsAsync(scene.Target)).Phase);

        Dictionary<string, string> other = new(wanted) { ["cron"] = "0 4 * * 0", ["starts"] = "3", ["within"] = "3600" };
        Assert.Equal((5, 2), await PlayAsync(scene.Target, "playbook.yml", other, "--diff"));
        var plan = RecoveryJson.Read<PlanCatalog>((await scene.Target.CallAsync("recovery.get_plans", false)).GetString()!).Plans;
        Assert.Equal(3, Assert.Single(plan).Request.Policy.Limits.ParallelStarts);

        Assert.Equal((4, 4), await PlayAsync(scene.Target, "playbook.yml", new(wanted) { ["state"] = "absent" }));
        Assert.Empty(await SitesAsync(scene.Target));
    }

    [Fact]
    public async Task What_is_wrong_is_said_and_changes_nothing()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        Dictionary<string, string> variables = new() { ["url"] = pool.Url.ToString(), ["password"] = TestPool.Password };
        Assert.Equal((9, 1), await PlayAsync(pool, "playbook-wrong.yml", variables));
        var status = RecoveryJson.Read<DrStatus>((await pool.CallAsync("recovery.get_status")).GetString()!);
        Assert.Equal("empty", Assert.Single(status.Plans).Plan.Name);
        Assert.Empty(status.Schedules);
        Assert.Empty(status.Sites);
        Assert.Empty(await RunsAsync(pool));
    }

    [Fact]
    public async Task Every_module_tells_its_parameters()
    {
        var home = Directory.CreateTempSubdirectory("rd-ansible-");
        var modules = Directory.GetFiles(Path.Combine(Collections, "ansible_collections/redoubt/recovery/plugins/modules"), "*.py")
            .Select(f => $"redoubt.recovery.{Path.GetFileNameWithoutExtension(f)}").Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(modules);
        try
        {
            using var told = JsonDocument.Parse(await RunAsync(home.FullName, "ansible-doc", ["--json", .. modules]));
            Assert.All(modules, module =>
            {
                var options = told.RootElement.GetProperty(module).GetProperty("doc").GetProperty("options");
                Assert.Equal(JsonValueKind.Object, options.GetProperty("url").ValueKind);
                Assert.Equal(JsonValueKind.Object, options.GetProperty("password").ValueKind);
            });
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    private static async Task<List<RunSummary>> RunsAsync(TestPool pool) =>
        RecoveryJson.Read<List<RunSummary>>((await pool.CallAsync("recovery.get_runs")).GetString()!);

    private static async Task<List<SiteTest>> SitesAsync(TestPool pool) =>
        RecoveryJson.Read<List<SiteTest>>((await pool.CallAsync("recovery.get_sites", false)).GetString()!);

    /// <summary>How many tasks have gone well, and how many of them have changed something.</summary>
    private static async Task<(int Well, int Changed)> PlayAsync(
        TestPool pool, string playbook, Dictionary<string, string> variables, params string[] options)
    {
        var home = pool.NewDirectory();
        var file = Path.Combine(home, "variables.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(variables), TestContext.Current.CancellationToken);
        var output = await RunAsync(home, "ansible-playbook", ["-vvv", "-i", "localhost,", "-e", "@" + file, .. options, playbook]);
        var recap = Recap().Match(output);
        return (Number("ok"), Number("changed"));

        int Number(string name) => int.Parse(recap.Groups[name].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>What a program of Ansible's prints.</summary>
    private static async Task<string> RunAsync(string home, string program, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(program, words)
        {
            WorkingDirectory = Path.Combine(Repository.Root, "tests", "interop"),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ANSIBLE_COLLECTIONS_PATH"] = Collections,
                ["ANSIBLE_HOME"] = home,
                ["ANSIBLE_LOCAL_TEMP"] = home,
                ["ANSIBLE_REMOTE_TEMP"] = home,
                ["ANSIBLE_NOCOLOR"] = "1",
                ["ANSIBLE_PIPELINING"] = "1",
                ["PYTHONDONTWRITEBYTECODE"] = "1",
            },
        };
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, output + await error);
        Assert.DoesNotContain(TestPool.Password, output + await error, StringComparison.Ordinal);
        return output;
    }

    [GeneratedRegex(@"^localhost +: ok=(?<ok>\d+) +changed=(?<changed>\d+) +unreachable=0 +failed=0", RegexOptions.Multiline)]
    private static partial Regex Recap();
}
