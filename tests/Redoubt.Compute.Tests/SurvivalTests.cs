using System.Diagnostics;

namespace Redoubt.Compute.Tests;

/// <summary>Guests outlive the process that started them, however it ends.</summary>
[Trait("Needs", "guest")]
public sealed class SurvivalTests : IDisposable
{
    private readonly string _root = $"/tmp/rdts-{Guid.NewGuid():N}"[..16];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public SurvivalTests() => HypervisorCache.Share(_root);

    [Fact]
    public async Task Guests_survive_the_killing_of_their_process_and_are_found_as_they_are()
    {
        var running = Guid.Parse("11111111-1111-4111-8111-111111111111");
        var paused = Guid.Parse("22222222-2222-4222-8222-222222222222");
        var dying = Guid.Parse("33333333-3333-4333-8333-333333333333");
        await using (var first = await OpenAsync())
        {
            foreach (var uuid in new[] { running, paused, dying })
                Assert.Equal("ok", await first.AskAsync($"start {uuid} {Disk(uuid, TestGuest.Halts)} {Console(uuid)}", Cancel));
            Assert.Equal("ok", await first.AskAsync($"pause {paused}", Cancel));
            await first.KillAsync();
        }

        // One guest dies while nobody watches.
        Process.GetProcessById(Pid(dying)).Kill();
        await Until.TrueAsync(() => !Directory.Exists($"/proc/{Pid(dying)}"), "the end of the dying guest");

        await using (var second = await OpenAsync())
        {
            Assert.Equal($"{running}=Running {paused}=Paused", await second.AskAsync("list", Cancel));
            Assert.Equal(0, await second.EndAsync(Cancel));
        }

        Assert.True(Directory.Exists($"/proc/{Pid(running)}"), "An orderly end of the process must leave its guests alone as well.");
        await using var third = await OpenAsync();
        Assert.Equal("True", await third.AskAsync($"destroy {running}", Cancel));
        Assert.Equal("True", await third.AskAsync($"destroy {paused}", Cancel));
        Assert.Equal("", await third.AskAsync("list", Cancel));
    }

    [Fact]
    public async Task A_guest_that_switched_itself_off_meanwhile_is_tidied_away()
    {
        var uuid = Guid.NewGuid();
        await using (var first = await OpenAsync())
        {
            Assert.Equal("ok", await first.AskAsync($"start {uuid} {Disk(uuid, TestGuest.Restarts)} {Console(uuid)}", Cancel));
            await first.KillAsync();
        }

        // It restarts for ever; from its next boot on it finds another sector, which ends with the power button.
        var pid = Pid(uuid);
        TestGuest.WriteDisk(Path.Combine(_root, $"{uuid:D}.raw"), "good night", TestGuest.SwitchesOff);
        await Until.FileContainsAsync(Console(uuid), "good night");

        await using var second = await OpenAsync();
        await Until.TrueAsync(() => !Directory.Exists($"/proc/{pid}"), "the end of the guest's process");
        Assert.Equal("", await second.AskAsync("list", Cancel));
    }

    [Fact]
    public async Task A_second_process_is_refused_the_root()
    {
        await using var first = await OpenAsync();
        var (second, greeting) = await ChildProcess.StartAsync(_root, Cancel);
        await using (second)
            Assert.Equal("failed RootInUse", greeting);
    }

    public void Dispose()
    {
        // Whatever a failed test left behind: these are our own guests, each by its number.
        var pids = Path.Combine(_root, "run/qemu");
        foreach (var file in Directory.Exists(pids) ? Directory.GetFiles(pids, "*.pid") : [])
        {
            if (Path.GetFileName(file) != "driver.pid" && File.Exists($"/proc/{File.ReadAllText(file).Trim()}/cmdline"))
                Process.GetProcessById(int.Parse(File.ReadAllText(file))).Kill();
        }

        Directory.Delete(_root, recursive: true);
    }

    private string Disk(Guid uuid, byte[] then) => TestGuest.WriteDisk(Path.Combine(_root, $"{uuid:D}.raw"), uuid.ToString(), then);

    private string Console(Guid uuid) => Path.Combine(_root, $"{uuid:D}.log");

    private int Pid(Guid uuid) => int.Parse(File.ReadAllText(Path.Combine(_root, "run/qemu", $"{uuid:D}.pid")));

    private async Task<ChildProcess> OpenAsync()
    {
        var (child, greeting) = await ChildProcess.StartAsync(_root, Cancel);
        Assert.Equal("open", greeting);
        return child;
    }
}
