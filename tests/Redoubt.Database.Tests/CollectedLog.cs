using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Redoubt.Database.Tests;

/// <summary>A log that keeps what it is told.</summary>
internal sealed class CollectedLog<T> : ILogger<T>
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text, Exception? Failure)> _lines = new();

    public IReadOnlyCollection<(LogLevel Level, string Text, Exception? Failure)> Lines => _lines;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, formatter(state, exception), exception));
}
