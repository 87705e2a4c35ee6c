using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Redoubt.Compute;

/// <summary>
/// The events on their way to one reader: bounded, and honest about it.
/// </summary>
/// <remarks>
/// A reader that falls behind loses events, never the knowledge that it did: what is left of the queue is dropped and it reads
/// <see cref="DomainEventKind.Resync"/> instead. Whatever was dropped happened before that event is read, so a list asked for after it
/// holds the effect of all of them.
/// </remarks>
internal sealed class DomainEventQueue(int capacity = 1024)
{
    private readonly Channel<DomainEvent> _channel = Channel.CreateBounded<DomainEvent>(
        new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private int _lost = 1; // The first thing a reader learns is that it knows nothing.

    /// <summary>Adds an event, or notes that one was lost; never waits.</summary>
    internal void Add(DomainEvent happened)
    {
        if (!_channel.Writer.TryWrite(happened))
            Volatile.Write(ref _lost, 1);
    }

    /// <summary>Ends the reading, with a failure when there is one.</summary>
    internal void Complete(Exception? failure) => _channel.Writer.TryComplete(failure);

    internal async IAsyncEnumerable<DomainEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        do
        {
            // The mark is taken down before the queue is emptied: an event lost in between puts it up again.
            if (Interlocked.Exchange(ref _lost, 0) == 1)
            {
                while (_channel.Reader.TryRead(out _))
                {
                }

                yield return new DomainEvent(DomainEventKind.Resync, Guid.Empty);
            }
            else if (_channel.Reader.TryRead(out var happened))
            {
                yield return happened;
            }
        }
        while (Volatile.Read(ref _lost) == 1 || await _channel.Reader.WaitToReadAsync(cancellationToken));
    }
}
