using System.Collections.Concurrent;
using System.Net;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// This pool as the recovery engine sees it: through XenAPI like any other, in a session of the operator's own, so that every call is
/// checked against their role and recorded under their name.
/// </summary>
internal sealed class LocalPool(PoolServices pool, Operators operators, OwnApi api) : IDisposable
{
    private static readonly Uri Name = new("http://this-pool");

    private readonly HttpMessageHandler _calls = api(IPAddress.Loopback, isUse: true);

    // Whoever asked has used their session by asking, unless it was a page that looks again by itself.
    private readonly HttpMessageHandler _looks = api(IPAddress.Loopback, isUse: false);
    private readonly ConcurrentDictionary<string, SessionState> _sessions = new();
    private readonly SemaphoreSlim _opening = new(1);

    /// <summary>A client in the name of somebody.</summary>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>: they may do nothing here any more.</exception>
    public async Task<XenApiClient> ConnectAsync(string userName, CancellationToken cancellationToken) =>
        new(Name, _calls, (await SessionAsync(userName, cancellationToken)).Ref, pool.Time);

    /// <summary>A client in a session that somebody has opened themselves.</summary>
    public XenApiClient As(SessionState session) => new(Name, _looks, session.Ref, pool.Time);

    /// <summary>The session in which things go on without somebody; one for each of them, as long as the daemon lives.</summary>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>: they may do nothing here any more.</exception>
    public async Task<SessionState> SessionAsync(string userName, CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_sessions.TryGetValue(userName, out var known) && Find(known) is { } still)
            {
                return still;
            }

            return _sessions[userName] = await pool.Sessions.OpenAsync(
                operators.OwnerOf(userName), "redoubt recovery", pool.Hosts.Local.Host, null, cancellationToken);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Whether a session is one in which things go on without somebody: what is done in it was decided before.</summary>
    public bool IsOurs(SessionState session) => _sessions.Values.Any(s => s.Ref == session.Ref);

    public void Dispose()
    {
        _calls.Dispose();
        _looks.Dispose();
        _opening.Dispose();
    }

    private SessionState? Find(SessionState session)
    {
        try
        {
            return pool.Sessions.Get(session.Ref, session.Ref.Opaque);
        }
        catch (XenApiException ended) when (ended.Code == "SESSION_INVALID")
        {
            return null;
        }
    }
}
