using Microsoft.Extensions.Logging;
using Redoubt.Compute;

namespace Redoubt.Pool.Measuring;

/// <summary>
/// Looks every five seconds at what the hosts and their guests use. A host that does not answer in time holds up no other, and is asked
/// again when it has answered.
/// </summary>
internal sealed class StatisticsWatch(PoolServices pool, Statistics statistics) : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(2);

    private readonly Dictionary<IHypervisor, Task> _asked = [];
    private Worker? _worker;

    /// <summary>Begins.</summary>
    public void Start() =>
        _worker = new(
            "The look at what hosts and guests use", Period, pool.Time, pool.Loggers.CreateLogger<StatisticsWatch>(), isFirstAtOnce: true,
            LookAsync);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var (answered, _) in _asked.Where(a => a.Value.IsCompleted).ToList())
        {
            _asked.Remove(answered);
        }

        statistics.Keep(pool.State);
        foreach (var link in pool.Hosts.Links)
        {
            if (link.Current is { } hypervisor && !_asked.ContainsKey(hypervisor))
            {
                _asked[hypervisor] = MeasureAsync(link, hypervisor, cancellationToken);
            }
        }

        await Task.WhenAll(_asked.Values).WaitAsync(Wait, pool.Time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task MeasureAsync(HostLink link, IHypervisor hypervisor, CancellationToken cancellationToken)
    {
        try
        {
            var readings = await hypervisor.MeasureAsync(cancellationToken);

            // A libvirt beside the host's own knows the host as well, which is measured once.
            statistics.Take(pool.State, link.Host, link.Origin is null ? readings : [.. readings.Where(r => r.Vm is not null)]);
        }
        catch (HypervisorException)
        {
            // Whoever follows the hypervisor and its guests says that one is gone or does not answer. There are no numbers meanwhile.
        }
    }
}
