using System.Diagnostics;
using Redoubt.Cli.Demo;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Where the program and the guests' image are, and a directory for the sites of one test that leaves nothing behind.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private readonly List<DemoSite> _sites = [];

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "redoubt");

    /// <summary>Short, because sockets of guests lie below it.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("rd-").FullName;

    public Task<DemoSite> StartAsync(string name, string? hypervisor = null) =>
        StartAsync(name, hypervisor is null ? [] : ["--hypervisor", hypervisor]);

    /// <summary>Starts a site whose daemon is told more.</summary>
    public async Task<DemoSite> StartAsync(string name, IReadOnlyList<string> options)
    {
        HypervisorCache.Share(Path.Combine(Directory, name, "data", "hypervisor"));
        var site = await DemoSite.StartAsync(
            name, Path.Combine(Directory, name), Program, TestContext.Current.CancellationToken, options: options);
        _sites.Add(site);
        return site;
    }

    /// <summary>
    /// Whether a daemon that does not answer is one that has ended, which is seen a moment later than the end of its connections.
    /// </summary>
    public static async Task<bool> HasEndedAsync(Process daemon)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(TimeSpan.FromSeconds(30));
        try
        {
            await daemon.WaitForExitAsync(late.Token);
            return true;
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Processes that still work below a directory.</summary>
    public static IEnumerable<string> ProcessesBelow(string directory) => System.IO.Directory.EnumerateDirectories("/proc")
        .Where(p => int.TryParse(Path.GetFileName(p), out _))
        .Select(p =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(p, "cmdline")).Replace('\0', ' ');
            }
            catch (IOException)
            {
                return "";
            }
        })
        .Where(c => c.Contains(directory, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        foreach (var site in _sites)
        {
            await site.DisposeAsync();
        }

        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
