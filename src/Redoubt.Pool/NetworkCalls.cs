using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What networks do. Redoubt uses the host's bridges and makes none but those of isolated networks; any other network without a bridge is
/// internal, and nothing is connected to it.
/// </summary>
internal sealed class NetworkCalls(PoolServices pool)
{
    [Message("network.create")]
    public Task<Ref<NetworkRecord>> CreateAsync(CallContext call, NetworkRecord args)
    {
        if (args.Bridge.Length > 0 && !HostBridge.IsInterfaceName(args.Bridge))
        {
            throw new XenApiException("INVALID_VALUE", "bridge", args.Bridge);
        }

        VmChecks.AtLeast(0, "MTU", args.Mtu);
        return pool.Database.WriteAsync(
            tx => tx.Create(args with
            {
                Uuid = "",
                Mtu = args.Mtu > 0 ? args.Mtu : 1500,
                Vifs = [],
                Pifs = [],
                AllowedOperations = [],
                CurrentOperations = ImmutableSortedDictionary<string, NetworkOperations>.Empty,
                Blobs = ImmutableSortedDictionary<string, Ref<BlobRecord>>.Empty,
                AssignedIps = ImmutableSortedDictionary<Ref<VifRecord>, string>.Empty,
            }),
            call.Cancellation);
    }

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

    [Message("network.destroy")]
    public Task DestroyAsync(CallContext call, Ref<NetworkRecord> self) => pool.Database.WriteAsync(
        tx =>
        {
            var network = tx.Get(self);
            if (network.Vifs.Count > 0)
            {
                throw new XenApiException("NETWORK_CONTAINS_VIF", [.. network.Vifs.Select(v => v.Opaque)]);
            }

            if (network.Pifs.Count > 0)
            {
                throw new XenApiException("NETWORK_CONTAINS_PIF", [.. network.Pifs.Select(p => p.Opaque)]);
            }

            tx.Delete(self);
        },
        call.Cancellation);
}
