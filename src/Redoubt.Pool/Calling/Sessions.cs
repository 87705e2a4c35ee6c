using System.Collections.Concurrent;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The sessions that are logged in. They live only as long as the daemon: a restarted one answers <c>SESSION_INVALID</c>, and clients
/// log in again. A session ends with its owner's last role, and what it may do follows their roles from call to call.
/// </summary>
public sealed class Sessions(PoolDatabase database, TimeProvider time)
{
    /// <summary>How long a session may be idle before it is logged out (xapi's limit).</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromHours(24);

    /// <summary>
    /// How many sessions one user may have: one more, and the one that has been idle longest ends. Some clients log in for each call and
    /// never log out.
    /// </summary>
    public const int MaxOfUser = 1_000;

    private readonly ConcurrentDictionary<string, (SessionState State, long LastUsed)> _open = new();

    /// <summary>The session of this reference.</summary>
    /// <exception cref="XenApiException">
    /// <c>SESSION_INVALID</c>: there is none, it has been idle for too long, or its owner may not log in any more.
    /// </exception>
    public SessionState Get(Ref<SessionRecord> reference, string spelled)
    {
        var (state, entry) = Find(reference) ?? throw new XenApiException("SESSION_INVALID", spelled);

        // Not put back if it has been closed in this moment.
        _open.TryUpdate(reference.Opaque, entry with { LastUsed = time.GetTimestamp() }, entry);
        return state;
    }

    /// <summary>
    /// The session of this reference, which does not count as its being used: for what goes on by itself. Null if there is none.
    /// </summary>
    public SessionState? Peek(Ref<SessionRecord> reference) => Find(reference)?.State;

    /// <summary>Counts as its being used, if there is one of this reference.</summary>
    public void Touch(Ref<SessionRecord> reference)
    {
        if (Find(reference) is var (_, entry))
        {
            _open.TryUpdate(reference.Opaque, entry with { LastUsed = time.GetTimestamp() }, entry);
        }
    }

    /// <summary>Whether something that goes on in a session may go on; using it counts as the session's being used.</summary>
    /// <param name="reference">The session.</param>
    /// <param name="may">Whether one like it may.</param>
    /// <param name="isUsed">Whether it has been used since this was asked last.</param>
    public bool MayGoOn(Ref<SessionRecord> reference, Func<SessionState, bool> may, Func<bool> isUsed)
    {
        if (Peek(reference) is not { } session || !may(session))
        {
            return false;
        }

        if (isUsed())
        {
            Touch(reference);
        }

        return true;
    }

    /// <summary>Opens a session for someone who has proved who they are.</summary>
    /// <param name="owner">Who they are.</param>
    /// <param name="originator">The program they use.</param>
    /// <param name="host">This host.</param>
    /// <param name="foreign">A foreign database, which the session may read and nothing else; null for the pool's own.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>: they have no role.</exception>
    public Task<SessionState> OpenAsync(
        SessionOwner owner, string originator, Ref<HostRecord> host, DatabaseState? foreign, CancellationToken cancellationToken) =>
        OpenAsync(owner, originator, host, foreign, null, cancellationToken);

    /// <summary>Opens a session on a database that lies on a volume.</summary>
    internal async Task<SessionState> OpenAsync(
        SessionOwner owner, string originator, Ref<HostRecord> host, DatabaseState? foreign, VolumeClaim? claim,
        CancellationToken cancellationToken)
    {
        await CloseEndedAsync();
        var role = owner.RoleIn(database.State)
            ?? throw new XenApiException(
                "RBAC_PERMISSION_DENIED", owner.UserName,
                $"Subject {owner.UserName} (identifier {owner.Identifier}) has no roles in this pool");
        role = foreign is null ? role : Role.ReadOnly;
        var now = time.GetUtcNow();
        var reference = await database.WriteAsync(
            tx => tx.Create(new SessionRecord
            {
                ThisHost = host,
                LastActive = now,
                ValidationTime = now,
                AuthUserName = owner.UserName,
                AuthUserSid = foreign is null ? owner.Identifier : "readonly-sid",
                Subject = owner.Subjects.FirstOrDefault(),
                RbacPermissions = role == Role.LocalRoot ? [] : StaticRoles.PermissionsOf(role),
                IsLocalSuperuser = role == Role.LocalRoot,
                Originator = originator,
            }),
            cancellationToken);
        var state = new SessionState(reference, owner, role, foreign) { Claim = claim };
        _open[reference.Opaque] = (state, time.GetTimestamp());
        await CloseSurplusAsync(owner.UserName, reference, cancellationToken);
        return state;
    }

    /// <summary>Ends a session.</summary>
    public async Task CloseAsync(Ref<SessionRecord> reference, CancellationToken cancellationToken)
    {
        if (_open.TryRemove(reference.Opaque, out _))
        {
            await database.WriteAsync(tx => tx.Delete(reference), cancellationToken);
        }
    }

    private async Task CloseSurplusAsync(string userName, Ref<SessionRecord> newest, CancellationToken cancellationToken)
    {
        var theirs = _open.Where(e => e.Value.State.UserName == userName && e.Key != newest.Opaque)
            .OrderByDescending(e => e.Value.LastUsed).ToList();
        foreach (var (surplus, _) in theirs.Skip(MaxOfUser - 1))
        {
            await CloseAsync(new(surplus), cancellationToken);
        }
    }

    /// <summary>Takes away the sessions that have been idle for too long, and those whose owners may not log in any more.</summary>
    public Task CloseEndedAsync() => CloseAsync(entry => Ended(entry) || RoleOf(entry.State) is null);

    /// <summary>Ends the sessions of a subject, except one.</summary>
    public Task CloseOfAsync(Ref<SubjectRecord> subject, Ref<SessionRecord> but) =>
        CloseAsync(entry => entry.State.Owner.Subjects.Contains(subject) && entry.State.Ref != but);

    /// <summary>Ends the sessions of some owners.</summary>
    public Task CloseWhereAsync(Func<SessionOwner, bool> isDue) => CloseAsync(entry => isDue(entry.State.Owner));

    /// <summary>Brings the permissions that sessions show up to date; what they permit is so already.</summary>
    public Task ShowPermissionsAsync() => database.WriteAsync(tx =>
    {
        foreach (var (_, entry) in _open)
        {
            if (!entry.State.Owner.Subjects.IsEmpty && RoleOf(entry.State) is { } role && tx.Find(entry.State.Ref) is not null)
            {
                tx.Update(entry.State.Ref, s => s with { RbacPermissions = StaticRoles.PermissionsOf(role) });
            }
        }
    });

    private async Task CloseAsync(Func<(SessionState State, long LastUsed), bool> isDue)
    {
        foreach (var (reference, entry) in _open)
        {
            if (isDue(entry))
            {
                await CloseAsync(new(reference), CancellationToken.None);
            }
        }
    }

    private (SessionState State, (SessionState State, long LastUsed) Entry)? Find(Ref<SessionRecord> reference) =>
        !_open.TryGetValue(reference.Opaque, out var entry) || Ended(entry) || RoleOf(entry.State) is not { } role ? null
        : (entry.State.Role == role ? entry.State : entry.State with { Role = role }, entry);

    private bool Ended((SessionState State, long LastUsed) entry) => time.GetElapsedTime(entry.LastUsed) > IdleLimit;

    private Role? RoleOf(SessionState session) =>
        session.Owner.RoleIn(database.State) is { } role ? (session.Foreign is null ? role : Role.ReadOnly) : null;
}
