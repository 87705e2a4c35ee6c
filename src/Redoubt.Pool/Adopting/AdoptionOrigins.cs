using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The libvirts of this host that the pool's adopted VMs live in, beside the hypervisor of its own: a connection to each that a VM was
/// adopted from and that the administrator of the host allows, for as long as there is such a VM.
/// </summary>
internal sealed class AdoptionOrigins(PoolServices pool, Guests guests, AdoptedFirmware firmware, IReadOnlyList<string> allowed)
    : IAsyncDisposable
{
    private readonly SemaphoreSlim _changing = new(1);
    private ImmutableDictionary<string, (HypervisorLink Link, AdoptedWatch Watch, GuestReports Reports)> _open =
        ImmutableDictionary<string, (HypervisorLink Link, AdoptedWatch Watch, GuestReports Reports)>.Empty;

    /// <summary>Checks that domains of a libvirt may be adopted, which the administrator of the host says by naming it.</summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>.</exception>
    public string Require(string libvirt)
    {
        // A URI can name programs to run, so that none counts but those that the administrator wrote, letter for letter.
        var named = libvirt.Length == 0 && allowed.Count > 0 ? allowed[0] : allowed.FirstOrDefault(a => a == libvirt);
        return named ?? throw new XenApiException(
            "VALUE_NOT_SUPPORTED", "libvirt", libvirt,
            $"The administrator of this host lets VMs be adopted from {string.Join(" and ", allowed)} and from nowhere else "
                + "(serve --adopt-from).");
    }

    /// <summary>Asks a libvirt something, over a connection that stands or one that is made for it.</summary>
    /// <exception cref="XenApiException"><c>HOST_HYPERVISOR_LOST</c>: it can't be reached.</exception>
    public async Task<T> AskAsync<T>(string libvirt, Func<Hypervisor, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            if (_open.TryGetValue(libvirt, out var open) && open.Link.Current is Hypervisor current)
            {
                return await ask(current);
            }

            await using var hypervisor = await Hypervisor.OpenAsync(Options(libvirt), cancellationToken);
            return await ask(hypervisor);
        }
        catch (HypervisorException unreachable)
        {
            throw GuestFailure.NoHypervisor(unreachable, pool.Hosts.Local.Host);
        }
    }

    /// <summary>Takes up every libvirt that adopted VMs of this host live in.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var libvirt in Used().Intersect(allowed))
        {
            await OpenAsync(libvirt, cancellationToken);
        }
    }

    /// <summary>Takes up a libvirt that a VM is about to be adopted from.</summary>
    public async Task<HostLink> OpenAsync(string libvirt, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (!_open.ContainsKey(libvirt))
            {
                var hypervisor = await HypervisorLink.OpenAsync(Options(libvirt), cancellationToken);
                var own = pool.Hosts.Local;
                var link = new HostLink(own.Host, hypervisor, own.Attached, own.Acts)
                {
                    Origin = libvirt,
                    OriginHost = pool.State.Get(own.Host).Uuid,
                };
                var watch = new AdoptedWatch(pool, link, guests, firmware);
                var reports = new GuestReports(pool, link);
                _open = _open.Add(libvirt, (hypervisor, watch, reports));
                pool.Hosts.SetOrigins(pool.Hosts.Origins.Add(link));
                await watch.StartAsync(cancellationToken);
                reports.Start();
            }

            return pool.Hosts.Origins.First(o => o.Origin == libvirt);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Lets every libvirt go that no VM lives in any more.</summary>
    public async Task CloseUnusedAsync()
    {
        await _changing.WaitAsync(CancellationToken.None);
        try
        {
            foreach (var libvirt in _open.Keys.Except(Used()))
            {
                await CloseAsync(libvirt);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var libvirt in _open.Keys)
        {
            await CloseAsync(libvirt);
        }

        _changing.Dispose();
    }

    private async Task CloseAsync(string libvirt)
    {
        var (link, watch, reports) = _open[libvirt];
        _open = _open.Remove(libvirt);
        await reports.DisposeAsync();
        await watch.DisposeAsync();
        pool.Hosts.SetOrigins(pool.Hosts.Origins.RemoveAll(o => o.Origin == libvirt));
        await link.DisposeAsync();
    }

    private List<string> Used()
    {
        var here = pool.State.Get(pool.Hosts.Local.Host).Uuid;
        return [.. pool.State.All<VmRecord>().Select(v => v.Record).Where(v => AdoptedVm.HostOf(v) == here)
            .Select(AdoptedVm.OriginOf).OfType<string>().Distinct()];
    }

    private HypervisorOptions Options(string libvirt) => new()
    {
        Uri = libvirt,
        Time = pool.Time,
        Log = pool.Loggers.CreateLogger<HypervisorLink>(),
        Meter = pool.Meter,
        IsForDefinedDomains = true,
    };
}
