using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Where a VM can be started, by what the database knows and the hosts say of themselves; pure. A host takes it that is enabled, has a
/// hypervisor and every SR of the VM's disks, is on each of its networks that has uplinks, and has the memory. Among those its affinity
/// comes first, then where most of its interfaces find a bridge, then where most memory is left: what is free, but no more than what the
/// VMs that are there or are just being started there leave. A guest takes its memory bit by bit, so without that all VMs of a tier would
/// be given to one host.
/// </summary>
internal sealed record Placement
{
    private Placement()
    {
    }

    /// <summary>The hosts that can take it, the best first.</summary>
    public required ImmutableArray<Ref<HostRecord>> Possible { get; init; }

    /// <summary>Why each of the others can't, as the call that would start it there fails.</summary>
    public required ImmutableSortedDictionary<Ref<HostRecord>, XenApiException> Refusals { get; init; }

    /// <summary>Places a VM.</summary>
    /// <param name="state">The pool's database.</param>
    /// <param name="reference">The VM.</param>
    /// <param name="hosts">What hosts say; one that says nothing can take nothing.</param>
    public static Placement Of(DatabaseState state, Ref<VmRecord> reference, IReadOnlyDictionary<Ref<HostRecord>, HostNow> hosts)
    {
        var vm = state.Get(reference);
        var srs = SrsOf(state, vm).Select(sr => (Ref: sr, Hosts: PluggedAt(state, sr))).ToList();
        var networks = vm.Vifs.Select(v => state.Find(state.Get(v).Network)).OfType<NetworkRecord>().ToList();
        var possible = new List<(Ref<HostRecord> Ref, HostNow Now)>();
        var refusals = ImmutableSortedDictionary.CreateBuilder<Ref<HostRecord>, XenApiException>();
        foreach (var (host, record) in state.All<HostRecord>())
        {
            var now = hosts.GetValueOrDefault(host);
            if (Refusal(state, reference, vm, host, record, now, srs) is { } refusal)
            {
                refusals[host] = refusal;
            }
            else
            {
                possible.Add((host, now!));
            }
        }

        var given = possible.Count > 1 ? Given(state) : [];
        return new()
        {
            Possible = possible.Count == 1
                ? [possible[0].Ref]
                : [.. possible.OrderByDescending(h => h.Ref == vm.Affinity).ThenBy(h => networks.Count(n => !IsThere(n, h.Now)))
                    .ThenByDescending(h => Left(h.Now, given.GetValueOrDefault(h.Ref)))
                    .ThenBy(h => h.Ref.Opaque, StringComparer.Ordinal).Select(h => h.Ref)],
            Refusals = refusals.ToImmutable(),
        };
    }

    /// <summary>The best host.</summary>
    /// <exception cref="XenApiException">
    /// What keeps every host from taking it, if that is one and the same; else <c>NO_HOSTS_AVAILABLE</c>, with the reason of each.
    /// </exception>
    public Ref<HostRecord> Best() => !Possible.IsEmpty ? Possible[0]
        : Refusals.Count > 0 && Refusals.Values.DistinctBy(r => r.Code).Count() == 1 ? throw Refusals.Values.First()
        : throw new XenApiException("NO_HOSTS_AVAILABLE", [.. Refusals.SelectMany(r => new[] { r.Key.Opaque, r.Value.Code })]);

    /// <summary>The same without a host.</summary>
    public Placement Elsewhere(Ref<HostRecord> host) => this with { Possible = Possible.Remove(host), Refusals = Refusals.Remove(host) };

    /// <summary>Checks that a host can take it.</summary>
    /// <exception cref="XenApiException">Why it can't.</exception>
    public void Require(Ref<HostRecord> host)
    {
        if (Refusals.TryGetValue(host, out var refusal))
        {
            throw refusal;
        }
    }

    /// <summary>The memory that a VM's start takes.</summary>
    public static long MemoryOf(VmRecord vm) => vm.MemoryDynamicMax > 0 ? vm.MemoryDynamicMax : vm.MemoryStaticMax;

