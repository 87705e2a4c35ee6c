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
    private readonly IHostActs? _acts;

    /// <summary>The link of a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="hypervisor">The connection to its hypervisor.</param>
    /// <param name="attached">The SRs that it has attached.</param>
    /// <param name="acts">What this host does; null for a member, of which whoever has its hypervisor has that, too.</param>
    internal HostLink(Ref<HostRecord> host, HypervisorLink hypervisor, AttachedSrs attached, IHostActs? acts)
    {
        (Host, _hypervisor, Attached, _acts) = (host, hypervisor, attached, acts);
    }

    /// <summary>The host.</summary>
    public Ref<HostRecord> Host { get; }

    /// <summary>The libvirt of the host that this is, whose domains were adopted; null: the hypervisor of the pool's own VMs.</summary>
    internal string? Origin { get; init; }

    /// <summary>The UUID of the host that has it; null likewise.</summary>
    internal string? OriginHost { get; init; }

    /// <summary>Whether a VM's guest is a matter of this one and not of another hypervisor of the same host.</summary>
    internal bool Drives(VmRecord vm) => AdoptedVm.OriginOf(vm) == Origin && AdoptedVm.HostOf(vm) == OriginHost;

    /// <summary>How the connection to its hypervisor stands.</summary>
    public LinkState State => _hypervisor.State;

    /// <summary>Whether it is another machine, whose daemon does what it is told.</summary>
    public bool IsMember => _acts is null;

    /// <summary>Its hypervisor; null: it can't be used now.</summary>
    public IHypervisor? Current => _hypervisor.Current;

    /// <summary>Its hypervisor.</summary>
    /// <exception cref="XenApiException">
    /// It can't be used now: <c>HOST_HYPERVISOR_LOST</c>; <c>HOST_OFFLINE</c>: it is another machine's, which does not answer.
    /// </exception>
    public IHypervisor Hypervisor => State switch
    {
        LinkState.Up up => up.Hypervisor,
        _ when IsMember => throw new XenApiException("HOST_OFFLINE", Host.Opaque),
        LinkState.Lost lost => throw GuestFailure.NoHypervisor(lost.Why, Host),
        _ => throw GuestFailure.NoHypervisor(null, Host),
    };

    /// <summary>The same of a libvirt whose domains were adopted.</summary>
    /// <inheritdoc cref="Hypervisor" path="/exception"/>
    internal Hypervisor Defined => (Hypervisor)Hypervisor;

    /// <summary>What tells one boot of its machine from another, where that is not what its hypervisor says.</summary>
    internal string? BootId { get; init; }

    /// <summary>Whether what its guests do has been seen since its hypervisor can be used.</summary>
    internal bool IsTakenUp => Current is { } current && ReferenceEquals(current, TakenUp);

    /// <summary>The hypervisor of whose guests that was seen.</summary>
    internal IHypervisor? TakenUp { private get; set; }

    /// <summary>The SRs that it has attached.</summary>
    public AttachedSrs Attached { get; }

    /// <summary>The disks that its guests hold attached.</summary>
    public GuestDisks Disks { get; } = new();

    /// <summary>Its guests that do not answer.</summary>
    public GuestSilence Silence { get; internal set; } = GuestSilence.None;

    /// <summary>What it does besides running guests.</summary>
    /// <exception cref="XenApiException"><c>HOST_OFFLINE</c>: it is another machine, which does not answer.</exception>
    public IHostActs Acts => _acts ?? (IHostActs)Hypervisor;

    /// <summary>Opens the line on which a guest moves, at this end of it.</summary>
    /// <inheritdoc cref="IMigrationLines.OpenMigrationAsync"/>
    internal Task<Stream> OpenMigrationAsync(Guid vm, bool isArriving, CancellationToken cancellationToken) =>
        ((IMigrationLines)Hypervisor).OpenMigrationAsync(vm, isArriving, cancellationToken);

    /// <summary>Where the files of a guest lie on it.</summary>
    internal GuestPaths PathsOf(Guid vm) => GuestPaths.Of(Acts.DataDirectory, vm);

    /// <summary>Lets go of what this daemon has of it; its guests run on.</summary>
    internal ValueTask DisposeAsync() => _hypervisor.DisposeAsync();

    /// <summary>What it says of itself now.</summary>
    internal async Task<HostNow> LookAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var hypervisor = Hypervisor;
            var memory = await hypervisor.GetMemoryAsync(cancellationToken).WaitAsync(LookLimit, time, cancellationToken);
            return new(null, memory.AvailableBytes, hypervisor.HasBridge) { TotalBytes = memory.TotalBytes };
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
    internal Task<IHypervisor> WaitAsync(IHypervisor? lost, CancellationToken cancellationToken) =>
        _hypervisor.WaitAsync(lost, cancellationToken);
}
