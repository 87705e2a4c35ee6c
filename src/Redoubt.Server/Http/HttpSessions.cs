using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Redoubt.Pool;
using Redoubt.Server.Listening;
using Redoubt.Server.Sessions;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// Finds out who asks for something that is no call: by a session in the address or in a cookie, or by name and password.
/// </summary>
internal sealed class HttpSessions(PoolServices pool, Logins logins)
{
    /// <summary>Does something in the name of whoever asks. A session made for this request alone ends with it.</summary>
    /// <returns>False if the request says nothing about who asks.</returns>
    /// <exception cref="XenApiException"><c>SESSION_INVALID</c>, <c>SESSION_AUTHENTICATION_FAILED</c>.</exception>
    public Task<bool> RunAsync(HttpContext http, Func<SessionState, Task> act) =>
        RunAsync(http, http.Request.Query["session_id"].FirstOrDefault() ?? http.Request.Cookies["session_id"], act);

    /// <summary>
    /// The same for requests that change something, which the pages of others could have a browser make: who asks is said by the
    /// <c>Authorization</c> header alone, as a session (<c>Bearer</c>) or by name and password.
    /// </summary>
    /// <inheritdoc cref="RunAsync(HttpContext, Func{SessionState, Task})"/>
    public Task<bool> RunByHeaderAsync(HttpContext http, Func<SessionState, Task> act)
    {
        const string Scheme = "Bearer ";
        var header = http.Request.Headers.Authorization.ToString();
        return RunAsync(http, header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null, act);
    }

    private async Task<bool> RunAsync(HttpContext http, string? spelled, Func<SessionState, Task> act)
    {
        if (spelled is not null)
        {
            var known = pool.Sessions.Get(new(spelled), spelled);
            Connections.Prove(http);
            await act(known);
            return true;
        }

        if (Credentials(http.Request) is not var (user, password))
        {
            return false;
        }

        var session = await logins.LoginAsync(
            user, password, "http", http.Connection.RemoteIpAddress ?? IPAddress.None, http.RequestAborted);
        Connections.Prove(http);
        try
        {
            await act(session);
        }
        finally
        {
            await pool.Sessions.CloseAsync(session.Ref, CancellationToken.None);
        }

        return true;
    }

    private static (string User, string Password)? Credentials(HttpRequest request)
    {
        const string Scheme = "Basic ";
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), bytes, out var length))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (text[..colon], text[(colon + 1)..]);
    }
}