    private static XenApiException? Refusal(
        DatabaseState state, Ref<VmRecord> reference, VmRecord vm, Ref<HostRecord> host, HostRecord record, HostNow? now,
        List<(Ref<SrRecord> Ref, HashSet<Ref<HostRecord>> Hosts)> srs)
    {
        if (now is null)
        {
            return new("HOST_OFFLINE", host.Opaque);
        }

        if (!record.Enabled)
        {
            return new("HOST_DISABLED", host.Opaque);
        }

        if (AdoptedVm.HostOf(vm) is { } home && home != record.Uuid)
        {
            return AdoptedVm.Refuse(vm, "a start on another host");
        }

        if (now.Trouble is { } trouble)
        {
            return trouble;
        }

        foreach (var sr in srs.Where(s => !s.Hosts.Contains(host)))
        {
            return new("VM_REQUIRES_SR", reference.Opaque, sr.Ref.Opaque);
        }

        foreach (var network in vm.Vifs.Select(v => state.Get(v).Network).Where(n => !IsWired(state, n, host)))
        {
            return new("VM_REQUIRES_NETWORK", reference.Opaque, network.Opaque);
        }

        return now.FreeBytes is { } free && MemoryOf(vm) > free ? new("HOST_NOT_ENOUGH_FREE_MEMORY", $"{MemoryOf(vm)}", $"{free}") : null;
    }

    /// <summary>The memory of the VMs at each host: of all, and of those that are just being started there.</summary>
    private static Dictionary<Ref<HostRecord>, (long All, long Scheduled)> Given(DatabaseState state)
    {
        var given = new Dictionary<Ref<HostRecord>, (long All, long Scheduled)>();
        foreach (var (_, vm) in state.All<VmRecord>())
        {
            if (Hosts.PlaceOf(vm) is { IsNull: false } place && !vm.IsControlDomain)
            {
                var (all, scheduled) = given.GetValueOrDefault(place);
                given[place] = (all + MemoryOf(vm), scheduled + (vm.ResidentOn.IsNull ? MemoryOf(vm) : 0));
                if (vm.ScheduledToBeResidentOn is { IsNull: false } to && to != place)
                {
                    // It is just being moved there.
                    (all, scheduled) = given.GetValueOrDefault(to);
                    given[to] = (all + MemoryOf(vm), scheduled + MemoryOf(vm));
                }
            }
        }

        return given;
    }

    private static long Left(HostNow now, (long All, long Scheduled) given) => Math.Min(
        (now.FreeBytes ?? 0) - given.Scheduled, now.TotalBytes is { } total ? total - given.All : long.MaxValue);

    /// <summary>The SRs that a VM needs where it runs.</summary>
    public static IEnumerable<Ref<SrRecord>> SrsOf(DatabaseState state, VmRecord vm) => vm.Vbds.Select(state.Get).Where(b => !b.Empty)
        .Select(b => b.Vdi).Append(vm.SuspendVdi).Select(state.Find).OfType<VdiRecord>().Select(v => v.Sr).Distinct();

    /// <summary>The hosts that have an SR attached.</summary>
    public static HashSet<Ref<HostRecord>> PluggedAt(DatabaseState state, Ref<SrRecord> sr) =>
        [.. (state.Find(sr)?.Pbds ?? []).Select(state.Get).Where(p => p.CurrentlyAttached).Select(p => p.Host)];

    /// <summary>Whether a host is on a network; one without uplinks is wherever a VM is on it.</summary>
    public static bool IsWired(DatabaseState state, Ref<NetworkRecord> reference, Ref<HostRecord> host) =>
        state.Find(reference) is not { Pifs.Count: > 0 } network || network.Pifs.Any(p => state.Find(p)?.Host == host);

    private static bool IsThere(NetworkRecord network, HostNow now) => IsolatedNetwork.IsInternal(network) || now.HasBridge(network.Bridge);
}
