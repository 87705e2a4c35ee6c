using Redoubt.Database;
using Redoubt.Database.Journal;
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
                _rewriting = Task.WhenAll(_rewriting, Task.Run(RewriteAsync));
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

    private async Task RewriteAsync()
    {
        try
        {
            await _pool.RewriteAsync(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Every copy is written whole at the next start.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException or JournalException)
        {
            await _pool.PostAsync(
                "METADATA_SECRETS_NOT_REWRITTEN", 3, Cls.Pool, _pool.State.Get(_pool.Pool).Uuid,
                $"What is sealed in the pool's metadata was changed ({SealingPolicy.ClearForXapi}, {SealingPolicy.SealTpms}), but not every copy could be written anew: {e.Message}. "
                + "When the storage answers again: pool-sync-database.");
        }
    }
}
