using System.Diagnostics;

namespace Redoubt.Compute.Tests;

/// <summary>No guest keeps the hypervisor from being opened, whatever became of it and of libvirt's record of it.</summary>
public sealed class KilledStartTests : IDisposable
{
    private readonly string _root = $"/tmp/rdtk-{Guid.NewGuid():N}"[..16];
    private readonly Guid _uuid = Guid.NewGuid();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public KilledStartTests() => HypervisorCache.Share(_root);

    private string Record => Path.Combine(_root, "run/qemu", $"{_uuid:D}.xml");

    [Theory]
    [InlineData("pid='0'")]
    [InlineData("reason='starting up'")]
    [InlineData("<domain type='")]
    public async Task A_process_that_is_killed_while_it_starts_a_guest_leaves_nothing_of_it(string mark)
    {
        // The record's content tells how far the start has come. What comes next is on its way already, so some kills come later than
        // meant, and a step that is over too soon is missed.
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await using (var first = await OpenAsync())
            {
                await first.TellAsync(Start, Cancel);
                while (TryRead(Record) is var record && !record.Contains(mark, StringComparison.Ordinal)
                    && !record.Contains("state='running'", StringComparison.Ordinal))
                    await Task.Yield();
                await first.KillAsync();
            }

            var wasStarted = TryRead(Record).Contains("state='running'", StringComparison.Ordinal);
            await using var second = await OpenAsync();
            Assert.Equal("", await second.AskAsync("silent", Cancel));
            if (wasStarted)
                Assert.Equal("True", await second.AskAsync($"destroy {_uuid}", Cancel));
            Assert.Equal("", await second.AskAsync("list", Cancel));
            Assert.Empty(GuestProcess.ListOn(_root));
            Assert.Equal("ok", await second.AskAsync(Start, Cancel));
            Assert.Equal($"{_uuid}=Running", await second.AskAsync("list", Cancel));
            Assert.Equal("True", await second.AskAsync($"destroy {_uuid}", Cancel));
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_guest_that_was_not_started_to_the_end_is_ended_for_certain(bool hasNumber, bool hangs)
    {
        var process = await LeaveRunningAsync();
        if (hangs)
            Signal(process.Pid, "STOP");
        Rewrite(text => text.Replace("state='running' reason='booted'", "state='paused' reason='starting up'", StringComparison.Ordinal)
            .Replace($"pid='{process.Pid}'", hasNumber ? $"pid='{process.Pid}'" : "pid='0'", StringComparison.Ordinal));

        await using var second = await OpenAsync();
        Assert.Equal("", await second.AskAsync("list", Cancel));
        Assert.False(process.IsAlive());
        Assert.False(File.Exists(Record));
        Assert.Equal("ok", await second.AskAsync(Start, Cancel));
        Assert.Equal("True", await second.AskAsync($"destroy {_uuid}", Cancel));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<domstatus state='running'")]
    [InlineData("<domstatus state='running' reason='booted' pid='1'></domstatus>")]
    [InlineData(null)]
    public async Task A_guest_that_runs_without_a_record_goes_on_and_can_be_switched_off(string? record)
    {
        var process = await LeaveRunningAsync();
        if (record is null)
            File.Delete(Record);
        else
            File.WriteAllText(Record, record);

        await using (var second = await OpenAsync())
        {
            Assert.Equal($"{_uuid}=Running", await second.AskAsync("list", Cancel));
            Assert.Equal($"{_uuid}", await second.AskAsync("strays", Cancel));
            Assert.Contains("runs already on this host", await second.AskAsync(Start, Cancel));
            Assert.True(process.IsAlive());
            Assert.Equal("True", await second.AskAsync($"destroy {_uuid}", Cancel));
            Assert.False(process.IsAlive());
            Assert.Equal("", await second.AskAsync("list", Cancel));
        }

        await using var third = await OpenAsync();
        Assert.Equal("", await third.AskAsync("strays", Cancel));
        Assert.Equal("ok", await third.AskAsync(Start, Cancel));
        Assert.Equal("True", await third.AskAsync($"destroy {_uuid}", Cancel));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nothing that libvirt wrote")]
    public async Task A_record_that_nobody_can_read_keeps_nobody_out(string record)
    {
        await using (await OpenAsync())
        {
        }

        File.WriteAllText(Record, record);
        await using var second = await OpenAsync();
        Assert.Equal("", await second.AskAsync("list", Cancel));
        Assert.Equal("ok", await second.AskAsync(Start, Cancel));
        Assert.Equal("True", await second.AskAsync($"destroy {_uuid}", Cancel));
    }

    [Fact]
    public async Task A_guest_whose_process_is_stopped_is_known_as_such_and_can_be_switched_off()
    {
        var process = await LeaveRunningAsync();
        Signal(process.Pid, "STOP");

        await using var second = await OpenAsync();
        Assert.Equal($"{_uuid}", await second.AskAsync("silent", Cancel));
        Assert.Equal($"{_uuid}=Running", await second.AskAsync("list", Cancel));
        var other = Guid.NewGuid();
        Assert.Equal("ok", await second.AskAsync($"start {other} {Disk(other)} {Console(other)}", Cancel));
        Assert.Equal("True", await second.AskAsync($"destroy {other}", Cancel));
        Assert.DoesNotContain("failed", await second.AskAsync($"destroy {_uuid}", Cancel));
        Assert.False(process.IsAlive());
        Assert.Equal("", await second.AskAsync("list", Cancel));
    }

    public void Dispose()
    {
        foreach (var process in GuestProcess.ListOn(_root))
            process.Kill(TimeSpan.FromSeconds(10));
        Directory.Delete(_root, recursive: true);
    }

    private string Start => $"start {_uuid} {Disk(_uuid)} {Console(_uuid)}";

    private string Disk(Guid uuid) => TestGuest.WriteDisk(Path.Combine(_root, $"{uuid:D}.raw"), uuid.ToString());

    private string Console(Guid uuid) => Path.Combine(_root, $"{uuid:D}.log");

    private async Task<GuestProcess> LeaveRunningAsync()
    {
        await using var first = await OpenAsync();
        Assert.Equal("ok", await first.AskAsync(Start, Cancel));
        await first.KillAsync();
        return Assert.Single(GuestProcess.ListOn(_root));
    }

    private void Rewrite(Func<string, string> change)
    {
        var before = File.ReadAllText(Record);
        var after = change(before);
        Assert.NotEqual(before, after);
        File.WriteAllText(Record, after);
    }

    private static string TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void Signal(int pid, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{pid}"]);
        kill.WaitForExit();
    }

    private async Task<ChildProcess> OpenAsync()
    {
        var (child, greeting) = await ChildProcess.StartAsync(_root, Cancel);
        Assert.Equal("open", greeting);
        return child;
    }
}
