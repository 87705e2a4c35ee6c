using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Redoubt.Server.Tests.Metrics;

/// <summary>The rules for alerts and the board ask for what there is.</summary>
public sealed partial class MonitoringFilesTests
{
    private static string Folder => Path.Combine(Repository.Root, "packaging", "monitoring");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("redoubt.rules.yml")]
    [InlineData("redoubt.dashboard.json")]
    public async Task Every_metric_that_is_asked_for_is_told(string file)
    {
        var manual = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operating", "metrics.md"), Cancel);
        var text = await File.ReadAllTextAsync(Path.Combine(Folder, file), Cancel);
        var asked = Metric().Matches(text).Select(m => m.Value.Replace("_bucket", "", StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(asked.Count > 5, $"{asked.Count} are asked for");
        Assert.All(asked, name => Assert.Contains($"| `{name}` |", manual, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_board_is_one_that_Grafana_reads()
    {
        using var board = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "redoubt.dashboard.json"), Cancel));
        var panels = board.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(panels.Count, panels.Select(p => p.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels, p => Assert.NotEmpty(p.GetProperty("targets").EnumerateArray()));
        Assert.All(panels, p => Assert.Equal("${datasource}", p.GetProperty("datasource").GetProperty("uid").GetString()));
    }

    [Fact]
    public async Task Prometheus_own_checker_is_content_with_the_rules_and_their_tests()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/promtool"), "promtool is not installed (Debian's package prometheus has it)");
        await RunAsync("check", "rules", "redoubt.rules.yml");
        await RunAsync("test", "rules", "redoubt.rules.test.yml", "redoubt.plans.test.yml");
    }

    private static async Task RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/promtool", arguments)
        {
            WorkingDirectory = Folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, $"{await output}{await error}");
    }

    [GeneratedRegex("redoubt_[a-z_]*[a-z]")]
    private static partial Regex Metric();
}
