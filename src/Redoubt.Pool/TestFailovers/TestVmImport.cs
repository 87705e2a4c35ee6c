using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Makes a copy of a foreign database's VM for a test, inside a single transaction: under a UUID and a name of its own, on the disks of a
/// test clone, on the networks of the test, outside every vApp. What is here already is neither looked for nor touched.
/// </summary>
/// <param name="tx">The transaction.</param>
/// <param name="foreign">The other pool's database.</param>
/// <param name="label">The test's label.</param>
/// <param name="networks">Networks of the test by the other pool's, as UUIDs.</param>
/// <param name="isUnproven">Whether nothing proves that the database is a pool's.</param>
/// <param name="bootRoots">Where files lie that guests boot from.</param>
/// <param name="srs">Test clones by the SRs they are clones of, as UUIDs. An SR or a disk that leads to nothing is left out.</param>
internal sealed class TestVmImport(
    Transaction tx, DatabaseState foreign, string label, ImmutableSortedDictionary<string, string> networks,
    ImmutableSortedDictionary<string, string> srs,
    bool isUnproven, IReadOnlyList<string> bootRoots)
{
    private readonly RecoveryNetworks _networks = new(tx, networks, onlyTold: true);

    /// <summary>What people should know of the copy.</summary>
    public List<string> Notices { get; } = [];

    /// <summary>The copy of a VM that is there already, or the null reference.</summary>
    public static Ref<VmRecord> Find(DatabaseState state, string label, string uuid) =>
        state.All<VmRecord>().FirstOrDefault(v => TestMarks.Stands(v.Record.OtherConfig, label, uuid)).Ref;

    /// <summary>Makes the copy, or finds the one that is there.</summary>
    /// <exception cref="XenApiException">
    /// <c>VM_REQUIRES_SR</c>, <c>VDI_LOCATION_MISSING</c>, <c>NETWORK_NOT_MAPPED</c>, <c>VM_IS_TEMPLATE</c>; the transaction must be given
    /// up.
    /// </exception>
    public Ref<VmRecord> Make(Ref<VmRecord> reference)
    {
        var theirs = foreign.Get(reference);
        var there = Find(tx.State, label, theirs.Uuid);
        if (!there.IsNull)
        {
            return there;
        }

        if (theirs.IsATemplate || theirs.IsASnapshot || theirs.IsControlDomain)
        {
            throw new XenApiException("VM_IS_TEMPLATE", reference.Opaque, "recover_for_test");
        }

        var drives = theirs.Vbds.Select(foreign.Find).OfType<VbdRecord>().Select(b => (Vbd: b, Vdi: FindDisk(reference, b))).ToList();
        if (theirs.PowerState == VmPowerState.Suspended)
        {
            Notices.Add(
                "The VM was suspended. Its copy starts from its disks, as after a power cut: the image of its memory "
                    + "belongs to its own UUID.");
        }

        var known = isUnproven ? HostFiles.Without(NewerNames.Drop(theirs), bootRoots, Notices.Add) : NewerNames.Drop(theirs);
        var fresh = NewVm.CloneOf(tx, known, TestMarks.Name(label, theirs.NameLabel));
        var made = tx.Create(RecoveryHold.Drop(fresh with
        {
            IsATemplate = false,
            Affinity = default,
            SuspendSr = default,
            Metrics = tx.Create(new VmMetricsRecord { VcpusNumber = theirs.VcpusAtStartup }),
            OtherConfig = TestMarks.Mark(fresh.OtherConfig.Remove("auto_poweron").Remove("grant_api_access"), label, theirs.Uuid),
        }));
        tx.Update(made, Operations.WithAllowed);
        foreach (var (vbd, vdi) in drives.Where(d => d.Vbd.Type != VbdType.Disk || !d.Vdi.IsNull))
        {
            Plug(made, vbd, vdi);
        }

        foreach (var vif in theirs.Vifs.Select(foreign.Find).OfType<VifRecord>())
        {
            Plug(made, reference, vif);
        }

        if (VirtualTpms.Copy(tx, made, foreign, theirs, isSame: false))
        {
            Notices.Add(
                "What the VM's virtual TPM keeps was not copied, because the TPM is unique. The copy has an empty one, and a guest that "
                    + "needs the other does not come up.");
        }

        return made;
    }

    private Ref<VdiRecord> FindDisk(Ref<VmRecord> vm, VbdRecord vbd)
    {
        if (vbd.Vdi.IsNull || foreign.Find(vbd.Vdi) is not { } theirs || foreign.Find(theirs.Sr) is not { } theirSr)
        {
            return default;
        }

        if (srs.GetValueOrDefault(theirs.Uuid) is "" || srs.GetValueOrDefault(theirSr.Uuid) is "")
        {
            Notices.Add(
                $"The disk {theirs.NameLabel} ({theirs.Uuid}, position {vbd.Userdevice}) was left out of the test, as the caller wished.");
            return default;
        }

        if (theirSr.ContentType == "iso")
        {
            // A library is only read, so the test may use the pool's own.
            return VdiRows.FindIso(tx.State, theirs.Location);
        }

        var sr = srs.TryGetValue(theirSr.Uuid, out var uuid) ? tx.State.FindByUuid<SrRecord>(uuid) : default;
        if (tx.Find(sr) is not { } clone || !TestMarks.IsOfTest(clone.OtherConfig))
        {
            // Never the SR itself: a test that wrote to it would change what a recovery needs.
            return vbd.Type == VbdType.Cd ? default : throw new XenApiException("VM_REQUIRES_SR", vm.Opaque, theirs.Sr.Opaque);
        }

        // By the UUID, which follows from that of the disk it is a clone of: a test of thousands must not look through all for each.
        var counterpart = VdiUuid.TryParse(theirs.Location, out var disk)
            ? tx.State.FindByUuid<VdiRecord>($"{TestClones.DiskOf(clone, disk)}")
            : default;
        var isIt = tx.Find(counterpart) is { Missing: false } here && here.Sr == sr
            && here.OtherConfig.GetValueOrDefault(TestMarks.Of) == theirs.Location;
        var found = isIt ? counterpart : default;
        return found.IsNull && vbd.Type != VbdType.Cd
            ? throw new XenApiException("VDI_LOCATION_MISSING", sr.Opaque, theirs.Location)
            : found;
    }

    private void Plug(Ref<VmRecord> vm, VbdRecord theirs, Ref<VdiRecord> vdi) => tx.Create(NewerNames.Drop(theirs) with
    {
        Uuid = "",
        Vm = vm,
        Vdi = vdi,
        Empty = vdi.IsNull,
        CurrentlyAttached = false,
        CurrentOperations = ImmutableSortedDictionary<string, VbdOperations>.Empty,
        Metrics = default,
        RuntimeProperties = ImmutableSortedDictionary<string, string>.Empty,
    });

    private void Plug(Ref<VmRecord> vm, Ref<VmRecord> reference, VifRecord theirs)
    {
        var network = foreign.Find(theirs.Network) is { } there ? _networks.Find(reference, there, _ => { }) : default;

        // Only where nobody else can be does the copy keep the address that its guest may be bound to.
        var isAlone = tx.Find(network) is { } here && IsolatedNetwork.Is(here);
        tx.Create(NewerNames.Drop(theirs) with
        {
            Uuid = "",
            Vm = vm,
            Network = network,
            Mac = isAlone ? theirs.Mac : MacAddress.New(tx),
            MacAutogenerated = !isAlone || theirs.MacAutogenerated,
            CurrentlyAttached = false,
            CurrentOperations = ImmutableSortedDictionary<string, VifOperations>.Empty,
            Metrics = default,
            RuntimeProperties = ImmutableSortedDictionary<string, string>.Empty,
        });
    }
}
