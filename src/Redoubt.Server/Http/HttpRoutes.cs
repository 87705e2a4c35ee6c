using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Redoubt.Server.Health;
using Redoubt.Server.ThinCli;

namespace Redoubt.Server.Http;

/// <summary>Which request goes where. Whatever fails ends here: the connection, never the daemon.</summary>
internal sealed class HttpRoutes(
    RpcEndpoint rpc, TransferEndpoint transfers, VmMetadataEndpoint metadata, VmTransferEndpoint vms,
    StatisticsEndpoint statistics, ThinCliEndpoint files, ApiEndpoint api,
    Func<HttpContext, Task> metrics, Func<HttpContext, Task> readmission, DataDirectoryWatch health, ILogger<HttpRoutes> log)
{
    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            await RouteAsync(http);
        }
        catch (BadHttpRequestException bad) when (!http.Response.HasStarted)
        {
            await HttpPages.RefusedAsync(http, bad.StatusCode, Reason(bad.StatusCode), bad.Message);
        }
        catch (Exception gone) when (http.RequestAborted.IsCancellationRequested
            && gone is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // Nobody is there any more to be told.
        }
        catch (Exception error)
        {
            log.LogError(error, "{Method} {Path} met a fault of the server's own", http.Request.Method, http.Request.Path);
            if (http.Response.HasStarted)
            {
                http.Abort();
                return;
            }

            await HttpPages.InternalErrorAsync(http, error.GetType().Name);
        }
    }

    // xapi takes the addresses of transfers with a slash at their end too.
    private Task RouteAsync(HttpContext http) =>
        (http.Request.Method, http.Request.Path.Value is { Length: > 1 } path ? path.TrimEnd('/') : http.Request.Path.Value) switch
        {
            (_, { } call) when ApiEndpoint.IsOurs(call) => api.HandleAsync(http),
            ("POST", "/jsonrpc") => rpc.HandleJsonAsync(http),

            ("POST", "/members/readmit") => readmission(http),

            // Clients post to /, /RPC2, /xmlrpc: xapi takes every other path for XML-RPC.
            ("POST", _) => rpc.HandleXmlAsync(http),
            ("PUT", "/import_raw_vdi") => transfers.ImportDiskAsync(http),
            ("GET", "/export_raw_vdi") => transfers.ExportDiskAsync(http),
            ("GET", "/pool/xmldbdump") => transfers.DumpDatabaseAsync(http),
            ("PUT", "/pool/xmldbdump") => transfers.RestoreDatabaseAsync(http),
            ("GET", "/export_metadata") => metadata.ExportAsync(http),
            ("PUT", "/import_metadata") => metadata.ImportAsync(http),
            ("GET", "/export") => vms.ExportAsync(http),
            ("GET", "/rrd_updates") => statistics.UpdatesAsync(http),
            ("GET", "/vm_rrd") => statistics.VmAsync(http),
            ("GET", "/host_rrd") => statistics.HostAsync(http),
            ("PUT", "/import") => vms.ImportAsync(http),
            ("GET", { } file) when file.StartsWith(ThinCliTransfers.Path, StringComparison.Ordinal) => files.HandleAsync(http),
            ("GET", "/health") => HealthAsync(http),
            ("GET", "/metrics") => metrics(http),
            ("OPTIONS", _) => Options(http.Response),
            _ => HttpPages.ForbiddenAsync(http),
        };

    // For whoever watches the daemon from outside, without a session: those may need the very directory that hangs.
    private Task HealthAsync(HttpContext http)
    {
        var trouble = health.Trouble;
        http.Response.StatusCode = trouble is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsJsonAsync(
            new { data_directory = trouble is null ? "answers" : "trouble", problem = trouble }, http.RequestAborted);
    }

    private static Task Options(HttpResponse response)
    {
        RpcEndpoint.AddHeaders(response);
        response.Headers.AccessControlAllowMethods = "PUT";
        response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static string Reason(int status) => status switch
    {
        StatusCodes.Status413PayloadTooLarge => "Request Entity Too Large",
        StatusCodes.Status408RequestTimeout => "Request Timeout",
        StatusCodes.Status503ServiceUnavailable => "Service Unavailable",
        _ => "Bad Request",
    };
}
