using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>Keeps what guests write to their consoles from filling the daemon's directory, on which the database lies.</summary>
internal sealed class ConsoleLogWatch(PoolServices pool) : IAsyncDisposable
{
    // A serial port that is emulated byte by byte brings some megabytes a second at the most.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly HashSet<string> _uncut = [];
    private Worker? _worker;

    /// <summary>Begins.</summary>
    public void Start() =>
        _worker = new(Look, pool.Time, "the consoles of guests could not be looked after", isFirstAtOnce: false, _ => CutAsync());

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;

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
}
