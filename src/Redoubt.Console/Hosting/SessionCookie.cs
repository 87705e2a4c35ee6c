using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Redoubt.Pool;

namespace Redoubt.Console;

/// <summary>
/// Who a browser is: a cookie holds the reference of an API session, which is the proof of having logged in as it is for any client.
/// When that session ends, whoever ends it, the browser is signed out.
/// </summary>
internal sealed class SessionCookie(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ConsolePool pool)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string Scheme_ = "console";
    public const string SessionClaim = "session";
    public const string RoleClaim = "role";
    public const string AddressClaim = "address";

    public static void Write(HttpContext http, ConsolePool pool, SessionState session) =>
        http.Response.Cookies.Append(NameAt(pool), session.Ref.Opaque, Options_(http));

    public static void Remove(HttpContext http, ConsolePool pool) => http.Response.Cookies.Delete(NameAt(pool), Options_(http));

    public static string? Read(HttpContext http, ConsolePool pool) => http.Request.Cookies[NameAt(pool)];

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Read(Context, pool) is not { } spelled || pool.FindSession(spelled) is not { } session)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        pool.Prove(Context);

        // A page that a person has asked for; the line that keeps one alive comes and goes by itself.
        if (!Request.Path.StartsWithSegments("/_blazor", StringComparison.Ordinal))
        {
            pool.Renew(session.Ref);
        }

        var identity = new ClaimsIdentity(
            [
                new(ClaimTypes.Name, session.UserName),

                // What forms are bound to: by all claims, whoever's role has changed could not even sign out.
                new(ClaimTypes.NameIdentifier, session.Ref.Opaque),
                new(SessionClaim, session.Ref.Opaque),
                new(RoleClaim, ((int)session.Role).ToString(CultureInfo.InvariantCulture)),
                new(AddressClaim, Context.Connection.RemoteIpAddress?.ToString() ?? ""),
            ],
            Scheme_);
        return Task.FromResult(AuthenticateResult.Success(new(new ClaimsPrincipal(identity), Scheme_)));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        // What a script asks for is refused; what a person asks for leads to the door.
        if (Request.Path.StartsWithSegments("/_blazor", StringComparison.Ordinal) || !HttpMethods.IsGet(Request.Method))
        {
            Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        }

        var next = Uri.EscapeDataString((Request.Path.Value ?? "/").TrimStart('/') + Request.QueryString);
        Response.Redirect($"{ConsoleAddress.Base}sign-in" + (next.Length == 0 ? "" : $"?next={next}"));
        return Task.CompletedTask;
    }

    private static string NameAt(ConsolePool pool) => $"redoubt-console-{pool.CookieSuffix}";

    private static CookieOptions Options_(HttpContext http) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,

        // Plain HTTP is spoken on the loopback interface only, where a browser would drop a cookie marked secure.
        Secure = http.Request.IsHttps,
        Path = ConsoleAddress.Base,
    };
}
