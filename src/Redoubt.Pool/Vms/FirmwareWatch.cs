using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Takes into the database what the firmware of running guests writes, so that a site that burns down has lost no more of it than of
/// the last seconds. Nobody tells when a guest has written; a look at the time of a file costs next to nothing.
/// </summary>
internal sealed class FirmwareWatch(PoolServices pool, FirmwareFiles files) : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();

    // What was taken of each, by the times of its files, and whether a later look has taken it too: a file system may give two writes in
    // quick succession one and the same time.
    private readonly Dictionary<Guid, ((DateTime Flash, DateTime Tpm) Written, bool Twice)> _taken = [];
    private Task _loop = Task.CompletedTask;

    /// <summary>Begins.</summary>
    public void Start() => _loop = LoopAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task LoopAsync()
    {
        using var timer = new PeriodicTimer(Look, pool.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await LookAsync();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops; the next one finds the files.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            var there = files.All();
            foreach (var gone in _taken.Keys.Except(there).ToList())
            {
                _taken.Remove(gone);
            }

            foreach (var vm in there)
            {
                await TakeAsync(vm);
            }
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            // The next look tries again, and a guest that ends is taken from once more.
            await Console.Error.WriteLineAsync($"redoubt: what a guest's firmware keeps could not be written down yet: {e.Message}");
        }
    }

    private async Task TakeAsync(Guid uuid)
    {
        var written = files.Written(uuid);
        var isKnown = _taken.TryGetValue(uuid, out var taken) && taken.Written == written;
        if ((isKnown && taken.Twice) || files.TakeFrom(uuid) is not { } take || files.Written(uuid) != written)
        {
            return;
        }

        await pool.Database.WriteAsync(
            tx =>
            {
                // What has ended was taken from as it ended, and may have been changed since.
                var vm = tx.State.FindByUuid<VmRecord>(uuid.ToString("D"));
                if (tx.Find(vm) is { PowerState: VmPowerState.Running or VmPowerState.Paused })
                {
                    take(tx, vm);
                }
            },
            _stopping.Token);
        _taken[uuid] = (written, isKnown);
    }
}
