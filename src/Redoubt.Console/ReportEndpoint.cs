using Microsoft.AspNetCore.Http;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console;

/// <summary>A run's report as a file, to be kept or shown in a frame.</summary>
internal static class ReportEndpoint
{
    // The report brings its own style and nothing else; whatever a name in it might hold, it can't run.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox";

    public static async Task SendAsync(HttpContext http, string run, string format, ConsolePool pool)
    {
        (ReportFormat Format, string Type)? wanted = format switch
        {
            "html" => (ReportFormat.Html, "text/html; charset=utf-8"),
            "markdown" => (ReportFormat.Markdown, "text/markdown; charset=utf-8"),
            "json" => (ReportFormat.Json, "application/json"),
            _ => null,
        };
        if (wanted is not var (known, type) || SessionCookie.Read(http, pool) is not { } spelled
            || pool.FindSession(spelled) is not { } session)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        try
        {
            var report = pool.Recovery.Report(run, known, session);
            http.Response.Headers.ContentSecurityPolicy = Policy;
            http.Response.ContentType = type;
            await http.Response.WriteAsync(report, http.RequestAborted);
        }
        catch (XenApiException refusal)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            http.Response.ContentType = "text/plain; charset=utf-8";
            await http.Response.WriteAsync(Refusals.Sentence(refusal, pool.State), http.RequestAborted);
        }
    }
}
