using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Server.Supervising;

namespace Redoubt.Server.Tests.Supervising;

/// <summary>What systemd and its journal are told, over real sockets of theirs.</summary>
public sealed class ServiceManagerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-notify-").FullName;
    private readonly Socket _listening = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public ServiceManagerTests() => _listening.Bind(new UnixDomainSocketEndPoint(Address));

    private string Address => Path.Combine(_root, "s");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_goes_on_then_is_ready_then_lives_then_stops()
    {
        await using var manager = ServiceManager.Open(Address, "300000", TimeProvider.System, NullLogger.Instance);
        Assert.StartsWith("EXTEND_TIMEOUT_USEC=", await ReceiveAsync(), StringComparison.Ordinal);
        manager.Ready("Answers requests");
        Assert.Equal("READY=1\nSTATUS=Answers requests", await NextButAsync("EXTEND_TIMEOUT"));

        // Again and again, not only once.
        Assert.Equal("WATCHDOG=1", await NextButAsync("EXTEND_TIMEOUT"));
        Assert.Equal("WATCHDOG=1", await ReceiveAsync());
        manager.Stopping();
        Assert.Equal("STOPPING=1", await NextButAsync("WATCHDOG"));
    }

    [Fact]
    public async Task Without_systemd_nobody_is_told()
    {
        await using var manager = ServiceManager.Open(null, null, TimeProvider.System, NullLogger.Instance);
        manager.Ready("Answers requests");
        manager.Stopping();
        Assert.Equal(0, _listening.Available);
    }

    [Fact]
    public async Task The_journal_gets_fields_and_a_text_of_several_lines_whole()
    {
        using var journal = new JournalLog(Address);
        using var loggers = new LoggerFactory([journal]);
        loggers.CreateLogger("Redoubt.Test").LogError(
            new InvalidDataException("cut"), "{Announcement} of {Class}: {Text}", "VM_CRASHED", "VM", "one\ntwo");
        var line = await ReceiveAsync();
        Assert.Contains("\nPRIORITY=3\n", line, StringComparison.Ordinal);
        Assert.Contains("\nSYSLOG_IDENTIFIER=redoubt\n", line, StringComparison.Ordinal);
        Assert.Contains("\nREDOUBT_CATEGORY=Redoubt.Test\n", line, StringComparison.Ordinal);
        Assert.Contains("\nREDOUBT_ANNOUNCEMENT=VM_CRASHED\n", line, StringComparison.Ordinal);
        Assert.Contains("\nREDOUBT_TEXT\n\a\0\0\0\0\0\0\0one\ntwo\n", line, StringComparison.Ordinal);
        Assert.StartsWith("MESSAGE\n", line, StringComparison.Ordinal);
        Assert.Contains("VM_CRASHED of VM: one\ntwo: cut\n", line, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _listening.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private async Task<string> NextButAsync(string skipped)
    {
        while (true)
        {
            var word = await ReceiveAsync();
            if (!word.StartsWith(skipped, StringComparison.Ordinal))
            {
                return word;
            }
        }
    }

    private async Task<string> ReceiveAsync()
    {
        var buffer = new byte[65536];
        var length = await _listening.ReceiveAsync(buffer, Cancel).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Cancel);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
