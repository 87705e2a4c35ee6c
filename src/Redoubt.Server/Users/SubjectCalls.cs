using System.Collections.Immutable;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Users;

/// <summary>
/// What subjects do: who may log in, and as what. A subject with a password is a user of this pool's own; one without is somebody, or a
/// group, of a directory. Whatever changes here takes effect on open sessions at once: they look their subject up at every call.
/// </summary>
internal sealed partial class SubjectCalls(PoolServices pool, LocalPasswords passwords)
{
    private const int LongestPassword = 1024;

    [Message("subject.create")]
    public Task<Ref<SubjectRecord>> CreateAsync(CallContext call, SubjectRecord args)
    {
        if (args.SubjectIdentifier.Length == 0)
        {
            throw new XenApiException("INVALID_VALUE", "subject_identifier", "");
        }

        var name = Subjects.LoginName(args);
        if (name is not null)
        {
            SubjectNames.Require(name);
        }

        return pool.Database.WriteAsync(
            tx =>
            {
                if (tx.State.All<SubjectRecord>().Any(s => s.Record.SubjectIdentifier == args.SubjectIdentifier)
                    || (name is not null && SubjectNames.Find(tx.State, name) is not null))
                {
                    throw new XenApiException("SUBJECT_ALREADY_EXISTS");
                }

                // No role until one is given: nobody becomes an administrator by being listed.
                return tx.Create(new SubjectRecord { SubjectIdentifier = args.SubjectIdentifier, OtherConfig = args.OtherConfig });
            },
            call.Cancellation);
    }

    [Message("subject.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<SubjectRecord> self)
    {
        var uuid = await pool.Database.WriteAsync(
            tx =>
            {
                var subject = tx.Get(self);
                tx.Delete(self);
                return subject.Uuid;
            },
            call.Cancellation);
        await pool.Sessions.CloseEndedAsync();

        // Last: a password without a subject opens nothing, a subject without its password would only puzzle its owner.
        passwords.Remove(uuid);
    }

    [Message("subject.add_to_roles")]
    public async Task AddToRolesAsync(CallContext call, Ref<SubjectRecord> self, Ref<RoleRecord> role)
    {
        // A single permission is a role too, but one that nobody can be.
        if (StaticRoles.LevelOf(role) is null)
        {
            throw new XenApiException("ROLE_NOT_FOUND");
        }

        await SetRolesAsync(call, self, roles => roles.Contains(role) ? throw new XenApiException("ROLE_ALREADY_EXISTS") : roles.Add(role));
    }

    [Message("subject.remove_from_roles")]
    public Task RemoveFromRolesAsync(CallContext call, Ref<SubjectRecord> self, Ref<RoleRecord> role) =>
        SetRolesAsync(call, self, roles => roles.Contains(role) ? roles.Remove(role) : throw new XenApiException("ROLE_NOT_FOUND"));

    [Message("subject.get_permissions_name_label")]
    public static ImmutableList<string> GetPermissionsNameLabel(CallContext call, Ref<SubjectRecord> self) =>
        StaticRoles.Highest(call.State.Get(self).Roles) is { } role ? StaticRoles.PermissionsOf(role) : [];

    /// <summary>Gives a user of the pool's own a password. Their other sessions end: whoever knew the old one is out.</summary>
    [Message("subject.set_password")]
    public async Task SetPasswordAsync(CallContext call, Ref<SubjectRecord> self, string password)
    {
        var subject = pool.State.Get(self);
        if (Subjects.LoginName(subject) is null)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", $"The subject has no name to log in with: its other_config lacks {Subjects.NameKey}.");
        }

        if (password.Length is 0 or > LongestPassword)
        {
            throw new XenApiException("CHANGE_PASSWORD_REJECTED", $"A password has between 1 and {LongestPassword} characters.");
        }

        await Task.Run(() => passwords.Set(subject.Uuid, password), call.Cancellation);
        await pool.Sessions.CloseOfAsync(self, but: call.Session.Ref);
    }

    private async Task SetRolesAsync(
        CallContext call, Ref<SubjectRecord> self, Func<ImmutableList<Ref<RoleRecord>>, ImmutableList<Ref<RoleRecord>>> change)
    {
        await pool.Database.WriteAsync(tx => tx.Update(self, s => s with { Roles = change(s.Roles) }), call.Cancellation);
        await pool.Sessions.CloseEndedAsync();
        await pool.Sessions.ShowPermissionsAsync();
    }
}
