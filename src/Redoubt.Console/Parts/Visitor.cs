using System.Globalization;
using System.Net;
using System.Security.Claims;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Console;

/// <summary>Whoever looks at a page: their name, their session of the API, and what their role lets them do.</summary>
public sealed class Visitor
{
    /// <summary>Whoever has not been looked up yet.</summary>
    internal static readonly Visitor Nobody = new(null, "", default, Role.ReadOnly, IPAddress.None);

    private readonly ConsolePool? _pool;
    private readonly Ref<SessionRecord> _session;

    private readonly IPAddress _remote;

    private Visitor(ConsolePool? pool, string userName, Ref<SessionRecord> session, Role role, IPAddress remote) =>
        (_pool, UserName, _session, Role, _remote) = (pool, userName, session, role, remote);

    /// <summary>The name they signed in with.</summary>
    public string UserName { get; }

    /// <summary>What they may do, as of the page's opening. The API decides anew at each call.</summary>
    public Role Role { get; }

    /// <summary>The role in words.</summary>
    public string RoleName => Describe(Role);

    /// <summary>The pool's name.</summary>
    public string PoolName => _pool is null ? "" : PoolNames.Of(_pool);

    /// <summary>Their session.</summary>
    public Ref<SessionRecord> Session => _session;

    /// <summary>
    /// The API in their session. Whatever changes something goes through it, so that the audit log has it. The session does not count as
    /// used by that alone.
    /// </summary>
    public XenApiClient Api => _pool!.ApiOf(_session, _remote);

    /// <summary>Their session, as recovery asks for it.</summary>
    /// <exception cref="XenApiException"><c>SESSION_INVALID</c>: it has ended.</exception>
    internal SessionState Caller => _pool!.FindSession(_session.Opaque) ?? throw new XenApiException("SESSION_INVALID", _session.Opaque);

    /// <summary>Where they are.</summary>
    internal IPAddress Remote => _remote;

    /// <summary>Whether the session is still there.</summary>
    public bool IsSignedIn => _pool!.FindSession(_session.Opaque) is not null;

    /// <summary>They have done something: their session lives on.</summary>
    internal void Renew() => _pool?.Renew(_session);

    /// <summary>Why they may not do what needs a role, or null: they may.</summary>
    public string? WhyNot(Role needed) => Role >= needed ? null : PartsText.NeedsRole(Describe(needed), RoleName);

    /// <summary>Why they may not send a message, or null: they may.</summary>
    public string? WhyNot(string message) =>
        DataModel.FindMessage(message) is var (_, model) && !model.Roles.Allows(Role)
            ? PartsText.NeedsRole(Describe(model.Roles.Lowest), RoleName)
            : null;

    internal static Visitor Of(ClaimsPrincipal user, ConsolePool pool)
    {
        var role = user.FindFirst(SessionCookie.RoleClaim)?.Value is { } number
            ? (Role)int.Parse(number, CultureInfo.InvariantCulture)
            : Role.ReadOnly;
        return new(pool, user.Identity?.Name ?? "", new(user.FindFirst(SessionCookie.SessionClaim)?.Value), role,
            IPAddress.TryParse(user.FindFirst(SessionCookie.AddressClaim)?.Value, out var remote) ? remote : IPAddress.None);
    }

    private static string Describe(Role role) => role switch
    {
        Role.ReadOnly => "Read Only",
        Role.VmOperator => "VM Operator",
        Role.VmAdmin => "VM Admin",
        Role.VmPowerAdmin => "VM Power Admin",
        Role.PoolOperator => "Pool Operator",
        Role.PoolAdmin => "Pool Admin",
        Role.LocalRoot => "Superuser",
    };
}
