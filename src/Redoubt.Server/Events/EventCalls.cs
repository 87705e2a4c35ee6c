using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>Telling clients what has changed.</summary>
internal sealed partial class EventCalls(PoolServices pool, EventFeed feed)
{
    /// <summary>The message by which clients wait.</summary>
    public const string From = "event.from";

    /// <summary>The message by which older clients wait for what they have registered for.</summary>
    public const string Next = "event.next";

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    // A subscription goes with its session; nobody has to take it out.
    private readonly ConditionalWeakTable<SessionState, EventSubscription> _subscriptions = [];

    /// <summary>Answers when something wanted has happened since the token, or when the time is up.</summary>
    /// <exception cref="XenApiException"><c>EVENT_FROM_TOKEN_PARSE_FAILURE</c>; <c>SESSION_INVALID</c>: the session ended
    /// meanwhile.</exception>
    public async Task<EventBatch> FromAsync(CallContext call, IReadOnlyList<string> classes, string token, double timeoutSeconds)
    {
        var from = EventToken.Parse(token);
        var filter = new EventFilter(classes, call.Session.Role);
        var timeout = timeoutSeconds >= 0 && timeoutSeconds < LongestWait.TotalSeconds ? TimeSpan.FromSeconds(timeoutSeconds) : LongestWait;
        var begun = pool.Time.GetTimestamp();
        while (true)
        {
            var (entries, state, now, more) = feed.Since(from);
            RequireOpen(call);
            if (call.Session.Foreign is { } foreign)
            {
                // A foreign database never changes: there is everything to tell, once.
                (state, entries) = (foreign, from.Run == feed.Run ? [] : null);
            }

            var wanted = entries is null ? Everything(filter, state) : entries.FindAll(e => filter.Takes(e.Class, e.Ref));
            var left = timeout - pool.Time.GetElapsedTime(begun);
            if (wanted.Count > 0 || left <= TimeSpan.Zero || feed.IsClosed)
            {
                return new(wanted, state, now, call.Session.Role);
            }

            // What was looked through is not looked through again.
            from = now;
            try
            {
                await more.WaitAsync(left, pool.Time, call.Cancellation);
            }
            catch (TimeoutException)
            {
                // The next round answers with nothing.
            }
        }
    }

    /// <summary>Answers when something has happened that the session has registered for.</summary>
    /// <exception cref="XenApiException"><c>SESSION_NOT_REGISTERED</c>; <c>EVENTS_LOST</c>; <c>SESSION_INVALID</c>: the session ended
    /// meanwhile.</exception>
    public async Task<EventList> NextAsync(CallContext call)
    {
        if (!_subscriptions.TryGetValue(call.Session, out var subscription))
        {
            throw new XenApiException("SESSION_NOT_REGISTERED", TrackId(call.Session));
        }

        while (true)
        {
            var (events, more) = subscription.Take(call.Session.Role);
            RequireOpen(call);

            // A foreign database never changes, and this pool's own is not that session's business.
            if ((events.Entries.Count > 0 && call.Session.Foreign is null) || feed.IsClosed)
            {
                return events;
            }

            await more.WaitAsync(call.Cancellation);
        }
    }

    [Message("event.register")]
    public void Register(CallContext call, ImmutableList<string> classes) => Subscription(call.Session).Add(classes);

    [Message("event.unregister")]
    public void Unregister(CallContext call, ImmutableList<string> classes) => Subscription(call.Session).Remove(classes);

    [Message("event.get_current_id")]
    public long GetCurrentId(CallContext call) => feed.Current;

    [Message("event.inject")]
    public string Inject(CallContext call, string @class, string @ref)
    {
        var model = DataModel.FindClass(@class) ?? throw new XenApiException("INVALID_VALUE", "class", @class);
        _ = call.State.Table(model).Find(@ref) ?? throw new XenApiException("HANDLE_INVALID", model.Name, @ref);
        return new EventToken(feed.Inject(model, @ref), feed.Run).ToString();
    }

    // Between taking what there is and waiting for more: a session that ends later is told by that, one that has ended before would be by
    // nothing.
    private void RequireOpen(CallContext call) => pool.Sessions.Get(call.Session.Ref, call.Session.Ref.Opaque);

    private EventSubscription Subscription(SessionState session) => _subscriptions.GetValue(session, _ => new EventSubscription(feed));

    // What names a session without being its reference, which would be enough to act in its name.
    private static string TrackId(SessionState session) =>
        "trackid=" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session.Ref.Opaque)))[..32];

    private static List<EventEntry> Everything(EventFilter filter, Database.DatabaseState state) =>
    [
        .. DataModel.Classes.Values.Where(filter.Takes).SelectMany(model => state.Table(model).Rows
            .Where(row => filter.Takes(model, row.Ref))
            .Select(row => new EventEntry(row.Modified, model, row.Ref, EventOperation.Add))),
    ];
}
