using System.Diagnostics;

namespace Redoubt.Compute.Tests;

/// <summary>
/// A process of its own that opens a hypervisor and does what it is told on its standard input, a line for a line.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    internal const string Mode = "--hypervisor-child";
    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    /// <summary>Starts the process; its first line says <c>open</c> or why not.</summary>
    internal static Task<(ChildProcess Child, string Greeting)> StartAsync(string root, CancellationToken cancellationToken) =>
        StartAsync(Mode, HypervisorOptions.EmbeddedUri(root), cancellationToken);

    /// <summary>Starts the process in another mode.</summary>
    internal static async Task<(ChildProcess Child, string Greeting)> StartAsync(
        string mode, string uri, CancellationToken cancellationToken)
    {
        var process = new Process();
        process.StartInfo = new ProcessStartInfo(Environment.ProcessPath!, [mode, uri])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        process.Start();
        var child = new ChildProcess(process);
        return (child, await child.ReadAsync(cancellationToken));
    }

    internal async Task<string> AskAsync(string line, CancellationToken cancellationToken)
    {
        await TellAsync(line, cancellationToken);
        return await ReadAsync(cancellationToken);
    }

    /// <summary>Tells the process something, and does not wait for the answer.</summary>
    internal async Task TellAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>SIGKILL: the process gets no chance to tidy up.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Lets the process end as a daemon does when it is stopped.</summary>
    internal async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    /// <summary>The child's side.</summary>
    internal static async Task<int> PlayAsync(string uri)
    {
        Hypervisor hypervisor;
        try
        {
            hypervisor = await Hypervisor.OpenAsync(new HypervisorOptions { Uri = uri }, CancellationToken.None);
        }
        catch (HypervisorException failure)
        {
            await Console.Out.WriteLineAsync($"failed {failure.Failure}");
            return 1;
        }

        await using (hypervisor)
        {
            await Console.Out.WriteLineAsync("open");
            while (await Console.In.ReadLineAsync() is { } line)
                await Console.Out.WriteLineAsync(await ObeyAsync(hypervisor, line.Split(' ')));
        }

        return 0;
    }

    private static async Task<string> ObeyAsync(Hypervisor hypervisor, string[] words)
    {
        try
        {
            switch (words)
            {
                case ["start", var uuid, var disk, var console]:
                    await hypervisor.StartAsync(TestGuest.Config(Guid.Parse(uuid), disk, console), CancellationToken.None);
                    return "ok";
                case ["pause", var uuid]:
                    await hypervisor.PauseAsync(Guid.Parse(uuid), CancellationToken.None);
                    return "ok";
                case ["destroy", var uuid]:
                    return (await hypervisor.DestroyAsync(Guid.Parse(uuid), CancellationToken.None)).ToString();
                case ["silent"]:
                    return string.Join(' ', hypervisor.Silent);
                case ["strays"]:
                    return string.Join(' ', hypervisor.Strays.Keys);
                case ["list"]:
                    var states = await hypervisor.ListAsync(CancellationToken.None);
                    return string.Join(' ', states.OrderBy(state => state.Uuid).Select(state => $"{state.Uuid:D}={state.PowerState}"));
                default:
                    return $"unknown {string.Join(' ', words)}";
            }
        }
        catch (HypervisorException failure)
        {
            return $"failed {failure}".ReplaceLineEndings(" ");
        }
    }

    /// <summary>The next line that the process says.</summary>
    internal async Task<string> ReadAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken)
        ?? throw new InvalidOperationException("The child ended without an answer.");
}
