namespace Redoubt.Compute.Tests;

/// <summary>
/// A process of its own that calls a hypervisor from many threads for as long as its standard input is open, and says whenever it can, or
/// can't any more.
/// </summary>
internal static class ManyCalls
{
    internal const string Mode = "--many-calls";
    private const int AtOnce = 12;
    private const int CallsToBeUp = 4 * AtOnce;

    internal static async Task<int> PlayAsync(string uri)
    {
        var options = new HypervisorOptions { Uri = uri, KeepAliveSeconds = 1 };
        await using var link = await HypervisorLink.OpenAsync(options, CancellationToken.None);
        using var stopping = new CancellationTokenSource();
        var calls = 0;
        var callers = Enumerable.Range(0, AtOnce).Select(_ => CallAsync()).ToList();
        var telling = TellAsync();
        await Console.In.ReadToEndAsync();
        await stopping.CancelAsync();
        await Task.WhenAll([telling, .. callers]);
        return 0;

        async Task CallAsync()
        {
            while (!stopping.IsCancellationRequested)
            {
                try
                {
                    var hypervisor = await link.WaitAsync(null, stopping.Token);
                    await hypervisor.ListAsync(stopping.Token);
                    await hypervisor.FindAsync(Guid.NewGuid(), stopping.Token);
                    Interlocked.Increment(ref calls);
                    await Task.Delay(25, stopping.Token);
                }
                catch (HypervisorException)
                {
                    // As it must be while there is none.
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }

        async Task TellAsync()
        {
            var (said, before) = ("", 0);
            while (!stopping.IsCancellationRequested)
            {
                var now = link.State is LinkState.Lost ? "lost" : calls - before >= CallsToBeUp ? "up" : said;
                if (now != said)
                {
                    (said, before) = (now, calls);
                    await Console.Out.WriteLineAsync(now);
                }

                before = said == "lost" && link.State is LinkState.Lost ? calls : before;
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }
}
