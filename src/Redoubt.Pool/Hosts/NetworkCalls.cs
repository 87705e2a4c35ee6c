using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What networks do. Redoubt uses the host's bridges; a network that is made without one is internal: it connects the VMs on it with each
/// other and with nothing else, over a bridge without an uplink that is made when a guest needs it.
/// </summary>
internal sealed partial class NetworkCalls(PoolServices pool)
{
    [Message("network.create")]
    public Task<Ref<NetworkRecord>> CreateAsync(CallContext call, NetworkRecord args)
    {
        if (args.Bridge.Length > 0 && !HostBridge.IsInterfaceName(args.Bridge))
        {
            throw new XenApiException("INVALID_VALUE", "bridge", args.Bridge);
        }

        VmChecks.RequireMtu(args.Mtu);
        return pool.Database.WriteAsync(
            tx =>
            {
                var made = tx.Create(args with
                {
                    Uuid = "",
                    Mtu = args.Mtu > 0 ? args.Mtu : 1500,
                    Vifs = [],
                    Pifs = [],
                    Purpose = [],
                    AllowedOperations = [],
                    CurrentOperations = ImmutableSortedDictionary<string, NetworkOperations>.Empty,
                    Blobs = ImmutableSortedDictionary<string, Ref<BlobRecord>>.Empty,
                    AssignedIps = ImmutableSortedDictionary<Ref<VifRecord>, string>.Empty,
                });
                tx.Update(made, n => n with { Bridge = n.Bridge.Length > 0 ? n.Bridge : IsolatedNetwork.BridgeName(n) });
                return made;
            },
            call.Cancellation);
    }

    /// <summary>It counts for interfaces that are plugged from now on.</summary>
    [Message("network.set_MTU")]
    public Task SetMtuAsync(CallContext call, Ref<NetworkRecord> self, long value)
    {
        VmChecks.RequireMtu(value);
        return pool.Database.WriteAsync(tx => tx.Update(self, n => n with { Mtu = value > 0 ? value : 1500 }), call.Cancellation);
    }

    /// <summary>At the addresses that the host has on it disks are read over NBD from then on.</summary>
    [Message("network.add_purpose")]
    public Task AddPurposeAsync(CallContext call, Ref<NetworkRecord> self, NetworkPurpose value) => pool.Database.WriteAsync(
        tx =>
        {
            // As in xapi: who is to read over TLS must find no other way.
            foreach (var other in tx.State.All<NetworkRecord>().SelectMany(n => n.Record.Purpose).Where(p => p != value))
            {
                throw new XenApiException(
                    "NETWORK_INCOMPATIBLE_PURPOSES", NetworkPurposeType.Instance.Encode(value), NetworkPurposeType.Instance.Encode(other));
            }

            tx.Update(self, n => n.Purpose.Contains(value) ? n : n with { Purpose = n.Purpose.Add(value) });
        },
        call.Cancellation);

    [Message("network.remove_purpose")]
    public Task RemovePurposeAsync(CallContext call, Ref<NetworkRecord> self, NetworkPurpose value) =>
        pool.Database.WriteAsync(tx => tx.Update(self, n => n with { Purpose = n.Purpose.Remove(value) }), call.Cancellation);

    [Message("network.create_isolated")]
    public Task<Ref<NetworkRecord>> CreateIsolatedAsync(CallContext call, string label, string name)
    {
        TestMarks.RequireLabel(label);
        return pool.Database.WriteAsync(
            tx =>
            {
                var there = tx.State.All<NetworkRecord>().FirstOrDefault(n => TestMarks.Stands(n.Record.OtherConfig, label, name)).Ref;
                return there.IsNull ? tx.Create(IsolatedNetwork.Of(label, name)) : there;
            },
            call.Cancellation);
    }

    [Message("network.get_trouble")]
    public string GetTrouble(CallContext call, Ref<NetworkRecord> self) =>
        pool.State.Get(self) is { } network && !IsolatedNetwork.IsInternal(network)
        && !pool.Hosts.Local.Hypervisor.HasBridge(network.Bridge) ? $"this host has no bridge {network.Bridge}" : "";

    [Message("network.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<NetworkRecord> self)
    {
        var network = pool.State.Get(self);
        RequireEmpty(network);
        if (IsolatedNetwork.IsInternal(network))
        {
            // Before its record, so that whoever repeats this after a crash finds the bridge by it.
            await RemoveAsync(IsolatedNetwork.BridgeName(network));
        }

        await pool.Database.WriteAsync(
            tx =>
            {
                RequireEmpty(tx.Get(self));
                tx.Delete(self);
            },
            call.Cancellation);
    }

    private static void RequireEmpty(NetworkRecord network)
    {
        if (network.Vifs.Count > 0)
        {
            throw new XenApiException("NETWORK_CONTAINS_VIF", [.. network.Vifs.Select(v => v.Opaque)]);
        }

        if (network.Pifs.Count > 0)
        {
            throw new XenApiException("NETWORK_CONTAINS_PIF", [.. network.Pifs.Select(p => p.Opaque)]);
        }
    }

    private async Task RemoveAsync(string bridge)
    {
        try
        {
            // Without a hypervisor there is no guest on it, and it goes when the daemon stops or never was.
            foreach (var hypervisor in pool.Hosts.All.Select(h => h.Current).OfType<IHypervisor>())
            {
                await hypervisor.RemoveIsolatedBridgeAsync(bridge, CancellationToken.None);
            }
        }
        catch (HypervisorException away)
        {
            throw new XenApiException(away, "OPERATION_NOT_ALLOWED", away.Message);
        }
        catch (IOException e)
        {
            throw new XenApiException(
                e, "OPERATION_NOT_ALLOWED", $"{e.Message} Look at what uses it (bridge link), then destroy the network again.");
        }
    }
}
