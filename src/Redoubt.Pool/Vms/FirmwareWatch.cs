using Microsoft.Extensions.Logging;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Takes into the database what the firmware of running guests writes, so that a site that burns down has lost no more of it than of
/// the last seconds. Nobody tells when a guest has written; a look at the time of a file costs next to nothing.
/// </summary>
internal sealed class FirmwareWatch(PoolServices pool, FirmwareFiles files) : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // What was taken of each, by the times of its files, and whether a later look has taken it too: a file system may give two writes in
    // quick succession one and the same time.
    private readonly Dictionary<Guid, ((DateTime Flash, DateTime Tpm) Written, bool Twice)> _taken = [];
    private Worker? _worker;

    /// <summary>Begins.</summary>
    public void Start() =>
        _worker = new(
            "The writing down of what the guests' firmware keeps", Look, pool.Time, pool.Loggers.CreateLogger<FirmwareWatch>(),
            isFirstAtOnce: false, LookAsync);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;

    // What a look has not taken the next one does, and a guest that ends is taken from once more.
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var there = files.All();
        foreach (var gone in _taken.Keys.Except(there).ToList())
        {
            _taken.Remove(gone);
        }

        foreach (var vm in there)
        {
            await TakeAsync(vm, cancellationToken);
        }
    }

    private async Task TakeAsync(Guid uuid, CancellationToken cancellationToken)
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
            cancellationToken);
        _taken[uuid] = (written, isKnown);
    }
}
