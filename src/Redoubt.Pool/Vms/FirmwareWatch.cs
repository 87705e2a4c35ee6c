using Microsoft.Extensions.Logging;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Takes into the database what the firmware of running guests writes, so that a site that burns down has lost no more of it than of
/// the last seconds. Nobody tells when a guest has written; a look at the time of a file costs next to nothing.
/// </summary>
internal sealed class FirmwareWatch(PoolServices pool, AdoptedFirmware adopted) : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = pool.Loggers.CreateLogger<FirmwareWatch>();

    // What was taken of each, by the times of its files, and whether a later look has taken it too: a file system may give two writes in
    // quick succession one and the same time.
    private readonly Dictionary<(Ref<HostRecord> Host, Guid Vm), (FirmwareTimes Written, bool Twice)> _taken = [];
    private Worker? _worker;

    /// <summary>Begins.</summary>
    public void Start() =>
        _worker = new(
            "The writing down of what the guests' firmware keeps", Look, pool.Time, _log, isFirstAtOnce: false, LookAsync);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;

    // What a look has not taken the next one does, and a guest that ends is taken from once more.
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var at in pool.Hosts.All.Where(h => !h.IsMember || h.Current is not null))
        {
            try
            {
                await LookAsync(at, cancellationToken);
            }
            catch (XenApiException offline) when (at.IsMember)
            {
                _log.LogDebug("What the firmware of guests keeps could not be looked at: {Message}", offline.Message);
            }
        }

        await adopted.TakeAllAsync(cancellationToken);
    }

    private async Task LookAsync(HostLink at, CancellationToken cancellationToken)
    {
        var there = await FirmwareFiles.AllAsync(at, cancellationToken);
        foreach (var gone in _taken.Keys.Where(k => k.Host == at.Host && there.All(t => t.Vm != k.Vm)).ToList())
        {
            _taken.Remove(gone);
        }

        foreach (var written in there)
        {
            await TakeAsync(at, written, cancellationToken);
        }
    }

    private async Task TakeAsync(HostLink at, FirmwareTimes written, CancellationToken cancellationToken)
    {
        var (key, uuid) = ((at.Host, written.Vm), written.Vm);
        var isKnown = _taken.TryGetValue(key, out var taken) && taken.Written == written;
        if ((isKnown && taken.Twice) || await FirmwareFiles.TakeFromAsync(at, uuid) is not { } take
            || (await FirmwareFiles.AllAsync(at, cancellationToken)).FirstOrDefault(f => f.Vm == uuid) != written)
        {
            return;
        }

        await pool.Database.WriteAsync(
            tx =>
            {
                // What has ended was taken from as it ended, and may have been changed since.
                var vm = tx.State.FindByUuid<VmRecord>(uuid.ToString("D"));
                if (tx.Find(vm) is { PowerState: VmPowerState.Running or VmPowerState.Paused } running && pool.Hosts.IsAt(at, running))
                {
                    take(tx, vm);
                }
            },
            cancellationToken);
        _taken[key] = (written, isKnown);
    }
}
