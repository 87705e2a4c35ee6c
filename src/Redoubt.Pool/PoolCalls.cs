using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What pools do.</summary>
internal sealed partial class PoolCalls(PoolServices pool)
{
    [Message("pool.sync_database")]
    public Task SyncDatabaseAsync(CallContext call) => pool.WriteWholeAsync(call.Cancellation);

    /// <summary>There is nothing to license, and it does not run out.</summary>
    [Message("pool.get_license_state")]
    public static ImmutableSortedDictionary<string, string> GetLicenseState(CallContext call, Ref<PoolRecord> self)
    {
        call.State.Get(self);
        return ImmutableSortedDictionary<string, string>.Empty
            .Add("edition", call.State.All<HostRecord>().Select(h => h.Record.Edition).FirstOrDefault() ?? "").Add("expiry", "never");
    }
}
