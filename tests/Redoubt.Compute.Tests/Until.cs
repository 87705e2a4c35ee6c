using System.Diagnostics;

namespace Redoubt.Compute.Tests;

/// <summary>Waits for what another program does to a file, of which nobody sends word.</summary>
internal static class Until
{
    internal static async Task TrueAsync(Func<bool> condition, string what)
    {
        var waited = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition())
        {
            if (waited.Elapsed > EmbeddedHost.Limit)
                Assert.Fail($"In vain waited for: {what}");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    internal static Task FileContainsAsync(string path, string text, int times = 1) =>
        TrueAsync(() => Count(path, text) >= times, $"\"{text}\" {times} times in {path}");

    private static int Count(string path, string text) => File.Exists(path) ? File.ReadAllText(path).Split(text).Length - 1 : 0;
}
