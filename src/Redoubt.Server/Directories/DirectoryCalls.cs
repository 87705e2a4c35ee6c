using System.Collections.Immutable;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Directories;

/// <summary>Putting a directory to use, and asking it who is who.</summary>
internal sealed partial class DirectoryCalls(PoolServices pool, DirectoryLogins directory)
{
    [Message("pool.enable_external_auth")]
    public async Task EnableAsync(
        CallContext call, Ref<PoolRecord> self, ImmutableSortedDictionary<string, string> config, string serviceName, string authType)
    {
        pool.State.Get(self);
        if (pool.State.Get(pool.Hosts.Local.Host).ExternalAuthType.Length > 0)
        {
            throw new XenApiException(
                "AUTH_ALREADY_ENABLED", pool.State.Get(pool.Hosts.Local.Host).ExternalAuthType,
                pool.State.Get(pool.Hosts.Local.Host).ExternalAuthServiceName);
        }

        var parsed = DirectoryConfig.Parse(authType, config);
        var password = config.GetValueOrDefault(DirectoryConfig.PasswordKey, "");
        try
        {
            await Task.Run(() => new LdapDirectory(parsed, password).Check(), call.Cancellation);
        }
        catch (IOException unreachable)
        {
            throw new XenApiException(unreachable, "AUTH_ENABLE_FAILED", unreachable.Message);
        }

        // The password first: a directory that is enabled without it could not be asked.
        directory.KeepPassword(password);
        await pool.Database.WriteAsync(
            tx => tx.Update(pool.Hosts.Local.Host, h => h with
            {
                ExternalAuthType = authType,
                ExternalAuthServiceName = serviceName,
                ExternalAuthConfiguration = config.Remove(DirectoryConfig.PasswordKey),
            }),
            call.Cancellation);
    }

    /// <summary>
    /// Ends the use of the directory. The sessions of its people end; its subjects stay, for the day when it is enabled again.
    /// </summary>
    [Message("pool.disable_external_auth")]
    public async Task DisableAsync(CallContext call, Ref<PoolRecord> self, ImmutableSortedDictionary<string, string> config)
    {
        pool.State.Get(self);
        await pool.Database.WriteAsync(
            tx => tx.Update(pool.Hosts.Local.Host, h => h with
            {
                ExternalAuthType = "",
                ExternalAuthServiceName = "",
                ExternalAuthConfiguration = ImmutableSortedDictionary<string, string>.Empty,
            }),
            call.Cancellation);
        directory.ForgetPassword();
        await pool.Sessions.CloseWhereAsync(owner => owner.IsFromDirectory);
    }

    [Message("auth.get_subject_identifier")]
    public async Task<string> GetSubjectIdentifierAsync(CallContext call, string subjectName) =>
        (await FindAsync(subjectName, call.Cancellation)).Identifier;

    private async Task<DirectoryEntryFound> FindAsync(string name, CancellationToken cancellationToken)
    {
        var current = directory.Current() ?? throw new XenApiException("AUTH_IS_DISABLED");
        try
        {
            return await Task.Run(() => current.FindUserOrGroup(name), cancellationToken)
                ?? throw new XenApiException("SUBJECT_CANNOT_BE_RESOLVED");
        }
        catch (IOException unreachable)
        {
            throw new XenApiException(unreachable, "AUTH_SERVICE_ERROR", unreachable.Message);
        }
    }
}
