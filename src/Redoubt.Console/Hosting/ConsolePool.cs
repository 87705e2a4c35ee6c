using System.Net;
using Microsoft.AspNetCore.Http;
using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Console;

/// <summary>
/// The pool as the console sees it. Whatever is done goes through the API, in the session of whoever does it, so that roles, refusals
/// and the audit trail are the API's. What is shown is read from the published state, the one that every getter answers from and that
/// every role may read: over the wire a pool of ten thousand VMs would cost each visitor a hundred megabytes.
/// </summary>
public sealed class ConsolePool : IDisposable
{
    private static readonly Uri OwnName = new("http://this-pool");

    private ConsoleServer? _server;
    private Inspections? _inspections;

    /// <summary>The clock.</summary>
    public TimeProvider Time => Services.Time;

    /// <summary>The pool's database as it is now.</summary>
    public DatabaseState State => Services.State;

    /// <summary>Tells pages of changes.</summary>
    public ChangeSignal Changes { get; } = new();

    /// <summary>Plans, runs, sites and schedules.</summary>
    public RecoveryService Recovery => Server.Recovery;

    /// <summary>Looks into files, by path or upload.</summary>
    public Inspections Inspections => _inspections ?? throw new InvalidOperationException("The console has no pool yet.");

    /// <summary>
    /// Ends the names of the console's cookies: browsers send a host's cookies to all of its ports, and two pools on one host must not
    /// sign each other's people out, nor learn each other's sessions.
    /// </summary>
    internal string CookieSuffix { get; private set; } = "";

    internal PoolServices Services => Server.Pool;

    private ConsoleServer Server => _server ?? throw new InvalidOperationException("The console has no pool yet.");

    /// <summary>
    /// The API in somebody's session, which does not count as used by it: pages look at the pool whenever something changes, and a browser
    /// that was left open would be signed in for ever. What people do counts (<see cref="Renew"/>).
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="remote">Where they are, for the audit log.</param>
    public XenApiClient ApiOf(Ref<SessionRecord> session, IPAddress remote) =>
        new(OwnName, Server.Api(remote, isUse: false), session, Time);

    /// <summary>Tells nobody any more.</summary>
    public void Dispose()
    {
        Changes.Dispose();
        _inspections?.Dispose();
    }

    /// <summary>
    /// Gives it its pool. The host's services are made before the pool's: a pool that can't be opened must not need a web server to say so.
    /// </summary>
    /// <param name="server">What it is a part of.</param>
    public void Open(ConsoleServer server)
    {
        (_server, _inspections) = (server, new Inspections(server.Pool, server.RecordAsync));
        CookieSuffix = Services.State.Find(Services.Pool)!.Uuid[..8];
        Changes.Listen(Services.Database, () => Recovery.Mark, Time);
    }

    /// <exception cref="XenApiException"><c>SESSION_AUTHENTICATION_FAILED</c>, <c>RBAC_PERMISSION_DENIED</c>.</exception>
    internal Task<SessionState> LoginAsync(string user, string password, IPAddress remote, CancellationToken cancellationToken) =>
        Server.LoginAsync(user, password, remote, cancellationToken);

    /// <summary>Somebody who is logged in uses a request's connection.</summary>
    internal void Prove(HttpContext http) => Server.Prove(http);

    internal SessionState? FindSession(string spelled) =>
        Services.Sessions.Peek(new(spelled)) is { Foreign: null } session ? session : null;

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
