using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Redoubt.Console;

/// <summary>
/// Serves the web console below <c>/console/</c>.
/// <code>
///  browser ──► cookie ──► API session ──► page, rendered on the server ──► XenApiClient in that session
/// </code>
/// </summary>
public static class ConsoleHost
{
    private const string StaleForm = ConsoleAddress.Base + "sign-in?stale=true";
    private const string KeysDirectory = "console-keys";

    // Nothing from elsewhere, and no script but our files. Attributes may carry styles: the rows of long lists are placed by them.
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src "
            + "'self'; frame-src 'self'; "
        + "connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    /// <summary>Adds what it needs to the services of a web server.</summary>
    /// <param name="services">The services.</param>
    /// <param name="dataDirectory">The daemon's directory.</param>
    public static void AddConsole(this IServiceCollection services, string dataDirectory)
    {
        services.AddSingleton<ConsolePool>();
        services.AddRouting();
        services.AddHttpContextAccessor();
        services.AddDataProtection().SetApplicationName("redoubt")
            .PersistKeysToFileSystem(Directory.CreateDirectory(
                Path.Combine(dataDirectory, KeysDirectory), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
        services.AddAntiforgery();
        services.AddOptions<AntiforgeryOptions>().Configure<ConsolePool>((antiforgery, pool) =>
        {
            antiforgery.Cookie.Name = $"redoubt-form-{pool.CookieSuffix}";
            antiforgery.Cookie.Path = ConsoleAddress.Base;
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        services.AddAuthentication(SessionCookie.Scheme_)
            .AddScheme<AuthenticationSchemeOptions, SessionCookie>(SessionCookie.Scheme_, null);
        services.AddAuthorization();
        services.AddCascadingAuthenticationState();
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DetailedErrors = false;
            circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(3);
        });
        services.AddScoped<Parts.Confirmations>();
        services.AddSingleton<Recover.WizardDrafts>();
    }

    /// <summary>What answers requests below the console's base.</summary>
    public static RequestDelegate Build(IServiceProvider services)
    {
        // A pipeline of its own: the server's other addresses know no endpoints.
        var app = new ApplicationBuilder(services);
        app.Use(GuardAsync);
        app.UseConsoleLanguages();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.Use(RenewFormAsync);
        app.UseEndpoints(Map);
        return app.Build();
    }

    /// <summary>Whether a request is the console's.</summary>
    public static bool IsOurs(HttpRequest request) =>
        request.Path.StartsWithSegments("/console", StringComparison.Ordinal)
        || (request.Path == "/" && HttpMethods.IsGet(request.Method)
            && request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal));

    /// <summary>Answers a request of the console.</summary>
    /// <param name="http">The request.</param>
    /// <param name="console">What <see cref="Build"/> gave.</param>
    public static async Task HandleAsync(HttpContext http, RequestDelegate console)
    {
        if (!http.Request.Path.StartsWithSegments("/console", StringComparison.Ordinal, out var rest) || !rest.HasValue)
        {
            // Only a browser asks for a page at the root; what else speaks to it is a client of the API.
            http.Response.Redirect(ConsoleAddress.Base);
            return;
        }

        (http.Request.PathBase, http.Request.Path) = ("/console", rest);
        await console(http);
    }

    /// <summary>Whether a browser says that a page from elsewhere than this server has it send a request.</summary>
    public static bool IsFromAnotherOrigin(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Headers.Origin is { Count: > 0 } origin
            && !string.Equals(origin.ToString(), $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }

    private static Task GuardAsync(HttpContext http, RequestDelegate next)
    {
        if (IsFromElsewhere(http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }

        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return next(http);
    }

    // A form that another tab's signing in or out has outdated: a new one, and why, in place of a blank refusal.
    private static Task RenewFormAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Features.Get<IAntiforgeryValidationFeature>() is not { IsValid: false })
        {
            return next(http);
        }

        http.Response.Redirect(StaleForm);
        return Task.CompletedTask;
    }

    // The cookie keeps other sites out, but to a browser any port and any sibling name of this host is the same site, whoever serves
    // there; and a WebSocket is opened by a GET, with the cookie and without any form's token.
    private static bool IsFromElsewhere(HttpRequest request) =>
        (!HttpMethods.IsGet(request.Method) || request.Path.StartsWithSegments("/_blazor", StringComparison.Ordinal))
        && IsFromAnotherOrigin(request);

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/a/{version}/{**name}", (HttpContext http, string name) => ConsoleAssets.SendAsync(http, name)).AllowAnonymous();
        endpoints.MapPost("/sign-out", SignOutAsync).AllowAnonymous();
        endpoints.MapGet("/report/{run}/{format}", ReportEndpoint.SendAsync).RequireAuthorization();
        endpoints.MapRazorComponents<Shell.App>()
            .AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = null)
            .RequireAuthorization();
    }

    private static async Task SignOutAsync(HttpContext http, IAntiforgery antiforgery, ConsolePool pool)
    {
        try
        {
            await antiforgery.ValidateRequestAsync(http);
        }
        catch (AntiforgeryValidationException)
        {
            // Whoever is still signed in gets a page with a form that is theirs; the door would look as if they had left.
            http.Response.Redirect(
                SessionCookie.Read(http, pool) is { } held && pool.FindSession(held) is not null ? ConsoleAddress.Base : StaleForm);
            return;
        }

        if (SessionCookie.Read(http, pool) is { } spelled && pool.FindSession(spelled) is { } session)
        {
            await pool.LogoutAsync(session);
        }

        SessionCookie.Remove(http, pool);
        http.Response.Redirect(ConsoleAddress.Base + "sign-in");
    }
}
