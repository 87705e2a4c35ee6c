using System.Diagnostics;

namespace Redoubt.Cli.Demo;

/// <summary>A program of a site that runs with a directory of its own: the daemon of a host, or the witness of two.</summary>
internal sealed class DemoHost : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _ready;
    private readonly TaskCompletionSource<string> _said = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DemoHost(string name, string data, string log, Process process, string ready)
    {
        (Name, DataDirectory, LogFile, _process, _ready) = (name, data, log, process, ready);
        _process.Exited += (_, _) => _said.TrySetException(new InvalidOperationException(
            $"The daemon of {name} ended before it was ready. It said:\n{File.ReadAllText(LogFile)}"));
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>Its own directory.</summary>
    public string DataDirectory { get; }

    /// <summary>Where its messages go.</summary>
    public string LogFile { get; }

    /// <summary>Where its daemon listens, once it is ready.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Its process.</summary>
    public Process Process => _process;

    /// <summary>The command that starts it.</summary>
    public string CommandLine => $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}";

    /// <summary>Starts it.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="data">Its own directory.</param>
    /// <param name="log">Where its messages go; what was there is gone.</param>
    /// <param name="program">The program.</param>
    /// <param name="words">What the program is told.</param>
    /// <param name="ready">What the line begins with by which it says that it is there.</param>
    public static DemoHost Start(string name, string data, string log, string program, IEnumerable<string> words, string ready)
    {
        var start = new ProcessStartInfo(program, words)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        File.WriteAllText(log, "");
        var host = new DemoHost(name, data, log, new Process { StartInfo = start, EnableRaisingEvents = true }, ready);
        host._process.Start();
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended before; what it said is in the message.</exception>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        var said = await _said.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
        if (Uri.TryCreate(said, UriKind.Absolute, out var url))
        {
            Url = url;
        }
    }

    /// <summary>Ends it at once (SIGKILL), and nothing that it has started.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
    }

    /// <summary>Leaves it running.</summary>
    public void LetGo() => _process.Dispose();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_said)
        {
            File.AppendAllText(LogFile, line + "\n");
        }

        if (line.StartsWith(_ready, StringComparison.Ordinal))
        {
            _said.TrySetResult(line[_ready.Length..].Trim());
        }
    }
}
