using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Redoubt.Agreement;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>How a host joins a pool. The host that joins asks, in the session of whoever joins it; the coordinator admits it.</summary>
internal sealed partial class MemberCalls(PoolServices pool, Seat seat, int memberPort)
{
    /// <summary>The key of what a host that joins is given: where each member is reached, as JSON.</summary>
    public const string Cluster = "cluster";

    /// <summary>The key of the pool's UUID.</summary>
    public const string PoolUuid = "pool";

    /// <summary>The key of the version of whoever joins.</summary>
    public const string Version = "product_version";

    /// <summary>The UUID of the pool that this host coordinates.</summary>
    public string CurrentPool => pool.State.Get(pool.Pool).Uuid;

    [Message("pool.join")]
    public async Task JoinAsync(CallContext call, string masterAddress, string masterUsername, string masterPassword)
    {
        RequireMayJoin();
        var host = pool.State.Get(pool.Hosts.Local.Host);
        var (url, master) = Reach(masterAddress);
        var own = await OwnAddressAsync(url, call.Cancellation);
        await using var coordinator = new XenApiClient(url, _ => true) { CallLimit = TimeSpan.FromMinutes(2) };
        ImmutableSortedDictionary<string, string> given;
        var port = memberPort is 0 ? LoopbackPort.TakeFree() : memberPort;
        try
        {
            await coordinator.LoginAsync(masterUsername, masterPassword, call.Cancellation);
            given = await coordinator.CallAsync<ImmutableSortedDictionary<string, string>>(
                "pool.admit_host",
                [
                    Map(
                        ("uuid", host.Uuid), ("name_label", host.NameLabel),
                        ("cpu_count", host.CpuInfo.GetValueOrDefault("cpu_count", "1")),
                        ("address", own), ("port", port.ToString(CultureInfo.InvariantCulture)), ("coordinator_address", master),
                        (Version, host.SoftwareVersion.GetValueOrDefault(Version, ""))),
                ],
                call.Cancellation);
        }
        catch (XenApiTransportException e)
        {
            throw new XenApiException(e, "JOINING_HOST_CONNECTION_FAILED");
        }

        await seat.JoinAsync(
            PoolMembership.Of(host.Uuid, own, port, given), given);
        await seat.LeaveAsync();
    }

    /// <summary>Tells each host that is not seen to be up that this one coordinates. Answers which of them are of the pool again.</summary>
    [Message("pool.recover_slaves")]
    public async Task<ImmutableList<Ref<HostRecord>>> RecoverSlavesAsync(CallContext call)
    {
        var state = pool.State;
        var lost = state.All<HostRecord>()
            .Where(h => h.Ref != pool.Hosts.Local.Host && state.Find(h.Record.Metrics) is not { Live: true })
            .Select(h => (h.Ref, Address: h.Record.OtherConfig.GetValueOrDefault(MemberHosts.AddressKey, ""))).ToList();
        var back = ImmutableList.CreateBuilder<Ref<HostRecord>>();

        // One after the other: etcd takes one at a time.
        foreach (var (host, address) in lost.Where(h => h.Address.Length > 0))
        {
            if (await Readmission.TellAsync(pool.DataDirectory, CurrentPool, address, pool.Url!.Authority, call.Cancellation))
            {
                back.Add(host);
            }
        }

        return back.ToImmutable();
    }

    [Message("pool.emergency_transition_to_master")]
    public static void TransitionToMaster(CallContext call) => throw Already();

    [Message("pool.emergency_take_over")]
    public static void TakeOver(CallContext call, ImmutableList<string> deadHosts) => throw Already();

