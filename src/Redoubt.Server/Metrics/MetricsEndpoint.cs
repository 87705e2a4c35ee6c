using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Redoubt.Pool;
using Redoubt.Server.Http;
using Redoubt.XenApi;

namespace Redoubt.Server.Metrics;

/// <summary>
/// <c>GET /metrics</c>: for a collector that shows the token of <c>--metrics-token-file</c>, and for every user of the pool, by name and
/// password. The token is read at each request, so that it is changed by writing another into the file.
/// </summary>
internal sealed class MetricsEndpoint(MetricsPage page, string? tokenFile)
{
    private const string Bearer = "Bearer ";

    /// <summary>Finds out who asks, where it is not by the token.</summary>
    public required HttpSessions Sessions { get; init; }

    /// <summary>Answers.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            var isRight = await IsTokenAsync(header[Bearer.Length..].Trim(), http.RequestAborted);
            await (isRight ? AnswerAsync(http, Collector) : RefuseAsync(http));
            return;
        }

        try
        {
            if (!await Sessions.RunAsync(http, session => AnswerAsync(http, session)))
            {
                await RefuseAsync(http);
            }
        }
        catch (XenApiException refused) when (refused.Code is "SESSION_INVALID" or "SESSION_AUTHENTICATION_FAILED")
        {
            await RefuseAsync(http);
        }
    }

    private static SessionState Collector { get; } = new(default, SessionOwner.Root, Role.LocalRoot, null);

    private static async Task RefuseAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        http.Response.Headers.WWWAuthenticate = "Basic realm=\"redoubt\"";
        await http.Response.WriteAsync(
            "Give the token of --metrics-token-file (Authorization: Bearer), or the name and password of a user.\n", http.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext http, SessionState caller)
    {
        var isOpen = http.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.Ordinal);
        var (type, text) = await page.WriteAsync(isOpen, caller, http.RequestAborted);
        http.Response.ContentType = type;
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.WriteAsync(text, http.RequestAborted);
    }

    private async Task<bool> IsTokenAsync(string shown, CancellationToken cancellationToken)
    {
        if (tokenFile is null)
        {
            return false;
        }

        try
        {
            var token = (await File.ReadAllTextAsync(tokenFile, cancellationToken)).Trim();
            return token.Length > 0
                && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(shown));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
