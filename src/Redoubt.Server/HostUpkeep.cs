using System.Net;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server;

/// <summary>
/// Keeps true what the database says of hosts and what changes by itself: where this one is reached (<c>host.address</c>), and what of the
/// memory of each is free (<c>host_metrics.memory_free</c>).
/// </summary>
internal sealed class HostUpkeep : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // Less is noise, and each change goes to every copy of the database.
    private const double LeastChange = 0.01;

    private readonly PoolServices _pool;
    private readonly ILogger _log;
    private readonly Worker _worker;
    private readonly IDisposable _subscription;

    private HostUpkeep(PoolServices pool, ILogger log)
    {
        (_pool, _log) = (pool, log);
        _worker = new("What is noted of the host", Interval, pool.Time, log, isFirstAtOnce: false, RoundAsync);
        _subscription = pool.Database.Subscribe(Take);
    }

    /// <summary>Starts it; when this answers, both are true.</summary>
    public static async Task<HostUpkeep> StartAsync(
        PoolServices pool, IEnumerable<ListenUrl> urls, ILogger log, CancellationToken cancellationToken)
    {
        var address = AddressOf([.. urls.Select(u => u.EndPoint.Address)], OwnAddresses.List(isUp: true)).ToString();
        if (pool.State.Get(pool.Hosts.Local.Host).Address != address)
        {
            await pool.Database.WriteAsync(tx => tx.Update(pool.Hosts.Local.Host, h => h with { Address = address }), cancellationToken);
        }

        var upkeep = new HostUpkeep(pool, log);
        await upkeep.RoundAsync(cancellationToken);
        return upkeep;
    }

    /// <summary>
    /// The address by which others reach this host: one that it listens on, before one that only it itself can reach. Pure.
    /// </summary>
    /// <param name="listened">What it listens on.</param>
    /// <param name="own">The addresses of the machine.</param>
    public static IPAddress AddressOf(IReadOnlyCollection<IPAddress> listened, IReadOnlyCollection<IPAddress> own)
    {
        var reachable = listened.Any(a => a.Equals(IPAddress.Any) || a.Equals(IPAddress.IPv6Any)) ? listened.Concat(own) : listened;
        return reachable.Where(a => !a.Equals(IPAddress.Any) && !a.Equals(IPAddress.IPv6Any))
            .OrderBy(IPAddress.IsLoopback).ThenBy(a => a.AddressFamily).FirstOrDefault() ?? IPAddress.Loopback;
    }

    /// <summary>The URL by which others reach this server, the best that there is: over TLS, and from elsewhere.</summary>
    /// <param name="listened">What it listens on, with the ports that those became.</param>
    public static Uri UrlOf(IReadOnlyCollection<(IPEndPoint EndPoint, bool IsSecure)> listened) =>
        UrlOf(listened, OwnAddresses.List(isUp: true));

    /// <inheritdoc cref="UrlOf(IReadOnlyCollection{ValueTuple{IPEndPoint, bool}})"/>
    /// <param name="listened">What it listens on, with the ports that those became.</param>
    /// <param name="own">The addresses of the machine.</param>
    internal static Uri UrlOf(IEnumerable<(IPEndPoint EndPoint, bool IsSecure)> listened, IReadOnlyCollection<IPAddress> own)
    {
        var (address, port, isSecure) = listened.Select(l => (Address: AddressOf([l.EndPoint.Address], own), l.EndPoint.Port, l.IsSecure))
            .OrderByDescending(l => l.IsSecure).ThenBy(l => IPAddress.IsLoopback(l.Address)).ThenBy(l => l.Address.AddressFamily).First();
        return new UriBuilder(isSecure ? "https" : "http", address.ToString(), port).Uri;
    }

    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _worker.DisposeAsync();
    }

    private static async Task RefreshAsync(PoolServices pool, HostLink host, CancellationToken cancellationToken)
    {
        var memory = await host.Hypervisor.GetMemoryAsync(cancellationToken);
        var metrics = pool.State.Get(host.Host).Metrics;
        var known = pool.State.Get(metrics);
        if (known.MemoryFree == 0 || Math.Abs(known.MemoryFree - memory.AvailableBytes) > memory.TotalBytes * LeastChange)
        {
            await pool.Database.WriteAsync(
                tx => tx.Update(metrics, m => m with { MemoryFree = memory.AvailableBytes, LastUpdated = pool.Time.GetUtcNow() }),
                cancellationToken);
        }
    }

    // A VM that starts or stops changes it most, and then somebody may look.
    private void Take(DatabaseState state, IReadOnlyList<Change> changes)
    {
        if (changes.Any(c => c is { Before.Record: VmRecord before, After.Record: VmRecord after } && before.PowerState != after.PowerState))
        {
            _worker.Wake();
        }
    }

    private Task RoundAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_pool.Hosts.All.Select(h => TryRefreshAsync(h, cancellationToken)));

    // Nobody has to wait for it, and a hypervisor that is away will be asked again.
    private async Task TryRefreshAsync(HostLink host, CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(_pool, host, cancellationToken);
        }
        catch (Exception failed) when (failed is HypervisorException or XenApiException or IOException)
        {
            _log.LogWarning("What of the host's memory is free could not be noted: {Message}", failed.Message);
        }
    }
}
