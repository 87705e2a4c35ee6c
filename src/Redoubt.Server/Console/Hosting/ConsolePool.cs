using System.Net;
using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.Pool;
using Redoubt.Server.Sessions;
using Redoubt.XenApi;

namespace Redoubt.Server.Console;

/// <summary>
/// The pool as the console sees it. Whatever is done goes through the API, in the session of whoever does it, so that roles, refusals
/// and the audit trail are the API's. What is shown is read from the published state, the one that every getter answers from and that
/// every role may read: over the wire a pool of ten thousand VMs would cost each visitor a hundred megabytes.
/// </summary>
public sealed class ConsolePool : IDisposable
{
    private static readonly Uri OwnName = new("http://this-pool");

    private PoolServices? _services;
    private Logins? _logins;
    private RecoveryService? _recovery;
    private OwnApi? _api;
    private Inspections? _inspections;

    /// <summary>The clock.</summary>
    public TimeProvider Time => Services.Time;

    /// <summary>The pool's database as it is now.</summary>
    public DatabaseState State => Services.State;

    /// <summary>Tells pages of changes.</summary>
    public ChangeSignal Changes { get; } = new();

    /// <summary>Plans, runs, sites and schedules.</summary>
    public RecoveryService Recovery => _recovery ?? throw new InvalidOperationException("The console has no pool yet.");

    /// <summary>Looks into files, by path or upload.</summary>
    public Inspections Inspections => _inspections ?? throw new InvalidOperationException("The console has no pool yet.");

    /// <summary>
    /// Ends the names of the console's cookies: browsers send a host's cookies to all of its ports, and two pools on one host must not
    /// sign each other's people out, nor learn each other's sessions.
    /// </summary>
    internal string CookieSuffix { get; private set; } = "";

    internal PoolServices Services => _services ?? throw new InvalidOperationException("The console has no pool yet.");

    /// <summary>
    /// The API in somebody's session, which does not count as used by it: pages look at the pool whenever something changes, and a browser
    /// that was left open would be signed in for ever. What people do counts (<see cref="Renew"/>).
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="remote">Where they are, for the audit log.</param>
    public XenApiClient ApiOf(Ref<SessionRecord> session, IPAddress remote) => new(OwnName, _api!(remote, isUse: false), session, Time);

    /// <summary>Tells nobody any more.</summary>
    public void Dispose() => Changes.Dispose();

    // The host's services are made before the pool's: a pool that can't be opened must not need a web server to say so.
    internal void Open(PoolServices services, Logins logins, OwnApi api, RecoveryService recovery, Inspections inspections)
    {
        (_services, _logins, _recovery, _api, _inspections) = (services, logins, recovery, api, inspections);
        CookieSuffix = services.State.Find(services.Pool)!.Uuid[..8];
        Changes.Listen(services.Database, () => recovery.Mark, services.Time);
    }

    /// <exception cref="XenApiException"><c>SESSION_AUTHENTICATION_FAILED</c>, <c>RBAC_PERMISSION_DENIED</c>.</exception>
    internal Task<SessionState> LoginAsync(string user, string password, IPAddress remote, CancellationToken cancellationToken) =>
        _logins!.LoginAsync(user, password, "console", remote, cancellationToken);

    internal SessionState? FindSession(string spelled) => Services.Sessions.Peek(new(spelled)) is { Foreign: null } session ? session : null;

    /// <summary>Somebody has done something in a session: it lives on.</summary>
    /// <returns>Whether it is still there.</returns>
    internal bool Renew(Ref<SessionRecord> session)
    {
        try
        {
            return Services.Sessions.Get(session, session.Opaque) is not null;
        }
        catch (XenApiException ended) when (ended.Code == "SESSION_INVALID")
        {
            return false;
        }
    }

    internal Task LogoutAsync(SessionState session) => Services.Sessions.CloseAsync(session.Ref, CancellationToken.None);
}
