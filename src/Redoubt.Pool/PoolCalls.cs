namespace Redoubt.Pool;

/// <summary>What pools do.</summary>
internal sealed partial class PoolCalls(PoolServices pool)
{
    [Message("pool.sync_database")]
    public Task SyncDatabaseAsync(CallContext call) => pool.WriteWholeAsync(call.Cancellation);
}
