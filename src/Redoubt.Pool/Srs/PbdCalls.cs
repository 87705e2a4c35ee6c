using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What the connections between hosts and SRs do.</summary>
internal sealed partial class PbdCalls(PoolServices pool, SrConnections connections)
{
    [Message("PBD.create")]
    public async Task<Ref<PbdRecord>> CreateAsync(CallContext call, PbdRecord args)
    {
        await HostPlaces.RequireStorageAsync(pool, call, args.DeviceConfig);
        return await pool.Database.WriteAsync(
            tx =>
            {
                tx.Get(args.Host);
                foreach (var existing in tx.Get(args.Sr).Pbds.Where(p => tx.Get(p).Host == args.Host))
                {
                    throw new XenApiException("PBD_EXISTS", args.Sr.Opaque, args.Host.Opaque, existing.Opaque);
                }

                return tx.Create(new PbdRecord
                {
                    Host = args.Host,
                    Sr = args.Sr,
                    DeviceConfig = DeviceSecrets.Keep(tx, args.DeviceConfig),
                    OtherConfig = args.OtherConfig,
                });
            },
            call.Cancellation);
    }

    [Message("PBD.destroy")]
    public Task DestroyAsync(CallContext call, Ref<PbdRecord> self) => pool.Database.WriteAsync(
        tx =>
        {
            if (tx.Get(self).CurrentlyAttached)
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", "The PBD is plugged. Unplug it first (pbd-unplug).");
            }

            DeviceSecrets.Drop(tx, self);
            tx.Delete(self);
        },
        call.Cancellation);

    [Message("PBD.plug")]
    public Task PlugAsync(CallContext call, Ref<PbdRecord> self) => connections.PlugAsync(self, call.Cancellation);

    [Message("PBD.unplug")]
    public Task UnplugAsync(CallContext call, Ref<PbdRecord> self)
    {
        // Nothing is written any more to what is not attached. Of several hosts' connections the last one counts, but which one that will
        // be nobody knows before.
        SrRows.GuardProtection(pool, call.State.Get(self).Sr, call.Session);
        return connections.UnplugAsync(self, call.Cancellation);
    }

    [Message("PBD.set_device_config")]
    public async Task SetDeviceConfigAsync(CallContext call, Ref<PbdRecord> self, ImmutableSortedDictionary<string, string> value)
    {
        await HostPlaces.RequireStorageAsync(pool, call, value);
        await pool.Database.WriteAsync(
            tx =>
            {
                if (tx.Get(self).CurrentlyAttached)
                {
                    throw new XenApiException("OPERATION_NOT_ALLOWED", "The PBD is plugged. Unplug it first (pbd-unplug).");
                }

                var kept = DeviceSecrets.Keep(tx, value);
                DeviceSecrets.Drop(tx, self, kept);
                tx.Update(self, p => p with { DeviceConfig = kept });
            },
            call.Cancellation);
    }
}
