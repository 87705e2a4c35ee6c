using System.Net;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.Server.Dispatch;
using Redoubt.Server.Recovering;
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
    private LocalCalls? _calls;

    /// <summary>The clock.</summary>
    public TimeProvider Time => Services.Time;

    /// <summary>The pool's database as it is now.</summary>
    public DatabaseState State => Services.State;

    /// <summary>Tells pages of changes.</summary>
    public ChangeSignal Changes { get; } = new();

    /// <summary>Plans, runs, sites and schedules.</summary>
    public RecoveryService Recovery => _recovery ?? throw new InvalidOperationException("The console has no pool yet.");

    /// <summary>
    /// Ends the names of the console's cookies: browsers send a host's cookies to all of its ports, and two pools on one host must not
    /// sign each other's people out, nor learn each other's sessions.
    /// </summary>
    internal string CookieSuffix { get; private set; } = "";

    internal PoolServices Services => _services ?? throw new InvalidOperationException("The console has no pool yet.");

    /// <summary>The API in somebody's session.</summary>
    public XenApiClient ApiOf(Ref<SessionRecord> session) => new(OwnName, _calls!, session, Time);

    /// <summary>Tells nobody any more.</summary>
    public void Dispose()
    {
        Changes.Dispose();
        _calls?.Dispose();
    }

    // The host's services are made before the pool's: a pool that can't be opened must not need a web server to say so.
    internal void Open(PoolServices services, Logins logins, Dispatcher dispatcher, RecoveryService recovery)
    {
        (_services, _logins, _recovery, _calls) = (services, logins, recovery, new LocalCalls(() => dispatcher));
        CookieSuffix = services.State.Find(services.Pool)!.Uuid[..8];
        Changes.Listen(services.Database, services.Time);
    }

    /// <exception cref="XenApiException"><c>SESSION_AUTHENTICATION_FAILED</c>, <c>RBAC_PERMISSION_DENIED</c>.</exception>
    internal Task<SessionState> LoginAsync(string user, string password, IPAddress remote, CancellationToken cancellationToken) =>
        _logins!.LoginAsync(user, password, "console", remote, cancellationToken);

    internal SessionState? FindSession(string spelled)
    {
        try
        {
            return Services.Sessions.Get(new(spelled), spelled) is { Foreign: null } session ? session : null;
        }
        catch (XenApiException)
        {
            return null;
        }
    }

    internal Task LogoutAsync(SessionState session) => Services.Sessions.CloseAsync(session.Ref, CancellationToken.None);
}
