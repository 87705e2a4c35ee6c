using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Cli.Demo;

/// <summary>A site: a daemon of its own with its own directory, storage and guests, all on this machine.</summary>
internal sealed class DemoSite : IAsyncDisposable
{
    private readonly Process _daemon;
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DemoSite(string name, string directory, string program, string password, int port, IReadOnlyList<string> options)
    {
        (Name, Directory) = (name, directory);
        System.IO.Directory.CreateDirectory(Storage);
        PasswordFile = Path.Combine(directory, "password");
        File.WriteAllText(PasswordFile, $"root\n{password}\n");
        File.SetUnixFileMode(PasswordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var start = new ProcessStartInfo(program)
        {
            ArgumentList =
            {
                "serve", "--data", DataDirectory, "--listen", $"http://127.0.0.1:{port}", "--name-label", name, "--root-password-file",
                PasswordFile,
            },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var option in options)
        {
            start.ArgumentList.Add(option);
        }

        _daemon = new Process { StartInfo = start, EnableRaisingEvents = true };
        _daemon.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException(
            $"The daemon of {name} ended before it was ready. It said:\n{File.ReadAllText(LogFile)}"));
    }

    /// <summary>The site's name, which is its pool's too.</summary>
    public string Name { get; }

    /// <summary>Everything of the site.</summary>
    public string Directory { get; }

    /// <summary>The daemon's own directory.</summary>
    public string DataDirectory => Path.Combine(Directory, "data");

    /// <summary>Where the site's SRs lie: what an array would replicate.</summary>
    public string Storage => Path.Combine(Directory, "storage");

    /// <summary>User name and password for <c>-pwf</c>.</summary>
    public string PasswordFile { get; }

    /// <summary>Where the daemon's messages go.</summary>
    public string LogFile => Path.Combine(Directory, "daemon.log");

    /// <summary>The API, logged in.</summary>
    public XenApiClient Api { get; private set; } = null!;

    /// <summary>The daemon's process.</summary>
    public Process Daemon => _daemon;

    /// <summary>Starts a site and logs in. A site that ran in the directory before goes on, with another password.</summary>
    /// <param name="name">The site's name.</param>
    /// <param name="directory">Everything of the site; made if it is not there.</param>
    /// <param name="program">The program to run as the daemon.</param>
    /// <param name="cancellationToken">Gives up, and ends what was started.</param>
    /// <param name="port">Where it listens; 0 for any.</param>
    /// <param name="options">What else the daemon is told.</param>
    public static async Task<DemoSite> StartAsync(
        string name, string directory, string program, CancellationToken cancellationToken, int port = 0,
        IReadOnlyList<string>? options = null)
    {
        var password = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(12));
        var site = new DemoSite(name, directory, program, password, port, options ?? []);
        try
        {
            await site.RunDaemonAsync(cancellationToken);
            site.Api = new XenApiClient(await site._listening.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken));
            await site.Api.LoginAsync("root", password, cancellationToken);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a message and gives its answer.</summary>
    public Task<T> CallAsync<T>(string message, CancellationToken cancellationToken, params object?[] arguments) =>
        Api.CallAsync<T>(message, arguments, cancellationToken);

    /// <summary>Ends the daemon and every guest of the site at once, as a power cut would.</summary>
    public async Task KillAsync()
    {
        if (!_daemon.HasExited)
        {
            _daemon.Kill();
        }

        foreach (var guest in Guests())
        {
            using (guest)
            {
                guest.Kill();
                await guest.WaitForExitAsync();
            }
        }

        await _daemon.WaitForExitAsync();
    }

    /// <summary>Leaves daemon and guests running.</summary>
    public void LetGo() => _daemon.Dispose();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _daemon.Dispose();
    }

    private async Task RunDaemonAsync(CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(LogFile, "", cancellationToken);
        _daemon.OutputDataReceived += (_, line) => Hear(line.Data);
        _daemon.ErrorDataReceived += (_, line) => Hear(line.Data);
        _daemon.Start();
        _daemon.BeginOutputReadLine();
        _daemon.BeginErrorReadLine();
    }

    private void Hear(string? line)
    {
        const string Ready = "redoubt: listening on ";
        if (line is null)
        {
            return;
        }

        lock (_listening)
        {
            File.AppendAllText(LogFile, line + "\n");
        }

        if (line.StartsWith(Ready, StringComparison.Ordinal))
        {
            _listening.TrySetResult(new Uri(line[Ready.Length..].Trim()));
        }
    }

    /// <summary>The hypervisor's processes that run on this site's directory.</summary>
    private IEnumerable<Process> Guests()
    {
        foreach (var process in Process.GetProcesses())
        {
            if (process.ProcessName.StartsWith("qemu-system", StringComparison.Ordinal)
                && CommandLine(process).Contains(DataDirectory + "/", StringComparison.Ordinal))
            {
                yield return process;
            }
            else
            {
                process.Dispose();
            }
        }
    }

    private static string CommandLine(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline");
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }
}
