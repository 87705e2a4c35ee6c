using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <content>Domains that others have defined: they are looked at, started and switched off, and stay what they are.</content>
public sealed partial class Hypervisor
{
    /// <summary>Every domain there is, running or not, with what it is defined as.</summary>
    public Task<IReadOnlyList<DefinedDomain>> ListDefinedAsync(CancellationToken cancellationToken) =>
        CallAsync<IReadOnlyList<DefinedDomain>>(_uri.Text, c => c.ListDefined(), cancellationToken);

    /// <summary>One of them; <see langword="null"/> when there is none.</summary>
    public Task<DefinedDomain?> FindDefinedAsync(Guid uuid, CancellationToken cancellationToken) =>
        CallAsync(uuid.ToString("D"), c => c.FindDefined(uuid), cancellationToken);

    /// <summary>Starts a domain as it is defined; returns when its guest exists, and runs unless it was to be left paused.</summary>
    /// <exception cref="HypervisorException">It did not start.</exception>
    public async Task StartDefinedAsync(Guid uuid, bool paused, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        try
        {
            await RunAsync(
                c =>
                {
                    c.StartDefined(uuid, paused);
                    return true;
                },
                StartLimit,
                cancellationToken);
            _starts?.Record(_time.GetElapsedTime(began).TotalSeconds);
        }
        catch (TimeoutException hanging)
        {
            throw NotAnswering(uuid.ToString("D"), hanging);
        }
        catch (LibvirtException missing) when (missing.Error == LibvirtError.NoDomain)
        {
            throw new HypervisorException(
                HypervisorFailure.NotDefined,
                uuid.ToString("D"),
                $"{_uri.Text} has no domain {uuid:D} any more.",
                "Define it there again, or give it up (vm-unadopt).",
                missing);
        }
        catch (LibvirtException refused)
        {
            throw await IsLostAsync() ?? new HypervisorException(
                HypervisorFailure.Refused,
                uuid.ToString("D"),
                $"{_uri.Text} did not start it: {refused.Message}.",
                "Its definition there is what it is started with: correct it (virsh edit); libvirt's own log may say more.",
                refused);
        }
    }

    /// <summary>Has the hypervisor start a domain with its host, or not.</summary>
    public Task SetStartsWithHostAsync(Guid uuid, bool value, CancellationToken cancellationToken) =>
        DoAsync(uuid, c => c.SetStartsWithHost(uuid, value), cancellationToken);
}
