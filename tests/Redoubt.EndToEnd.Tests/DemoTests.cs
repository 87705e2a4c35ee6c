using System.Diagnostics;
using System.Text;

namespace Redoubt.EndToEnd.Tests;

public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_brings_every_guest_back_with_its_data()
    {
        await using var bench = new Bench();
        var directory = Path.Combine(bench.Directory, "demo");
        using var demo = Start(directory);
        var output = await demo.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await demo.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(demo.ExitCode == 0, output);
        Assert.Matches(@"db +\d+ +\d+ +\d+ .*version 1", output);
        Assert.Matches(@"db +\d+ +\d+ +\d+ .*version 2", output);
        Assert.Contains("VMs left of the test: 0", output, StringComparison.Ordinal);
        Assert.DoesNotContain("DATA LOST", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));
        Assert.Empty(Bench.ProcessesBelow(directory));
    }

    [Fact]
    public async Task Ctrl_C_in_the_middle_of_the_demo_leaves_nothing_behind()
    {
        await using var bench = new Bench();
        var directory = Path.Combine(bench.Directory, "demo");
        using var demo = Start(directory);
        var output = new StringBuilder();
        while (await demo.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            output.AppendLine(line);
            if (line.Contains("Started vApp", StringComparison.Ordinal))
            {
                await Bench.SignalAsync(demo, "INT");
                break;
            }
        }

        output.Append(await demo.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        await demo.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(demo.ExitCode == 130, $"exit code {demo.ExitCode}: {output}");
        Assert.False(Directory.Exists(directory));
        Assert.Empty(Bench.ProcessesBelow(directory));
    }

    private static Process Start(string directory) => Process.Start(new ProcessStartInfo(Bench.Program)
    {
        ArgumentList = { "demo", "--guest", Repository.GuestImage, "--data", directory },
        UseShellExecute = false,
        RedirectStandardOutput = true,
    })!;
}
