using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Redoubt.Agreement;
using Redoubt.Database.Journal;
using Redoubt.Pool;
using Redoubt.Server.Dispatch;
using Redoubt.Server.Sessions;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>
/// What a member answers by itself, for when the others are gone: a login of root on this host alone, and the order to go on without them.
/// </summary>
internal sealed class EmergencyCalls(Seat seat, string dataDirectory, PoolMembership membership, EtcdMember etcd, TimeProvider time)
{
    private const string Login = "session.slave_local_login_with_password";
    private const string Logout = "session.local_logout";
    private const string Transition = "pool.emergency_transition_to_master";
    private const string TakeOver = "pool.emergency_take_over";
    private const string Reset = "pool.emergency_reset_master";

    private static readonly TimeSpan SessionLength = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ReachLimit = TimeSpan.FromSeconds(3);

    private readonly LoginThrottle _throttle = new(time);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _sessions = [];

    /// <summary>Answers a call; <see langword="null"/>: it is none of these, and the coordinator's to answer.</summary>
    /// <returns>The answer, and what is to be done once it has been sent.</returns>
    public async Task<(Answer Answer, Func<Task> Then)?> TryAsync(RpcRequest request, IPAddress remote, CancellationToken cancellationToken)
    {
        var name = DataModel.FullName(request.Method);
        if (name is not (Login or Logout or Transition or TakeOver or Reset) || DataModel.FindMessage(name) is not var (model, message))
        {
            return null;
        }

        try
        {
            var (session, given) = Arguments.Split(name, message, request);
            var arguments = Arguments.Decode(model, message, given);
            if (name == Login)
            {
                var opened = await LoginAsync((string)arguments[0]!, (string)arguments[1]!, remote, cancellationToken);
                return (Answer.Of(message.Result, opened), Nothing);
            }

            RequireSession(session);
            if (name == Logout)
            {
                _sessions.TryRemove(session, out _);
                return (Answer.Of(message.Result, null), Nothing);
            }

            var then = name == Reset
                ? await ResetAsync((string)arguments[0]!, cancellationToken)
                : await TakeOverAsync(name == TakeOver ? (IReadOnlyList<string>)arguments[0]! : [], cancellationToken);
            return (Answer.Of(message.Result, null), then);
        }
        catch (XenApiException refused)
        {
            return (Answer.Of(refused), Nothing);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return (Answer.Of(new XenApiException(failed, "INTERNAL_ERROR", failed.Message)), Nothing);
        }
    }

    // The answer is all.
    private static Task Nothing() => Task.CompletedTask;

    private async Task<Ref<SessionRecord>> LoginAsync(string user, string attempt, IPAddress remote, CancellationToken cancellationToken)
    {
        await _throttle.WaitAsync(user, remote, cancellationToken);
        if (user != SessionOwner.RootName || !RootPassword.IsRightIn(dataDirectory, attempt))
        {
            _throttle.Failed(user, remote);
            throw new XenApiException("SESSION_AUTHENTICATION_FAILED", user, "Authentication failure");
        }

        _throttle.Succeeded(user, remote);
        foreach (var (old, _) in _sessions.Where(s => s.Value < time.GetUtcNow()))
        {
            _sessions.TryRemove(old, out _);
        }

        var session = $"OpaqueRef:{new Guid(RandomNumberGenerator.GetBytes(16))}";
        _sessions[session] = time.GetUtcNow() + SessionLength;
        return new(session);
    }

    private void RequireSession(string session)
    {
        if (!_sessions.TryGetValue(session, out var until) || until < time.GetUtcNow())
        {
            throw new XenApiException("SESSION_INVALID", session);
        }
    }

