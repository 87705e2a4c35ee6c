using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What this daemon has of a host: the connection to its hypervisor, which comes back by itself (<see cref="HypervisorLink"/>), what the
/// host has attached, and where its files lie. A link that is lost says nothing of the VMs that reside there: they may run on.
/// </summary>
public sealed class HostLink
{
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(5);

    private readonly HypervisorLink _hypervisor;
    private readonly string _directory;

    internal HostLink(Ref<HostRecord> host, HypervisorLink hypervisor, AttachedSrs attached, string directory, string? tpmDirectory)
    {
        (Host, _hypervisor, Attached, _directory, TpmDirectory) = (host, hypervisor, attached, directory, tpmDirectory);
    }

    /// <summary>The host.</summary>
    public Ref<HostRecord> Host { get; }

    /// <summary>How the connection to its hypervisor stands.</summary>
    public LinkState State => _hypervisor.State;

    /// <summary>Its hypervisor; null: it can't be used now.</summary>
    public Hypervisor? Current => _hypervisor.Current;

    /// <summary>Its hypervisor.</summary>
    /// <exception cref="XenApiException"><c>HOST_HYPERVISOR_LOST</c>: it can't be used now.</exception>
    public Hypervisor Hypervisor => State switch
    {
        LinkState.Up up => up.Hypervisor,
        LinkState.Lost lost => throw GuestFailure.NoHypervisor(lost.Why, Host),
        _ => throw GuestFailure.NoHypervisor(null, Host),
    };

    /// <summary>The SRs that it has attached.</summary>
    public AttachedSrs Attached { get; }

    /// <summary>The disks that its guests hold attached.</summary>
    public GuestDisks Disks { get; } = new();

    /// <summary>Its guests that do not answer.</summary>
    public GuestSilence Silence { get; internal set; } = GuestSilence.None;

    /// <summary>Where the states of its guests' TPMs lie; null with a hypervisor that keeps them where this daemon does not look.</summary>
    internal string? TpmDirectory { get; }

    /// <summary>Where the files of a guest lie on it.</summary>
    internal GuestPaths PathsOf(Guid vm) => GuestPaths.Of(_directory, vm);

    /// <summary>What it says of itself now.</summary>
    internal async Task<HostNow> LookAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var hypervisor = Hypervisor;
            var memory = await hypervisor.GetMemoryAsync(cancellationToken).WaitAsync(LookLimit, time, cancellationToken);
            return new(null, memory.AvailableBytes, hypervisor.HasBridge);
        }
        catch (XenApiException trouble)
        {
            return new(trouble, null, _ => true);
        }
        catch (Exception unanswered) when (unanswered is HypervisorException or TimeoutException or IOException)
        {
            // Whether it has room is seen when the guest is started there.
            return new(null, null, _ => true);
        }
    }

    /// <summary>Waits until there is a hypervisor, and another one than that which was lost.</summary>
    internal Task<Hypervisor> WaitAsync(Hypervisor? lost, CancellationToken cancellationToken) =>
        _hypervisor.WaitAsync(lost, cancellationToken);
}
