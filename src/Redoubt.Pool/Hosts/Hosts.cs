using System.Collections.Immutable;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The hosts that this daemon can have VMs run on. The pool's database may know others, which nothing can be asked of or done on: what
/// resides there is left as it was last seen.
/// </summary>
public sealed class Hosts(HostLink local)
{
    private volatile IReadOnlyList<HostLink> _all = [local];

    /// <summary>The host that this daemon runs on.</summary>
    public HostLink Local { get; } = local;

    /// <summary>Every one of them, as of now.</summary>
    public IReadOnlyList<HostLink> All => _all;

    /// <summary>The libvirts of this host whose domains were adopted, beside the hypervisor of the pool's own VMs.</summary>
    internal ImmutableArray<HostLink> Origins { get; private set; } = [];

    /// <summary>Every hypervisor that guests of the pool's VMs can run in.</summary>
    internal IEnumerable<HostLink> Links => All.Concat(Origins);

    /// <summary>The guests that do not answer, wherever they are.</summary>
    public GuestSilence Silence => All.Select(h => h.Silence).Aggregate((a, b) => new(a.Vms.Union(b.Vms), a.Unasked + b.Unasked));

    /// <summary>A host; null: it is none of these.</summary>
    public HostLink? Find(Ref<HostRecord> host) => All.FirstOrDefault(h => h.Host == host);

    /// <summary>A host.</summary>
    /// <exception cref="XenApiException"><c>HOST_OFFLINE</c>: it is none of these.</exception>
    public HostLink Get(Ref<HostRecord> host) => Find(host) ?? throw new XenApiException("HOST_OFFLINE", host.Opaque);

    /// <summary>
    /// The host that has a VM's guest, or is about to; for a VM without one, this host, which keeps what lies outside of any guest.
    /// </summary>
    /// <exception cref="XenApiException"><c>HOST_OFFLINE</c>: the guest is where nothing can be asked.</exception>
    public HostLink Of(VmRecord vm) => At(PlaceOf(vm) is { IsNull: false } place ? place : Local.Host, vm);

    /// <summary>What a VM's guest has to do with at a host: an adopted VM's is in the libvirt that it lives in.</summary>
    /// <exception cref="XenApiException"><c>HOST_OFFLINE</c>: it is none of these.</exception>
    internal HostLink At(Ref<HostRecord> host, VmRecord vm)
    {
        var own = Get(host);
        return AdoptedVm.OriginOf(vm) is not { } origin ? own
            : Origins.FirstOrDefault(o => o.Host == host && o.Drives(vm))
                ?? throw new XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    $"The VM {vm.NameLabel} ({vm.Uuid}) was adopted from {origin} of the host {AdoptedVm.HostOf(vm)}, which this "
                        + "daemon does "
                        + $"not drive: the daemon of that host does, if it is started with --adopt-from {origin}.");
    }

    /// <summary>Whether a VM's guest is at a host or is about to be, or would be for <see cref="Of"/>; never a failure.</summary>
    internal bool IsAt(HostLink host, VmRecord vm) =>
        host.Drives(vm) && host.Host == (PlaceOf(vm) is { IsNull: false } place ? place : Local.Host);

    /// <summary>Takes up a libvirt beside the others, or lets it go.</summary>
    internal void SetOrigins(ImmutableArray<HostLink> origins) => Origins = origins;

    /// <summary>An SR that one of them has attached: this one, if it has; else any, for what is its own no other has.</summary>
    /// <exception cref="XenApiException"><c>SR_NOT_ATTACHED</c>: none has.</exception>
    internal ISr Attached(Ref<SrRecord> reference, SrRecord sr) =>
        Local.Attached.Find(sr.Uuid)
        ?? All.Where(h => h.Current is not null).Select(h => h.Attached.Find(sr.Uuid)).FirstOrDefault(s => s is not null)
        ?? Local.Attached.Get(reference, sr);

    /// <summary>Takes one in.</summary>
    internal void Add(HostLink member) => _all = [.. _all, member];

    /// <summary>Leaves one out.</summary>
    internal void Remove(HostLink member) => _all = [.. _all.Where(h => h != member)];

    /// <summary>What each of them says of itself now; they are asked all at once.</summary>
    internal async Task<ImmutableDictionary<Ref<HostRecord>, HostNow>> LookAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var all = All;
        var looks = await Task.WhenAll(all.Select(h => h.LookAsync(time, cancellationToken)));
        return all.Zip(looks).ToImmutableDictionary(h => h.First.Host, h => h.Second);
    }

    /// <summary>Where a VM's guest is, or is about to be; null: it has none.</summary>
    internal static Ref<HostRecord> PlaceOf(VmRecord vm) => vm.ResidentOn.IsNull ? vm.ScheduledToBeResidentOn : vm.ResidentOn;
}
