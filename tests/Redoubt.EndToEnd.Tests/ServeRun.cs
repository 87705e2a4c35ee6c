using System.Diagnostics;
using System.Text;

namespace Redoubt.EndToEnd.Tests;

/// <summary>One run of <c>redoubt serve</c>, as a process: until it has refused, or listens.</summary>
internal sealed class ServeRun : IAsyncDisposable
{
    /// <summary>libvirt's test driver, whose guests are only pretended.</summary>
    public const string TestDriver = "test:///default";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private ServeRun(Process process, string? hypervisor, string data) => (_process, Hypervisor, Data) = (process, hypervisor, data);

    /// <summary>What it runs guests on; null for QEMU within itself.</summary>
    public string? Hypervisor { get; }

    /// <summary>Its data directory.</summary>
    public string Data { get; }

    /// <summary>Where it listens; null if it has ended.</summary>
    public Uri? Url { get; private set; }

    public string Output => Text(_output);

    public string Error => Text(_error);

    public int ExitCode => _process.ExitCode;

    public Process Process => _process;

    /// <summary>Starts it on libvirt's test driver, and waits for either.</summary>
    public static Task<ServeRun> StartAsync(string data, params IEnumerable<string> options) => StartOnAsync(TestDriver, data, options);

    /// <summary>Starts it on a hypervisor, null for QEMU within itself, and waits for either.</summary>
    public static Task<ServeRun> StartOnAsync(string? hypervisor, string data, params IEnumerable<string> options) =>
        StartWithinAsync([], hypervisor, data, options);

    /// <summary>The same by another program that becomes it.</summary>
    public static async Task<ServeRun> StartWithinAsync(
        IEnumerable<string> prefix, string? hypervisor, string data, params IEnumerable<string> options)
    {
        var on = hypervisor is null ? Array.Empty<string>() : ["--hypervisor", hypervisor];
        string[] words = options.Contains("--listen") ? [.. on, .. options] : ["--listen", "https://127.0.0.1:0", .. on, .. options];
        string[] line = [.. prefix, Bench.Program, "serve", "--data", data, .. words];
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(line[0], line[1..])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        var run = new ServeRun(process, hypervisor, data);
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        run._process.OutputDataReceived += (_, line) =>
        {
            Take(run._output, line.Data);
            if (line.Data?.StartsWith("redoubt: listening on ", StringComparison.Ordinal) == true)
            {
                listening.TrySetResult(new Uri(line.Data["redoubt: listening on ".Length..]));
            }
        };
        run._process.ErrorDataReceived += (_, line) => Take(run._error, line.Data);
        run._process.Start();
        run._process.BeginOutputReadLine();
        run._process.BeginErrorReadLine();
        var ended = run._process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (await Task.WhenAny(listening.Task, ended).WaitAsync(Limit, TestContext.Current.CancellationToken) == listening.Task)
        {
            run.Url = await listening.Task;
        }

        return run;
    }

    /// <summary>Has it end as systemd does, and waits for that.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            await Bench.SignalAsync(_process, "TERM");
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Kills it, and waits for its end.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private static void Take(StringBuilder text, string? line)
    {
        lock (text)
        {
            text.Append(line is null ? "" : line + "\n");
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