    /// <summary>Has this host go on alone, if there is no majority, and the operator has named each host that does not answer.</summary>
    private async Task<Func<Task>> TakeOverAsync(IReadOnlyList<string> dead, CancellationToken cancellationToken)
    {
        await RequireNoMajorityAsync(cancellationToken);
        var others = ReadHosts().Where(h => h.Uuid != membership.Host).ToList();
        var named = dead
            .Select(d => others.Find(h => h.Uuid == d || h.Name == d) ?? throw new XenApiException("INVALID_VALUE", "dead_hosts", d))
            .ToHashSet();
        var urls = await UrlsAsync(cancellationToken);
        var answering = (await Task.WhenAll(others.Select(async h => (Host: h, Answers: await AnswersAsync(h, urls, cancellationToken)))))
            .Where(a => a.Answers).Select(a => a.Host).ToHashSet();
        if (named.FirstOrDefault(answering.Contains) is { } alive)
        {
            throw new XenApiException("HOST_IS_LIVE", alive.Opaque);
        }

        if (others.Where(h => !answering.Contains(h) && !named.Contains(h)).Select(h => h.Name).ToList() is { Count: > 0 } silent)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"{string.Join(", ", silent)} can't be reached. If that is off for good, or cut off from all storage, say so: "
                + $"pool-emergency-transition-to-master dead-hosts={string.Join(',', silent)}. A host that is only cut off must not be "
                + "taken for dead: its VMs would run twice.");
        }

        var at = time.GetUtcNow().ToString("yyyyMMddHHmmss", System.Globalization.CultureInfo.InvariantCulture);
        var takeover = new PoolTakeover { Host = membership.Host, Dead = [.. named.Select(h => h.Uuid)], At = at };
        seat.TakeOver(takeover);
        return seat.LeaveAsync;
    }

    /// <summary>
    /// Does what a coordinator of this pool says to a host that it has found left behind. One that follows that coordinator goes on doing
    /// so: what was said once can be said again by whoever has heard it.
    /// </summary>
    /// <returns>What is to be done once that is answered; <see langword="null"/>: it is no host of this pool that says so.</returns>
    /// <exception cref="XenApiException">The coordinator does not take this host.</exception>
    /// <exception cref="IOException">The order can't be written down.</exception>
    public async Task<Func<Task>?> FollowAsync(ImmutableSortedDictionary<string, string> told, CancellationToken cancellationToken)
    {
        if (Readmission.FindCoordinator(dataDirectory, membership.Pool, told) is not { } coordinator)
        {
            return null;
        }

        return await FindCoordinatorAsync(cancellationToken) == coordinator ? Nothing : await ResetAsync(coordinator, cancellationToken);
    }

    /// <summary>Has this host follow another coordinator of its pool, which must be one.</summary>
    private async Task<Func<Task>> ResetAsync(string address, CancellationToken cancellationToken)
    {
        var (next, given) = await Readmission.AskAsync(dataDirectory, membership, address, time, cancellationToken);
        await seat.JoinAsync(next, given);
        return seat.LeaveAsync;
    }

    /// <summary>Where the coordinator is; <see langword="null"/>: there is none now, or this host is cut off with the minority.</summary>
    public async Task<string?> FindCoordinatorAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Coordinator.FindAddressAsync(etcd.Client, cancellationToken);
        }
        catch (EtcdException)
        {
            // With the minority nobody knows.
            return null;
        }
    }

    private async Task RequireNoMajorityAsync(CancellationToken cancellationToken)
    {
        string? address;
        try
        {
            address = await Coordinator.FindAddressAsync(etcd.Client, cancellationToken);
        }
        catch (EtcdException)
        {
            return;
        }

        throw new XenApiException(
            "OPERATION_NOT_ALLOWED",
            address is null
                ? "The majority of the pool's hosts is there, and one of them is just taking over."
                : $"The majority of the pool's hosts is there, and {address} coordinates it: ask there (pool-designate-new-master).");
    }

    private List<KnownHost> ReadHosts()
    {
        var dump = JournalReader.Read(Path.Combine(dataDirectory, KeptName.Journal)) switch
        {
            JournalVerdict.Intact intact => intact.Content.Database,
            JournalVerdict.CutAt cut => cut.Content.Database,
            _ => throw new InvalidDataException("This host has no copy of the pool's database to go on with."),
        };
        return [.. dump.FindTable("host")!.Rows.Select(r => new KnownHost(r.Ref, r.Columns["uuid"], r.Columns["name__label"]))];
    }

    private async Task<IReadOnlyDictionary<string, Uri>> UrlsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await etcd.Client.ListMembersAsync(cancellationToken)).Where(m => m.Name.Length > 0)
                .ToImmutableDictionary(m => m.Name, m => m.Url);
        }
        catch (EtcdException)
        {
            return membership.Cluster.ToImmutableDictionary(m => m.Key, m => new Uri(m.Value));
        }
    }

    private static async Task<bool> AnswersAsync(KnownHost host, IReadOnlyDictionary<string, Uri> urls, CancellationToken cancellationToken)
    {
        if (urls.GetValueOrDefault(host.Uuid) is not { } url)
        {
            return false;
        }

        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(ReachLimit);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(url.Host.Trim('[', ']'), url.Port, late.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private sealed record KnownHost(string Opaque, string Uuid, string Name);
}
