using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>
/// What one session has registered for, and how far it has read: <c>event.register</c> and <c>event.next</c>, the older way to wait. There
/// is no queue: a session that falls behind the feed's ring is told so, and starts over.
/// </summary>
internal sealed class EventSubscription(EventFeed feed)
{
    private const int MaxWords = 10_000;

    private readonly HashSet<string> _words = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock _gate = new();
    private EventToken _read = new(feed.Current, feed.Run);

    /// <summary>Adds to what is wanted.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: more than anybody needs.</exception>
    public void Add(IReadOnlyList<string> words)
    {
        lock (_gate)
        {
            if (_words.Count + words.Count > MaxWords)
            {
                throw new XenApiException("INVALID_VALUE", "classes", $"more than {MaxWords} of them");
            }

            _words.UnionWith(words);
        }
    }

    /// <summary>Takes away from what is wanted.</summary>
    public void Remove(IReadOnlyList<string> words)
    {
        lock (_gate)
        {
            _words.ExceptWith(words);
        }
    }

    /// <summary>What has happened since this was asked last; calls at the same time get different parts.</summary>
    /// <returns>The events, and what ends when there are more.</returns>
    /// <exception cref="XenApiException"><c>EVENTS_LOST</c>: more has happened than is kept; the next call goes on from here.</exception>
    public (EventList Events, Task More) Take(Role role)
    {
        lock (_gate)
        {
            var (entries, state, now, more) = feed.Since(_read);
            _read = now;
            var filter = new EventFilter(_words, role);
            return entries is null
                ? throw new XenApiException("EVENTS_LOST")
                : (new EventList(entries.FindAll(e => filter.Takes(e.Class, e.Ref)), state, role), more);
        }
    }
}
