using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Has all copies of the database written anew when the pool's choice of what is sealed changes.</summary>
internal sealed class SealingSwitch : IAsyncDisposable
{
    private readonly PoolServices _pool;
    private readonly IDisposable _subscription;
    private readonly CancellationTokenSource _stopping = new();
    private Task _rewriting = Task.CompletedTask;

    /// <summary>Begins to listen.</summary>
    public SealingSwitch(PoolServices pool)
    {
        _pool = pool;
        _subscription = pool.Database.Subscribe((_, changes) =>
        {
            if (changes.Any(c => c is { Before.Record: PoolRecord before, After.Record: PoolRecord after } && SealingPolicy.Of(before) != SealingPolicy.Of(after)))
            {
                _rewriting = Task.WhenAll(_rewriting, Task.Run(() => RewriteAsync(times: 2)));
            }
        });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _stopping.CancelAsync();
        await _rewriting;
        _stopping.Dispose();
    }

    /// <summary>Writes every copy anew, so that none keeps what was in clear; tells of those that can't be written.</summary>
    /// <param name="times">How often, since a copy has two halves of which one is written at a time.</param>
    public async Task RewriteAsync(int times)
    {
        try
        {
            try
            {
                await _pool.WriteWholeAsync(_stopping.Token, times);
            }
            catch (XenApiException e)
            {
                await _pool.Database.WriteSurelyAsync(
                    tx => MessageLog.Add(tx, new Announcement.SecretsNotRewritten(_pool.PoolUuid, e.Parameters[0]), _pool.Time.GetUtcNow()),
                    _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Every copy is written whole at the next start.
        }
    }
}
