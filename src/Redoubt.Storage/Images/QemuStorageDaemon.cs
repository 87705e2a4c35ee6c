using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Redoubt.Storage.Images;

/// <summary>
/// A run of <c>qemu-storage-daemon</c>, which opens disks and exports them as it is told. It lives as long as somebody holds the standard
/// input of the little script around it, and ends by itself when this process does, however that ends. What is secret goes the same way, so
/// that no other process of the host is told it.
/// </summary>
public sealed class QemuStorageDaemon : IAsyncDisposable
{
    // A process group of its own: who interrupts the daemon at a terminal lets it write to its end first.
    private const string Script =
        """{ cat; echo '{"execute":"quit"}'; } | exec qemu-storage-daemon --chardev stdio,id=monitor --monitor chardev=monitor""";

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;

    private QemuStorageDaemon(Process process) => _process = process;

    /// <summary>The process group, whose working directory is the one asked for.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts one. Whoever gets it disposes of it, also when what it is told next fails.</summary>
    /// <param name="workingDirectory">Where it is to work; null: where this process does.</param>
    /// <exception cref="XenApi.XenApiException">A program is missing.</exception>
    public static QemuStorageDaemon Start(string? workingDirectory = null)
    {
        try
        {
            return new(Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", Script])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = workingDirectory ?? "",
            })!);
        }
        catch (Win32Exception e)
        {
            throw SrFailure.Backend(SrFailure.General, "setsid can't be started: install the package util-linux.", e);
        }
    }

    /// <summary>Begins to speak with it: it says what it is, and takes commands from then on.</summary>
    /// <exception cref="IOException">It has ended; the message says why.</exception>
    public async Task GreetAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        await AskAsync("qmp_capabilities", [], cancellationToken);
    }

    /// <summary>Has it do something.</summary>
    /// <param name="command">A command of QMP.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="IOException">It refuses, or has ended; the message says why.</exception>
    public async Task AskAsync(string command, JsonObject arguments, CancellationToken cancellationToken)
    {
        var line = new JsonObject { ["execute"] = command, ["arguments"] = arguments }.ToJsonString();
        await _process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellationToken);
        await _process.StandardInput.BaseStream.FlushAsync(cancellationToken);
        while (true)
        {
            var said = await ReadAsync(cancellationToken);
            if (said["error"] is { } refused)
                throw new IOException($"{command}: {refused["desc"]}");
            if (said["return"] is not null)
                return;
        }
    }

    /// <summary>Nothing more is asked: what it still says is of no interest, but a pipe that is full would stop it.</summary>
    public void LeaveRunning()
    {
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
    }

    /// <summary>Ends it, and waits until it has let go of all that it had open.</summary>
    public ValueTask DisposeAsync() => new(EndAsync(EndLimit));

    /// <summary>Ends it.</summary>
    /// <param name="limit">How long it may take to write what it has to the end; after that it is killed.</param>
    public async Task EndAsync(TimeSpan limit)
    {
        using (_process)
        {
            try
            {
                _process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It has ended already.
            }

            using var late = new CancellationTokenSource(limit);
            try
            {
                await _process.WaitForExitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                // It waits for storage that doesn't answer: nothing that is still under way was promised to anybody.
                _process.Kill(entireProcessTree: true);
            }
        }
    }

    private async Task<JsonNode> ReadAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken) is { } line
            ? JsonNode.Parse(line)!
            : throw new IOException(
                $"qemu-storage-daemon has ended: {(await _process.StandardError.ReadToEndAsync(cancellationToken)).Trim()}");
}
