using Microsoft.Extensions.Logging;
using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>Keeps what guests write to their consoles from filling the daemon's directory, on which the database lies.</summary>
internal sealed class ConsoleLogWatch(string dataDirectory, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    // A serial port that is emulated byte by byte brings some megabytes a second at the most.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly ILogger _log = loggers.CreateLogger<ConsoleLogWatch>();
    private readonly HashSet<string> _uncut = [];
    private Worker? _worker;

    /// <summary>Begins.</summary>
    public void Start() =>
        _worker = new("The look after the consoles of guests", Look, time, _log, isFirstAtOnce: false, _ =>
        {
            Cut();
            return Task.CompletedTask;
        });

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Cuts those that are too long.</summary>
    public void Cut()
    {
        var folder = Path.Combine(dataDirectory, "consoles");
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
                    _log.LogWarning(e, "{Log} is too long, and its beginning can't be dropped", log);
                }
            }
        }
    }
}
