using System.Diagnostics;
using System.Text;

namespace Redoubt.EndToEnd.Tests;

public sealed class DemoTests
{
    /// <summary>
    /// Some twenty boots of guests. What it shows <see cref="RecoveryTests"/> shows by the runbooks, and <c>script/demo</c> says itself
    /// whether it went well.
    /// </summary>
    [Fact]
    [Trait("Needs", "soak")]
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

    /// <summary>Six daemons on one machine take minutes, as long as others are tested beside them.</summary>
    [Fact]
    [Trait("Needs", "soak")]
    public async Task A_demo_of_three_hosts_to_a_site_loses_one_of_them_and_then_all()
    {
        await using var bench = new Bench();
        var directory = Path.Combine(bench.Directory, "demo");
        using var demo = Start(directory, "--hosts", "3");
        var output = await demo.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await demo.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(demo.ExitCode == 0, output);
        Assert.Matches(@"primary-[23] coordinates \d+\.\d s after that", output);
        Assert.Contains("\"mail\" is as it was changed", output, StringComparison.Ordinal);
        Assert.Contains("None of them has booted anew", output, StringComparison.Ordinal);
        Assert.Contains("runs where: primary-1 db, mail; primary-2 app; primary-3 web", output, StringComparison.Ordinal);
        Assert.Matches(@"db +\d+ +\d+ +\d+ .*version 1", output);
        Assert.Matches(@"db +\d+ +\d+ +\d+ .*version 2", output);
        Assert.DoesNotContain("LOST", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));
        Assert.Empty(Bench.ProcessesBelow(directory));
    }

    [Fact]
    public async Task Several_hosts_without_etcd_are_refused_before_anything_is_started()
    {
        await using var bench = new Bench();
        var directory = Path.Combine(bench.Directory, "demo");
        var start = Command(directory, "--hosts", "3");
        start.RedirectStandardError = true;
        start.Environment["PATH"] = bench.Directory;
        using var demo = Process.Start(start)!;
        var error = await demo.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await demo.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, demo.ExitCode);
        Assert.Contains("etcd-server", error, StringComparison.Ordinal);
        Assert.Contains("Nothing was started", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public async Task Ctrl_C_while_the_demo_starts_guests_leaves_nothing_behind()
    {
        await using var bench = new Bench();
        var directory = Path.Combine(bench.Directory, "demo");
        using var demo = Start(directory);
        var output = new StringBuilder();
        while (await demo.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            output.AppendLine(line);
            if (line.StartsWith("4. ", StringComparison.Ordinal))
            {
                await Patience.UntilAsync(() => GuestProcesses.Below(directory).Count > 0, "guests are being started");
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

    private static Process Start(string directory, params IReadOnlyList<string> more) => Process.Start(Command(directory, more))!;

    private static ProcessStartInfo Command(string directory, params IReadOnlyList<string> more) =>
        new(Bench.Program, ["demo", "--guest", Repository.GuestImage, "--data", directory, .. more])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
}
