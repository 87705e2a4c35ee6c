using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Redoubt.Server.Http;

/// <summary>The pages by which the server refuses what is no call, in xapi's words, since old clients look for them.</summary>
internal static class HttpPages
{
    public static Task ForbiddenAsync(HttpContext http) =>
        WriteAsync(http, 403, "Forbidden", "<h1>HTTP 403 forbidden</h1>Access to the requested resource is forbidden.");

    public static Task UnauthorisedAsync(HttpContext http, string realm)
    {
        http.Response.Headers.WWWAuthenticate = $"Basic realm=\"{realm}\"";
        return WriteAsync(http, 401, "Unauthorised", "<h1>HTTP 401 unauthorised</h1>Please check your credentials and retry.");
    }

    public static Task InternalErrorAsync(HttpContext http, string why) => WriteAsync(
        http,
        500,
        "Internal Error",
        "<h1>HTTP 500 internal server error</h1>An unexpected error occurred; please wait a while and try again. If the problem persists, "
        + $"please contact your support representative.<h1> Additional information </h1>{WebUtility.HtmlEncode(why)}");

    public static Task RefusedAsync(HttpContext http, int status, string reason, string why) =>
        WriteAsync(http, status, reason, $"<h1>HTTP {status} {reason.ToLowerInvariant()}</h1>{WebUtility.HtmlEncode(why)}");

    private static async Task WriteAsync(HttpContext http, int status, string reason, string content)
    {
        var body = Encoding.UTF8.GetBytes($"<html><body>{content}</body></html>");
        var response = http.Response;
        response.StatusCode = status;
        http.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = reason;
        response.ContentType = "text/html";
        response.ContentLength = body.Length;
        response.Headers.Connection = "close";
        response.Headers.CacheControl = "no-cache, no-store";
        await response.Body.WriteAsync(body, http.RequestAborted);
    }
}
