using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>Finds what belongs to VMs that are exported, and takes off what belongs to this pool alone. Pure.</summary>
internal sealed class ArchiveWalk(DatabaseState state, ArchiveOptions options)
{
    private static readonly string[] Order = ["host", "VM", "VM_guest_metrics", "VBD", "VIF", "network", "VDI", "SR", "VTPM"];

    private readonly Dictionary<string, (ClassModel Class, Record Record)> _found = new(StringComparer.Ordinal);

    /// <summary>The objects, class by class.</summary>
    public IEnumerable<(ClassModel Class, string Ref, Record Record)> Objects => _found
        .Select(f => (f.Value.Class, Ref: f.Key, f.Value.Record))
        .OrderBy(o => Array.IndexOf(Order, o.Class.Name));

    /// <summary>Adds a VM with all that it needs.</summary>
    public void Add(Ref<VmRecord> reference) => Add(reference, withSnapshots: options.Snapshots);

    private void Add(Ref<VmRecord> reference, bool withSnapshots)
    {
        if (state.Find(reference) is not { } vm || !Put(reference, Own(vm)))
        {
            return;
        }

        foreach (var vif in vm.Vifs)
        {
            if (state.Find(vif) is { } record
                && Put(vif, record with { AllowedOperations = [], CurrentOperations = record.CurrentOperations.Clear() }))
            {
                Add(record.Network);
            }
        }

        foreach (var vbd in vm.Vbds)
        {
            if (state.Find(vbd) is { } record
                && Put(vbd, record with { AllowedOperations = [], CurrentOperations = record.CurrentOperations.Clear() }))
            {
                Add(record.Vdi);
            }
        }

        foreach (var tpm in vm.Vtpms)
        {
            if (state.Find(tpm) is { } record)
            {
                Put(tpm, record with { AllowedOperations = [], CurrentOperations = record.CurrentOperations.Clear() });
            }
        }

        if (vm.PowerState == VmPowerState.Suspended)
        {
            Add(vm.SuspendVdi);
        }

        if (state.Find(vm.GuestMetrics) is { } metrics)
        {
            Put(vm.GuestMetrics, metrics);
        }

        Add(vm.ResidentOn);
        Add(vm.Affinity);
        foreach (var snapshot in withSnapshots ? vm.Snapshots : [])
        {
            Add(snapshot, withSnapshots: false);
        }

        if (withSnapshots)
        {
            Add(vm.Parent, withSnapshots: false);
        }
    }

    private void Add(Ref<VdiRecord> reference)
    {
        if (state.Find(reference) is not { } vdi
            || !Put(reference, vdi with { AllowedOperations = [], CurrentOperations = vdi.CurrentOperations.Clear() }))
        {
            return;
        }

        if (state.Find(vdi.Sr) is { } sr)
        {
            Put(vdi.Sr, sr with { AllowedOperations = [], CurrentOperations = sr.CurrentOperations.Clear(), Blobs = sr.Blobs.Clear() });
        }

        if (options.VhdParents && vdi.SmConfig.TryGetValue("vhd-parent", out var parent))
        {
            Add(state.FindByUuid<VdiRecord>(parent));
        }
    }

    private void Add(Ref<NetworkRecord> reference)
    {
        if (state.Find(reference) is { } network)
        {
            Put(
                reference,
                network with
                {
                    AllowedOperations = [],
                    CurrentOperations = network.CurrentOperations.Clear(),
                    Blobs = network.Blobs.Clear(),
                    AssignedIps = network.AssignedIps.Clear(),
                });
        }
    }

    // Of a host only what tells it from others: the rest is nobody else's business.
    private void Add(Ref<HostRecord> reference)
    {
        if (state.Find(reference) is { } host)
        {
            Put(
                reference,
                new HostRecord
                {
                    Uuid = host.Uuid,
                    NameLabel = host.NameLabel,
                    NameDescription = host.NameDescription,
                    Hostname = host.Hostname,
                    Address = host.Address,
                });
        }
    }

    private VmRecord Own(VmRecord vm)
    {
        var own = vm with
        {
            AllowedOperations = [],
            CurrentOperations = ImmutableSortedDictionary<string, VmOperations>.Empty,
            Blobs = ImmutableSortedDictionary<string, Ref<BlobRecord>>.Empty,
        };
        return options.Snapshots ? own : own with
        {
            IsASnapshot = false,
            SnapshotOf = default,
            SnapshotTime = DateTimeOffset.UnixEpoch,
            TransportableSnapshotId = "",
            Parent = default,
        };
    }

    private bool Put<T>(Ref<T> reference, T record)
        where T : Record, IRecord<T>, new() => _found.TryAdd(reference.Opaque, (T.Declaration, record));
}
