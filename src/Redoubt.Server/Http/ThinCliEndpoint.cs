using Microsoft.AspNetCore.Http;
using Redoubt.Server.ThinCli;

namespace Redoubt.Server.Http;

/// <summary>The files that thin clients fetch by HTTP, each at the address that its command has told.</summary>
internal sealed class ThinCliEndpoint(ThinCliTransfers expected)
{
    /// <summary>Serves a client that fetches a file, for as long as its command writes.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        if (expected.Take(HttpMethods.Get, http.Request.Path.Value) is not { } transfer)
        {
            await HttpPages.ForbiddenAsync(http);
            return;
        }

        TransferRunner.AddHeaders(http.Response);
        if (await transfer.ServeAsync(http.Response.Body))
        {
            return;
        }

        if (http.Response.HasStarted)
        {
            http.Abort(); // Only a broken connection says that the rest won't follow.
        }
        else
        {
            http.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }
}
