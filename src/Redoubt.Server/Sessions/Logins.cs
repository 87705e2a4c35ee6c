using System.Net;
using Redoubt.Pool;
using Redoubt.Server.Audit;
using Redoubt.Server.Directories;
using Redoubt.Server.Users;
using Redoubt.XenApi;

namespace Redoubt.Server.Sessions;

/// <summary>Opens sessions for the machine's superuser, for the pool's own users, and for a directory's.</summary>
internal sealed class Logins(
    PoolServices pool, RootPassword root, LocalPasswords passwords, DirectoryLogins directory, LoginThrottle throttle,
    AuditTrail audit) : IDisposable
{
    /// <summary>The message that logs in.</summary>
    public const string Message = "session.login_with_password";

    private const int MostAsking = 8;

    // A check costs tens of milliseconds of processor time on purpose. Strangers must not get all of it.
    private readonly Turns _checking = new(Math.Max(1, Environment.ProcessorCount / 2));

    // Whoever sits at the machine must get in whatever comes over the network.
    private readonly Turns _checkingHere = new(1);

    // A directory that hangs holds its own people up, never root and the pool's users.
    private readonly Turns _asking = new(MostAsking);

    /// <summary>Opens a session.</summary>
    /// <exception cref="XenApiException"><c>SESSION_AUTHENTICATION_FAILED</c>; <c>RBAC_PERMISSION_DENIED</c>: the user has no
    /// role.</exception>
    public async Task<SessionState> LoginAsync(
        string user, string attempt, string originator, IPAddress remote, CancellationToken cancellationToken)
    {
        try
        {
            var owner = await ProveAsync(user, attempt, remote, cancellationToken);
            var session = await pool.Sessions.OpenAsync(owner, originator, pool.Hosts.Local.Host, null, cancellationToken);
            await audit.LoginAsync(Message, user, remote, session, "ok");
            return session;
        }
        catch (Exception refusal) when (refusal is not OperationCanceledException)
        {
            // Also what is a fault of ours: somebody has tried to log in, and did not get in.
            await audit.LoginAsync(Message, user, remote, null, (refusal as XenApiException)?.Code ?? "INTERNAL_ERROR");
            throw;
        }
    }

    /// <summary>Checks a name and a password.</summary>
    /// <exception cref="XenApiException"><c>SESSION_AUTHENTICATION_FAILED</c>: one of them is wrong.</exception>
    public async Task<SessionOwner> ProveAsync(string user, string attempt, IPAddress remote, CancellationToken cancellationToken)
    {
        await throttle.WaitAsync(user, remote, cancellationToken);
        var turns = user == SessionOwner.RootName && IPAddress.IsLoopback(remote) ? _checkingHere : _checking;
        var owner = await turns.TakeAsync(remote, () => Check(user, attempt), cancellationToken);
        if (owner is null && MayBeInDirectory(user))
        {
            owner = await _asking.TakeAsync(remote, () => Ask(user, attempt), cancellationToken);
        }

        if (owner is null)
        {
            throttle.Failed(user, remote);
            throw new XenApiException("SESSION_AUTHENTICATION_FAILED", user, "Authentication failure");
        }

        throttle.Succeeded(user, remote);
        return owner;
    }

    public void Dispose()
    {
        _checking.Dispose();
        _checkingHere.Dispose();
        _asking.Dispose();
    }

    private SessionOwner? Check(string user, string attempt)
    {
        if (FindOwn(user) is var (reference, subject))
        {
            return passwords.IsRight(subject.Uuid, attempt)
                ? new() { UserName = Subjects.LoginName(subject)!, Identifier = subject.SubjectIdentifier, Subjects = [reference] }
                : null;
        }

        // Checked for names that there are not, too, so that the time it takes does not tell which there are.
        return root.IsRight(attempt) && user == SessionOwner.RootName ? SessionOwner.Root : null;
    }

    private SessionOwner? Ask(string user, string attempt)
    {
        try
        {
            return directory.Prove(user, attempt);
        }
        catch (IOException unreachable)
        {
            throw new XenApiException(unreachable, "SESSION_AUTHENTICATION_FAILED", user, unreachable.Message);
        }
    }

    // Who the machine's superuser and the pool's own users are is never a directory's to say.
    private bool MayBeInDirectory(string user) =>
        !string.Equals(user, SessionOwner.RootName, StringComparison.OrdinalIgnoreCase) && FindOwn(user) is null;

    private (Ref<SubjectRecord> Ref, SubjectRecord Record)? FindOwn(string user) =>
        SubjectNames.Find(pool.State, user) is { } found && passwords.Has(found.Record.Uuid) ? found : null;
}
