using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What pools do.</summary>
internal sealed class PoolCalls(PoolServices pool)
{
    [Message("pool.sync_database")]
    public async Task SyncDatabaseAsync(CallContext call)
    {
        try
        {
            await pool.Database.FlushWholeAsync(call.Cancellation);
        }
        catch (AggregateException e)
        {
            throw new XenApiException(
                e, "INTERNAL_ERROR", $"Not every copy of the database could be written whole: {string.Join("; ", e.InnerExceptions.Select(i => i.Message.TrimEnd('.')))}");
        }
    }
}
