using System.Diagnostics;
using Redoubt.Storage.Images;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Images;

public sealed class ChildProcessTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Output_is_returned()
        => Assert.Equal("a b", await new ChildProcess(TimeProvider.System, "printf").RunAsync(["%s", "a b"], Long, Token));

    [Fact]
    public async Task What_the_child_said_is_in_the_failure()
        =>
            Assert.Contains(
                "/absent", await FailsAsync(46, () => Sample.Images.InfoAsync("/absent", DiskFormat.Raw, Token)), StringComparison.Ordinal);

    [Fact]
    public async Task A_missing_program_is_named_with_what_to_install()
        =>
            Assert.Contains(
                "qemu-utils",
                await FailsAsync(202, () => new QemuImg(TimeProvider.System, "/absent/qemu-img").InfoAsync("/x", DiskFormat.Raw, Token)),
                StringComparison.Ordinal);

    [Fact]
    public async Task A_child_beyond_its_limit_is_killed()
    {
        using var temp = new TempDirectory();
        await FailsAsync(
            202, () => new ChildProcess(TimeProvider.System, "sh").RunAsync(Sleeper(temp), TimeSpan.FromMilliseconds(300), Token));
        await AssertGoneAsync(temp);
    }

    [Fact]
    public async Task A_cancelled_child_is_killed_before_the_caller_goes_on()
    {
        using var temp = new TempDirectory();
        using var stop = new CancellationTokenSource();
        var run = new ChildProcess(TimeProvider.System, "sh").RunAsync(Sleeper(temp), Long, stop.Token);
        while (!File.Exists(temp.In("pid")) || new FileInfo(temp.In("pid")).Length == 0)
            await Task.Delay(10, Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await AssertGoneAsync(temp);
    }

    private static string[] Sleeper(TempDirectory temp) => ["-c", $"echo $$ > {temp.In("pid")}; exec sleep 600"];

    private static async Task AssertGoneAsync(TempDirectory temp)
    {
        var pid = int.Parse(await File.ReadAllTextAsync(temp.In("pid"), Token));
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(pid));
    }
}
