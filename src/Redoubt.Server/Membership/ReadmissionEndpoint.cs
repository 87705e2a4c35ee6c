using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Redoubt.Server.Http;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>Where a host that was left behind asks to be one of the pool again (<see cref="Readmission"/>).</summary>
internal sealed class ReadmissionEndpoint(
    MemberCalls members, string dataDirectory, Func<ServerCertificates?> certificates, ILogger<ReadmissionEndpoint> log)
{
    public async Task HandleAsync(HttpContext http)
    {
        if (await ReadAsync(http) is not { } asked
            || Readmission.FindSecret(dataDirectory, members.CurrentPool, asked, IsOwn) is not { } secret)
        {
            await HttpPages.ForbiddenAsync(http);
            return;
        }

        try
        {
            var given = await members.ReadmitAsync(secret, asked, http.RequestAborted);
            log.LogInformation("The host {Host} was admitted to its pool again", asked["uuid"]);
            await http.Response.WriteAsJsonAsync(given, http.RequestAborted);
        }
        catch (XenApiException refused)
        {
            http.Response.StatusCode = StatusCodes.Status409Conflict;
            await http.Response.WriteAsync(ErrorSentences.Of(refused), http.RequestAborted);
        }
    }

    /// <summary>Reads what somebody says of whom nothing is known; <see langword="null"/>: it is nothing that is said here.</summary>
    public static async Task<ImmutableSortedDictionary<string, string>?> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength is null or > Readmission.MaxBytes)
        {
            return null;
        }

        try
        {
            return await http.Request.ReadFromJsonAsync<ImmutableSortedDictionary<string, string>>(http.RequestAborted);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private bool IsOwn(string thumbprint) => certificates() is { } own
        && (Readmission.Thumbprint(own.Own) == thumbprint || (own.Rsa is { } rsa && Readmission.Thumbprint(rsa) == thumbprint));
}
