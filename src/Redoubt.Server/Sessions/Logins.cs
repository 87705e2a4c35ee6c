using System.Net;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Sessions;

/// <summary>Opens sessions for those who know the root password; there are no other users yet.</summary>
internal sealed class Logins(PoolServices pool, RootPassword password, LoginThrottle throttle) : IDisposable
{
    /// <summary>The message that logs in.</summary>
    public const string Message = "session.login_with_password";

    public const string RootName = "root";

    // A check costs tens of milliseconds of processor time on purpose. Strangers must not get all of it.
    private readonly SemaphoreSlim _checking = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>Opens a session.</summary>
    /// <exception cref="XenApiException"><c>SESSION_AUTHENTICATION_FAILED</c>.</exception>
    public async Task<SessionState> LoginAsync(string user, string attempt, string originator, IPAddress remote, CancellationToken cancellationToken)
    {
        await ProveAsync(user, attempt, remote, cancellationToken);
        return await pool.Sessions.OpenAsync(user, Role.LocalRoot, originator, pool.Host, null, cancellationToken);
    }

    /// <summary>Checks a name and a password.</summary>
    /// <exception cref="XenApiException"><c>SESSION_AUTHENTICATION_FAILED</c>: one of them is wrong.</exception>
    public async Task ProveAsync(string user, string attempt, IPAddress remote, CancellationToken cancellationToken)
    {
        await throttle.WaitAsync(user, remote, cancellationToken);
        await _checking.WaitAsync(cancellationToken);
        bool right;
        try
        {
            // Checked for other names too, so that the time it takes does not tell which names there are.
            right = await Task.Run(() => password.IsRight(attempt), cancellationToken) && user == RootName;
        }
        finally
        {
            _checking.Release();
        }

        if (!right)
        {
            throttle.Failed(user, remote);
            throw new XenApiException("SESSION_AUTHENTICATION_FAILED", user, "Authentication failure");
        }

        throttle.Succeeded(user, remote);
    }

    public void Dispose() => _checking.Dispose();
}
