using System.Collections.Immutable;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Sessions;

/// <summary>What sessions do once they are open.</summary>
internal sealed partial class SessionCalls(PoolServices pool, Logins logins, RootPassword password)
{
    [Message("session.logout")]
    public Task LogoutAsync(CallContext call) => pool.Sessions.CloseAsync(call.Session.Ref, CancellationToken.None);

    [Message("session.get_all_subject_identifiers")]
    public ImmutableList<string> GetAllSubjectIdentifiers(CallContext call) =>
        [.. pool.State.All<SessionRecord>().Where(s => !s.Record.Subject.IsNull).Select(s => s.Record.AuthUserSid).Distinct()];

    [Message("session.logout_subject_identifier")]
    public async Task LogoutSubjectIdentifierAsync(CallContext call, string subjectIdentifier)
    {
        var theirs = pool.State.All<SessionRecord>()
            .Where(s => subjectIdentifier.Length > 0 && s.Record.AuthUserSid == subjectIdentifier && s.Ref != call.Session.Ref);
        foreach (var (session, _) in theirs)
        {
            await pool.Sessions.CloseAsync(session, CancellationToken.None);
        }
    }

    [Message("session.change_password")]
    public async Task ChangePasswordAsync(CallContext call, string oldPwd, string newPwd)
    {
        if (newPwd.Length == 0)
        {
            throw new XenApiException("CHANGE_PASSWORD_REJECTED", "The new password is empty.");
        }

        await logins.ProveAsync(SessionOwner.RootName, oldPwd, System.Net.IPAddress.None, call.Cancellation);
        password.Set(newPwd);
    }
}
