using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Redoubt.Compute;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// A member's hypervisor and storage. It decides nothing and keeps nothing: what is to run here, and on which disks, the host that
/// coordinates the pool has written down before it asks for it. Closing it leaves the guests running.
/// </summary>
public sealed class HostAgent : IHostAgent, IAsyncDisposable
{
    private readonly HypervisorLink _hypervisor;
    private readonly HostActs _acts;
    private readonly AttachedSrs _srs = new();
    private readonly ConsoleLogWatch _consoles;
    private readonly Meter _meter = new(PoolDaemon.MeterName);
    private readonly Lock _gate = new();
    private ConcurrentDictionary<Guid, IAsyncDisposable> _held = new();
    private ConcurrentBag<IAsyncDisposable> _earlier = [];

    private HostAgent(PoolConfig config, TimeProvider time)
    {
        var uri = PoolDaemon.UriOf(config);
        _hypervisor = HypervisorLink.Begin(PoolDaemon.HypervisorOf(config, uri, _meter, time));
        var drivers = PoolDaemon.DriversOf(config, _meter, time, out var roots);
        _acts = new HostActs(
            config.DataDirectory, PoolDaemon.TpmDirectoryOf(config, uri), roots, drivers.ToDictionary(d => d.Type), time);
        _consoles = new(config.DataDirectory, time, config.Loggers);
        _consoles.Start();
    }

    /// <summary>Its hypervisor; null: it can't be used now.</summary>
    public IHypervisor? Hypervisor => _hypervisor.Current;

    /// <summary>Why that is so, in a sentence.</summary>
    public string Trouble => _hypervisor.State is LinkState.Lost lost ? lost.Why.Message : "The hypervisor is just being opened.";

    /// <summary>What it does with storage and files.</summary>
    public IHostActs Acts => _acts;

    /// <summary>Begins; it waits for nothing, since a host without a hypervisor is a member all the same.</summary>
    /// <exception cref="HypervisorException">The URI can lead to no hypervisor.</exception>
    public static HostAgent Begin(PoolConfig config, TimeProvider time) => new(config, time);

    /// <summary>An SR that is attached here.</summary>
    /// <exception cref="XenApiException"><c>SR_NOT_ATTACHED</c>.</exception>
    public ISr Sr(SrUuid uuid) => _srs.Find(uuid.ToString()) ?? throw new XenApiException("SR_NOT_ATTACHED", uuid.ToString());

    /// <summary>
    /// Notes that another connection begins: what was held until now goes when whoever has begun it has taken up what guests hold.
    /// </summary>
    public void BeginAnew()
    {
        lock (_gate)
        {
            foreach (var held in Interlocked.Exchange(ref _held, new()).Values)
            {
                _earlier.Add(held);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // What guests hold they hold on, as when a daemon ends.
        await _consoles.DisposeAsync();
        await _srs.DisposeAsync();
        await _hypervisor.DisposeAsync();
        _meter.Dispose();
    }

    /// <inheritdoc/>
    public async Task AttachSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken)
    {
        // Anew each time: what it was attached with may not count any more.
        await _srs.SwapAsync(await _acts.AttachSrAsync(type, uuid, deviceConfig, access, cancellationToken));
    }

    /// <inheritdoc/>
    public Task DetachSrAsync(SrUuid uuid, CancellationToken cancellationToken) => _srs.DetachAsync(uuid.ToString(), cancellationToken);

    /// <inheritdoc/>
    public async Task<HeldDisk> AttachVdiAsync(SrUuid sr, VdiUuid vdi, SrAccess access, CancellationToken cancellationToken)
    {
        var attached = await Sr(sr).AttachVdiAsync(vdi, access, cancellationToken);
        return new(Hold(attached), attached.Source);
    }

    /// <inheritdoc/>
    public async Task<HeldDevice> OpenDeviceAsync(SrUuid sr, VdiUuid vdi, SrAccess access, CancellationToken cancellationToken)
    {
        var device = await Sr(sr).OpenDeviceAsync(vdi, access, cancellationToken);
        return new(Hold(device), device.Path);
    }

    /// <inheritdoc/>
    public async Task LetGoAsync(Guid held, CancellationToken cancellationToken)
    {
        if (_held.TryRemove(held, out var what))
        {
            await what.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async Task ForgetEarlierAsync(CancellationToken cancellationToken)
    {
        foreach (var held in Interlocked.Exchange(ref _earlier, []))
        {
            await held.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ListBridgesAsync(CancellationToken cancellationToken) => Task.FromResult(HostBridge.All());

    private Guid Hold(IAsyncDisposable what)
    {
        var name = Guid.NewGuid();
        lock (_gate)
        {
            _held[name] = what;
        }

        return name;
    }
}
