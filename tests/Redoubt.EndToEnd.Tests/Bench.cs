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

    public async Task<DemoSite> StartAsync(string name)
    {
        var site = await DemoSite.StartAsync(name, Path.Combine(Directory, name), Program, TestContext.Current.CancellationToken);
        _sites.Add(site);
        return site;
    }

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!condition())
        {
            try
            {
                await tick.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"gave up waiting until {what}");
            }
        }
    }

    /// <summary>What a replicating array leaves at the other site: the same blocks, holes included, and nothing else.</summary>
    public static async Task MirrorAsync(string from, string to)
    {
        foreach (var entry in System.IO.Directory.EnumerateDirectories(to))
        {
            System.IO.Directory.Delete(entry, recursive: true);
        }

        using var copy = Process.Start("cp", ["-a", "--sparse=always", from + "/.", to]);
        await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, copy.ExitCode);
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