    /// <summary>Has this host follow another coordinator of its pool, as one that came back with a majority of its own.</summary>
    [Message("pool.emergency_reset_master")]
    public async Task ResetMasterAsync(CallContext call, string masterAddress)
    {
        if (seat.Membership is not { } membership)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "This host is a pool by itself, and joins another by pool-join.");
        }

        var (next, given) = await Readmission.AskAsync(pool.DataDirectory, membership, masterAddress, pool.Time, call.Cancellation);
        await seat.JoinAsync(next, given);
        await seat.LeaveAsync();
    }

    [Message("pool.admit_host")]
    public Task<ImmutableSortedDictionary<string, string>> AdmitAsync(
        CallContext call, ImmutableSortedDictionary<string, string> host) => AdmitAsync(host, isOld: false, call.Cancellation);

    /// <summary>Admits a host again that has shown that it was of this pool. One that was removed from it must join anew.</summary>
    /// <returns>What it is given, and the proof of it.</returns>
    /// <exception cref="XenApiException">It is refused.</exception>
    public async Task<ImmutableSortedDictionary<string, string>> ReadmitAsync(
        byte[] secret, ImmutableSortedDictionary<string, string> host, CancellationToken cancellationToken)
    {
        var known = pool.State.FindByUuid<HostRecord>(Word(host, "uuid"));
        if (known.IsNull || known == pool.Hosts.Local.Host)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "The host was removed from the pool, and must join it anew (pool-join).");
        }

        var given = await AdmitAsync(host, isOld: true, cancellationToken);
        return Readmission.Prove(secret, given.Add("nonce", Word(host, "nonce")));
    }

    private async Task<ImmutableSortedDictionary<string, string>> AdmitAsync(
        ImmutableSortedDictionary<string, string> host, bool isOld, CancellationToken cancellationToken)
    {
        var (uuid, address, url, membership) = await BeginAsync(host, cancellationToken);
        if (isOld)
        {
            await DropMemberAsync(uuid, url, cancellationToken);
        }
        else if (!pool.State.FindByUuid<HostRecord>(uuid).IsNull)
        {
            await DropUnfinishedAsync(uuid, cancellationToken);
        }

        var given = MemberFiles.Give(pool.DataDirectory, uuid, address, pool.Time);
        var cpus = Number(host, "cpu_count");
        await pool.Database.WriteAsync(
            tx =>
            {
                if (!isOld)
                {
                    FirstStart.Join(tx, uuid, Word(host, "name_label"), cpus, address, pool.Hosts.Local.Host);
                }
                else
                {
                    tx.Update(tx.State.FindByUuid<HostRecord>(uuid), h => h with { Address = address });
                }
            },
            cancellationToken);
        ImmutableArray<EtcdPeer> all;
        ulong id;
        try
        {
            (id, all) = await seat.Etcd!.Client.AddMemberAsync(url, cancellationToken);
        }
        catch (EtcdException e)
        {
            if (!isOld)
            {
                await pool.Database.WriteAsync(tx => Remove(tx, tx.State.FindByUuid<HostRecord>(uuid)), CancellationToken.None);
            }

            throw new XenApiException(e, "INTERNAL_ERROR", $"The host can't be admitted: {e.Message}");
        }

        return Given(given, membership, uuid, id, all);
    }

    /// <summary>Admits a witness.</summary>
    [Message("pool.admit_witness")]
    public async Task<ImmutableSortedDictionary<string, string>> AdmitWitnessAsync(
        CallContext call, ImmutableSortedDictionary<string, string> witness)
    {
        var (uuid, address, url, membership) = await BeginAsync(witness, call.Cancellation);
        await DropMemberAsync(uuid, url, call.Cancellation);
        var given = MemberFiles.GiveWitness(pool.DataDirectory, uuid, address, pool.Time);
        try
        {
            var (id, all) = await seat.Etcd!.Client.AddMemberAsync(url, call.Cancellation);
            return Given(given, membership, uuid, id, all);
        }
        catch (EtcdException e)
        {
            throw new XenApiException(e, "INTERNAL_ERROR", $"The witness can't be admitted: {e.Message}");
        }
    }

    /// <summary>The witnesses of the pool, whether they are there or not.</summary>
    [Message("pool.get_witnesses")]
    public async Task<ImmutableList<ImmutableSortedDictionary<string, string>>> GetWitnessesAsync(CallContext call)
    {
        if (seat.Etcd is not { } etcd)
        {
            return [];
        }

        try
        {
            var live = await WitnessLease.ReadAsync(etcd.Client, call.Cancellation);
            return
            [
                .. MemberUpkeep.WitnessesAmong(pool.State, await etcd.Client.ListMembersAsync(call.Cancellation)).Select(w => Map(
                    ("uuid", w.Name), ("address", w.Url.Authority), ("live", live.Contains(w.Name) ? "true" : "false"),
                    ("votes", w.IsLearner ? "false" : "true"))),
            ];
        }
        catch (EtcdException e)
        {
            throw new XenApiException(e, "INTERNAL_ERROR", $"The witnesses can't be listed now: {e.Message}");
        }
    }

    /// <summary>Removes a witness, whether it is there or not.</summary>
    [Message("pool.eject_witness")]
    public async Task EjectWitnessAsync(CallContext call, string uuid)
    {
        var client = seat.Etcd?.Client ?? throw new XenApiException("INVALID_VALUE", "uuid", uuid);
        try
        {
            var witness = MemberUpkeep.WitnessesAmong(pool.State, await client.ListMembersAsync(call.Cancellation))
                .Find(w => w.Name == uuid) ?? throw new XenApiException("INVALID_VALUE", "uuid", uuid);
            await client.RemoveMemberAsync(witness.Id, call.Cancellation);
        }
        catch (EtcdException e)
        {
            throw new XenApiException(e, "INTERNAL_ERROR", $"The witness can't be removed now: {e.Message}");
        }
    }

    /// <summary>Begins a pool of several, if it has not begun, for whoever joins it now.</summary>
    private async Task<(string Uuid, string Address, Uri Url, PoolMembership Membership)> BeginAsync(
        ImmutableSortedDictionary<string, string> joining, CancellationToken cancellationToken)
    {
        var version = pool.State.Get(pool.Hosts.Local.Host).SoftwareVersion.GetValueOrDefault(Version, "");
        if (joining.GetValueOrDefault(Version, "") != version)
        {
            throw new XenApiException("POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION");
        }

        var (uuid, address) = (Word(joining, "uuid"), Word(joining, "address"));
        var port = Number(joining, "port");
        if (!IPAddress.TryParse(address, out var ip))
        {
            throw new XenApiException("INVALID_VALUE", "address", address);
        }

        var own = Word(joining, "coordinator_address");
        if (!IPAddress.TryParse(own, out _))
        {
            throw new XenApiException("INVALID_VALUE", "coordinator_address", own);
        }

        return (uuid, address, new Uri($"https://{new IPEndPoint(ip, port)}"), await seat.BeginAsync(pool, own, cancellationToken));
    }

    private static ImmutableSortedDictionary<string, string> Given(
        ImmutableSortedDictionary<string, string> given, PoolMembership membership, string uuid, ulong id, ImmutableArray<EtcdPeer> all)
    {
        var cluster = all.ToImmutableSortedDictionary(m => m.Id == id ? uuid : m.Name, m => EtcdClient.Spelled(m.Url));
        return given.Add(Cluster, JsonSerializer.Serialize(cluster)).Add(PoolUuid, membership.Pool);
    }

    /// <summary>Has another host coordinate the pool. Sessions end; the host is found as after a loss, only sooner.</summary>
    [Message("pool.designate_new_master")]
    public async Task DesignateNewMasterAsync(CallContext call, Ref<HostRecord> host)
    {
        var record = pool.State.Get(host);
        if (host == pool.Hosts.Local.Host)
        {
            return;
        }

        if (!record.Enabled)
        {
            throw new XenApiException("HOST_DISABLED", host.Opaque);
        }

        try
        {
            if (seat.Etcd is not { } etcd
                || !(await Coordinator.ReadStandingAsync(etcd.Client, call.Cancellation)).Any(s => s.Host == record.Uuid))
            {
                throw new XenApiException("HOST_OFFLINE", host.Opaque);
            }

            await seat.HandOverAsync(record.Uuid, call.Cancellation);
        }
        catch (Exception e) when (e is EtcdException or CoordinatorLostException)
        {
            throw new XenApiException(e, "INTERNAL_ERROR", $"{record.NameLabel} was not made coordinator: {e.Message}");
        }
    }

    /// <summary>Forgets a host that is gone. One that is there is ejected.</summary>
    [Message("host.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<HostRecord> self)
    {
        var record = pool.State.Get(self);
        if (self == pool.Hosts.Local.Host)
        {
            throw new XenApiException("HOST_CANNOT_DESTROY_SELF", self.Opaque);
        }

        if (pool.State.Find(record.Metrics) is { Live: true })
        {
            throw new XenApiException("HOST_IS_LIVE", self.Opaque);
        }

        await RemoveAsync(self, record, call.Cancellation);
    }

    /// <summary>Removes a host from the pool, whether it is there or not. Its daemon can do nothing with what it has then.</summary>
    [Message("pool.eject")]
    public async Task EjectAsync(CallContext call, Ref<HostRecord> host)
    {
        var record = pool.State.Get(host);
        if (host == pool.Hosts.Local.Host)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"{record.NameLabel} coordinates the pool. Have another host do that (pool-designate-new-master), then eject it there.");
        }

        await RemoveAsync(host, record, call.Cancellation);
    }

    private async Task RemoveAsync(Ref<HostRecord> host, HostRecord record, CancellationToken cancellationToken)
    {
        if (pool.State.All<VmRecord>().Any(v => v.Record is { IsControlDomain: false } && v.Record.ResidentOn == host))
        {
            throw new XenApiException("HOST_HAS_RESIDENT_VMS", host.Opaque);
        }

        try
        {
            if (seat.Etcd is { } etcd)
            {
                // One that was admitted and has not started yet has no name, and etcd takes one such at a time.
                var members = await etcd.Client.ListMembersAsync(cancellationToken);
                var named = members.Where(m => m.Name == record.Uuid).ToList();
                foreach (var member in named.Count > 0 ? named : members.Where(m => m.IsLearner && m.Name.Length == 0))
                {
                    await etcd.Client.RemoveMemberAsync(member.Id, cancellationToken);
                }
            }
        }
        catch (EtcdException e)
        {
            throw new XenApiException(e, "INTERNAL_ERROR", $"{record.NameLabel} can't be removed now: {e.Message}");
        }

        await pool.Database.WriteAsync(tx => Remove(tx, host), CancellationToken.None);
    }

    /// <summary>Removes what a host was to the others before it begins anew.</summary>
    private async Task DropMemberAsync(string uuid, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            // One that has not started yet has no name; another host's, which is about to start, must stay, and is waited for.
            var members = await seat.Etcd!.Client.ListMembersAsync(cancellationToken);
            foreach (var member in members.Where(m => m.Name == uuid || (m.IsLearner && m.Name.Length == 0 && m.Url == url)))
            {
                await seat.Etcd.Client.RemoveMemberAsync(member.Id, cancellationToken);
            }
        }
        catch (EtcdException e)
        {
            throw new XenApiException(e, "INTERNAL_ERROR", $"The host can't be admitted: {e.Message}");
        }
    }

    /// <summary>Takes back the admission of a host that never got so far as to have a vote, and asks again.</summary>
    /// <exception cref="XenApiException"><c>UUID_ALREADY_EXISTS</c>: it has one.</exception>
    private async Task DropUnfinishedAsync(string uuid, CancellationToken cancellationToken)
    {
        try
        {
            var members = await seat.Etcd!.Client.ListMembersAsync(cancellationToken);
            if (members.Any(m => m.Name == uuid && !m.IsLearner) || pool.State.Get(pool.Hosts.Local.Host).Uuid == uuid)
            {
                throw new XenApiException("UUID_ALREADY_EXISTS", "host", uuid);
            }

            // etcd has one at a time, and it is no other's as long as this one's host stands in the database without a vote.
            foreach (var learner in members.Where(m => m.IsLearner))
            {
                await seat.Etcd.Client.RemoveMemberAsync(learner.Id, cancellationToken);
            }
        }
        catch (EtcdException e)
        {
            throw new XenApiException(e, "INTERNAL_ERROR", $"The host can't be admitted: {e.Message}");
        }

        await pool.Database.WriteAsync(tx => Remove(tx, tx.State.FindByUuid<HostRecord>(uuid)), CancellationToken.None);
    }

    private static void Remove(Transaction tx, Ref<HostRecord> host)
    {
        var record = tx.Get(host);
        foreach (var (pbd, _) in tx.State.All<PbdRecord>().Where(p => p.Record.Host == host).ToList())
        {
            DeviceSecrets.Drop(tx, pbd);
            tx.Delete(pbd);
        }

        tx.Delete(record.ControlDomain);
        tx.Delete(record.Metrics);
        tx.Delete(host);
    }

    private void RequireMayJoin()
    {
        var state = pool.State;
        if (seat.Etcd is not null || state.All<HostRecord>().Skip(1).Any())
        {
            throw new XenApiException("JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS");
        }

        if (state.All<VmRecord>().Any(v => v.Record is { IsControlDomain: false, PowerState: VmPowerState.Running or VmPowerState.Paused }))
        {
            throw new XenApiException("JOINING_HOST_CANNOT_HAVE_RUNNING_VMS");
        }

        if (state.All<VmRecord>().Any(v => v.Record is { IsControlDomain: false } && !v.Record.CurrentOperations.IsEmpty))
        {
            throw new XenApiException("JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS");
        }

        if (state.All<SrRecord>().Any(s => s.Record.Shared))
        {
            throw new XenApiException("JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS");
        }

        // xapi takes a host's own VMs and SRs along. As long as this doesn't, it must not lose them.
        if (state.All<VmRecord>().Any(v => v.Record is { IsControlDomain: false, IsATemplate: false }) || state.All<SrRecord>().Any())
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "The host has VMs or storage of its own, which do not come along. Remove them first, or export them.");
        }
    }

    /// <summary>A coordinator's URL and address.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static (Uri Url, string Address) Reach(string text)
    {
        if (!Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}", UriKind.Absolute, out var url)
            || url.Scheme != "https" || !IPAddress.TryParse(url.Host.Trim('[', ']'), out var address))
        {
            throw new XenApiException(
                "INVALID_VALUE", "master_address", $"{text} (the IP address of the coordinator, with a port if it is not 443)");
        }

        return (url, address.ToString());
    }

    /// <summary>The address of this host on the way to a coordinator.</summary>
    /// <exception cref="XenApiException"><c>JOINING_HOST_CONNECTION_FAILED</c>.</exception>
    public static async Task<string> OwnAddressAsync(Uri coordinator, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(coordinator.Host.Trim('[', ']'), coordinator.Port, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new XenApiException(e, "JOINING_HOST_CONNECTION_FAILED");
        }

        var address = ((IPEndPoint)socket.LocalEndPoint!).Address;
        return address.Plain().ToString();
    }

    private static XenApiException Already() => new("OPERATION_NOT_ALLOWED", "This host coordinates its pool already.");

    private static string Word(ImmutableSortedDictionary<string, string> map, string key) =>
        map.GetValueOrDefault(key) is { Length: > 0 } word ? word : throw new XenApiException("INVALID_VALUE", key, "");

    private static int Number(ImmutableSortedDictionary<string, string> map, string key) =>
        ushort.TryParse(Word(map, key), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new XenApiException("INVALID_VALUE", key, map[key]);

    /// <summary>A map of these pairs.</summary>
    public static ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(p => p.Key, p => p.Value);
}
