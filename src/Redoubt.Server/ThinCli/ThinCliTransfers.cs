using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Redoubt.Server.Http;

namespace Redoubt.Server.ThinCli;

/// <summary>
/// The files that thin clients were told to bring or to fetch: each at an address of its own, which nobody can guess, once. Who holds the
/// address was told it on the connection that has logged in.
/// </summary>
internal sealed class ThinCliTransfers
{
    /// <summary>What the addresses begin with.</summary>
    public const string Path = "/cli/files/";

    private readonly ConcurrentDictionary<string, ThinCliTransfer> _expected = new();

    /// <summary>Expects one request. Disposing of the answer ends it, and with it the request.</summary>
    public ThinCliTransfer Expect(string method)
    {
        var path = Path + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        return _expected[path] = new ThinCliTransfer(method, path, () => _expected.TryRemove(path, out _));
    }

    /// <summary>Serves such a request for as long as its command needs it.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        if (http.Request.Path.Value is not { } path || !_expected.TryGetValue(path, out var transfer) || transfer.Method != http.Request.Method || !_expected.TryRemove(path, out _))
        {
            await HttpPages.ForbiddenAsync(http);
            return;
        }

        TransferRunner.AddHeaders(http.Response);
        if (transfer.Method == HttpMethods.Put)
        {
            // The client sends nothing before it has read this; how it went, it is told on its own connection.
            http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }

        if (await transfer.ServeAsync(http))
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
