using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>Keeps what guests write to their consoles from filling the daemon's directory, on which the database lies.</summary>
internal sealed class ConsoleLogWatch(PoolServices pool) : IAsyncDisposable
{
    // A serial port that is emulated byte by byte brings some megabytes a second at the most.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<string> _uncut = [];
    private Task _loop = Task.CompletedTask;

    /// <summary>Begins.</summary>
    public void Start() => _loop = LoopAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    /// <summary>Cuts those that are too long.</summary>
    public async Task CutAsync()
    {
        var folder = Path.Combine(pool.DataDirectory, "consoles");
        foreach (var log in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.log") : [])
        {
            try
            {
                GrowingLog.Cut(log, ConsoleLog.BytesMost, ConsoleLog.BytesKept);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // One that has gone is no trouble; a file system that can't is said once for each.
                if (e is not FileNotFoundException && _uncut.Add(log))
                {
                    await Console.Error.WriteLineAsync($"redoubt: {log} is too long, and its beginning can't be dropped: {e.Message}");
                }
            }
        }
    }

    private async Task LoopAsync()
    {
        using var timer = new PeriodicTimer(Look, pool.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                try
                {
                    await CutAsync();
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    await Console.Error.WriteLineAsync($"redoubt: the consoles of guests could not be looked after: {e.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops; the next one cuts them.
        }
    }
}
