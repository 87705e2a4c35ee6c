using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Redoubt.Tests;

/// <summary>
/// A small Ceph cluster (script/ceph) as long as this is held, or why there can be none. It ends with the process that holds it, however
/// that ends.
/// </summary>
public sealed class SmallCeph : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly string _directory;
    private readonly Process? _process;

    private SmallCeph(string directory, Process? process, int port, string? key) =>
        (_directory, _process, Port, Key) = (directory, process, port, key);

    /// <summary>The monitor's port on this host.</summary>
    public int Port { get; }

    /// <summary>The key of the user <c>redoubt</c>; null: there is no cluster.</summary>
    public string? Key { get; }

    /// <summary>The cluster's configuration for its administrator.</summary>
    public string ConfigPath => Path.Combine(_directory, "ceph.conf");

    public static async Task<SmallCeph> StartAsync(params string[] pools)
    {
        var directory = Directory.CreateTempSubdirectory("rdceph-").FullName;
        if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/ceph-osd") || !File.Exists("/usr/bin/rbd"))
        {
            return new SmallCeph(directory, null, 0, null);
        }

        var port = FreePort();
        var process = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Root, "script", "ceph"), [directory, $"{port}", .. pools])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        using var limit = new CancellationTokenSource(StartLimit);
        var said = await process.StandardOutput.ReadLineAsync(limit.Token).AsTask().ContinueWith(
            t => t.IsCompletedSuccessfully ? t.Result : null, TaskScheduler.Default);
        return new SmallCeph(directory, process, port, said?.Split(' ') is ["ready", { Length: > 0 } key] ? key : null);
    }

    /// <summary>The device config of an SR in a pool.</summary>
    public Dictionary<string, string> Config(string pool) =>
        new() { ["monitors"] = $"127.0.0.1:{Port}", ["pool"] = pool, ["user"] = "redoubt", ["key"] = Key! };

    /// <summary>Skips the test where there is no cluster.</summary>
    public void Require() => Assert.SkipWhen(
        Key is null, "Takes a Ceph cluster: root's rights, and the packages ceph-mon, ceph-osd, ceph-common and qemu-block-extra.");

    /// <summary>Runs one of Ceph's programs as the cluster's administrator.</summary>
    public async Task<string> RunAsync(string program, params string[] words)
    {
        using var run = Process.Start(new ProcessStartInfo(program, ["-c", ConfigPath, .. words])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var said = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
        Assert.Equal(0, run.ExitCode);
        return said;
    }

    /// <summary>Stops or resumes a daemon of the cluster: its processes stand still, as when a machine hangs.</summary>
    public void Signal(string daemon, string signal)
    {
        foreach (var process in Process.GetProcessesByName(daemon))
        {
            using (process)
            {
                if (File.ReadAllText($"/proc/{process.Id}/environ").Contains(_directory, StringComparison.Ordinal)
                    || Path.GetFullPath(new FileInfo($"/proc/{process.Id}/cwd").LinkTarget ?? "/") == _directory)
                {
                    Process.Start("kill", [signal, $"{process.Id}"]).WaitForExit();
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
