using System.Collections.Concurrent;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The sessions that are logged in. They live only as long as the daemon: a restarted one answers <c>SESSION_INVALID</c>, and clients
/// log in again.
/// </summary>
public sealed class Sessions(PoolDatabase database, TimeProvider time)
{
    /// <summary>How long a session may be idle before it is logged out (xapi's limit).</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromHours(24);

    /// <summary>
    /// How many sessions one user may have: one more, and the one that has been idle longest ends. Some clients log in for each call and
    /// never log out.
    /// </summary>
    public const int MaxOfUser = 1_000;

    private readonly ConcurrentDictionary<string, (SessionState State, long LastUsed)> _open = new();

    /// <summary>The session of this reference.</summary>
    /// <exception cref="XenApiException"><c>SESSION_INVALID</c>: there is none, or it has been idle for too long.</exception>
    public SessionState Get(Ref<SessionRecord> reference, string spelled)
    {
        if (!_open.TryGetValue(reference.Opaque, out var entry) || time.GetElapsedTime(entry.LastUsed) > IdleLimit)
        {
            throw new XenApiException("SESSION_INVALID", spelled);
        }

        _open[reference.Opaque] = entry with { LastUsed = time.GetTimestamp() };
        return entry.State;
    }

    /// <summary>Opens a session for someone who has proved who they are.</summary>
    public async Task<SessionState> OpenAsync(
        string userName, Role role, string originator, Ref<HostRecord> host, DatabaseState? foreign, CancellationToken cancellationToken)
    {
        await CloseIdleAsync(cancellationToken);
        var now = time.GetUtcNow();
        var reference = await database.WriteAsync(
            tx => tx.Create(new SessionRecord
            {
                ThisHost = host,
                LastActive = now,
                ValidationTime = now,
                AuthUserName = userName,
                AuthUserSid = foreign is null ? "" : "readonly-sid",
                IsLocalSuperuser = role == Role.LocalRoot,
                Originator = originator,
            }),
            cancellationToken);
        var state = new SessionState(reference, userName, role, foreign);
        _open[reference.Opaque] = (state, time.GetTimestamp());
        await CloseSurplusAsync(userName, reference, cancellationToken);
        return state;
    }

    /// <summary>Ends a session.</summary>
    public async Task CloseAsync(Ref<SessionRecord> reference, CancellationToken cancellationToken)
    {
        if (_open.TryRemove(reference.Opaque, out _))
        {
            await database.WriteAsync(tx => tx.Delete(reference), cancellationToken);
        }
    }

    private async Task CloseSurplusAsync(string userName, Ref<SessionRecord> newest, CancellationToken cancellationToken)
    {
        var theirs = _open.Where(e => e.Value.State.UserName == userName && e.Key != newest.Opaque).OrderByDescending(e => e.Value.LastUsed).ToList();
        foreach (var (surplus, _) in theirs.Skip(MaxOfUser - 1))
        {
            await CloseAsync(new(surplus), cancellationToken);
        }
    }

    private async Task CloseIdleAsync(CancellationToken cancellationToken)
    {
        foreach (var (reference, entry) in _open)
        {
            if (time.GetElapsedTime(entry.LastUsed) > IdleLimit)
            {
                await CloseAsync(new(reference), cancellationToken);
            }
        }
    }
}
