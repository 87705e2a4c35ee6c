using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What the record of a new VM begins with. Only the transaction is asked: for UUIDs, and whether what it names exists.</summary>
internal static class NewVm
{
    // What is noted of the guest that a VM has now is not true of what is made of the VM.
    private static readonly string[] OfItsGuest = [Suspensions.HeldKey, Moves.RemnantKey];

    /// <summary>A VM as a client describes it. What the pool itself decides is not taken from the client.</summary>
    public static VmRecord Of(Transaction tx, VmRecord asked)
    {
        if (!asked.Affinity.IsNull)
        {
            tx.Get(asked.Affinity);
        }

        if (!asked.Appliance.IsNull)
        {
            tx.Get(asked.Appliance);
        }

        // A VM that says nothing of how it boots boots through its firmware, here and on a genuine pool that may recover it.
        var saysNothing = asked is { PvKernel: "", PvBootloader: "", HvmBootPolicy: "" };
        var policy = saysNothing ? "BIOS order" : asked.HvmBootPolicy;
        return Fresh(asked) with
        {
            Uuid = "", // As in xapi: whoever sends a record back that they got wants another VM like it.
            SnapshotInfo = ImmutableSortedDictionary<string, string>.Empty,
            SnapshotMetadata = "",
            HvmBootPolicy = policy,
            HvmBootParams = policy.Length > 0 && !asked.HvmBootParams.ContainsKey("order")
                ? asked.HvmBootParams.Add("order", "cd")
                : asked.HvmBootParams,
            DomainType = asked.DomainType is DomainType.Unspecified or DomainType.Unrecognized
                ? policy.Length > 0 ? DomainType.Hvm : DomainType.Pv
                : asked.DomainType,
            MemoryTarget = asked.MemoryDynamicMax,
        };
    }

    /// <summary>Makes the rows of a new VM without devices.</summary>
    public static Ref<VmRecord> Create(Transaction tx, VmRecord vm)
    {
        var metrics = tx.Create(new VmMetricsRecord { VcpusNumber = vm.VcpusAtStartup });
        var reference = tx.Create(vm with { Metrics = metrics });
        VmRows.Update(tx, reference, v => v);
        VmRows.RefreshAppliance(tx, vm.Appliance);
        return reference;
    }

    /// <summary>A copy of a VM, not yet with any device. It belongs to no vApp and nothing is blocked on it.</summary>
    public static VmRecord CloneOf(Transaction tx, VmRecord source, string name) => Fresh(source) with
    {
        Uuid = "",
        NameLabel = name,
        Appliance = default,
        IsDefaultTemplate = false,
        IsASnapshot = false,
        BlockedOperations = ImmutableSortedDictionary<VmOperations, string>.Empty,
        HaRestartPriority = "",
        Version = 0,
        GenerationId = NextGenerationId(tx, source.GenerationId),
        OtherConfig = source is { IsATemplate: true, IsASnapshot: false }
            ? MadeFrom(source)
            : source.OtherConfig.RemoveRange([.. OfItsGuest, "mac_seed"]),
    };

    /// <summary>What a VM is at a moment, not yet with any device.</summary>
    public static VmRecord SnapshotOf(Ref<VmRecord> vm, VmRecord source, string name, DateTimeOffset at) => Fresh(source) with
    {
        Uuid = "",
        NameLabel = name,
        IsATemplate = true,
        IsASnapshot = true,
        IsDefaultTemplate = false,
        SnapshotOf = vm,
        SnapshotTime = at,
        OtherConfig = source.OtherConfig.RemoveRange(OfItsGuest),
        SnapshotInfo = ImmutableSortedDictionary<string, string>.Empty
            .Add("power-state-at-snapshot", VmPowerStateType.Instance.Encode(source.PowerState))
            .Add("disk-snapshot-type", "crash_consistent"),
        Parent = source.Parent,
        Appliance = default,
        BlockedOperations = ImmutableSortedDictionary<VmOperations, string>.Empty,
        HaRestartPriority = "",
    };

    /// <summary>
    /// A VM with the machine that it was at a moment. Who it is and what people have decided about it, as its name, its place in a vApp and
    /// what is blocked, is as it is now.
    /// </summary>
    public static VmRecord AsItWas(Transaction tx, VmRecord now, VmRecord then) => now with
    {
        MemoryStaticMin = then.MemoryStaticMin,
        MemoryStaticMax = then.MemoryStaticMax,
        MemoryDynamicMin = then.MemoryDynamicMin,
        MemoryDynamicMax = then.MemoryDynamicMax,
        MemoryTarget = then.MemoryTarget,
        VcpusMax = then.VcpusMax,
        VcpusAtStartup = then.VcpusAtStartup,
        VcpusParams = then.VcpusParams,
        HvmBootPolicy = then.HvmBootPolicy,
        HvmBootParams = then.HvmBootParams,
        DomainType = then.DomainType,
        PvKernel = then.PvKernel,
        PvRamdisk = then.PvRamdisk,
        PvArgs = then.PvArgs,
        PvBootloader = then.PvBootloader,
        PvBootloaderArgs = then.PvBootloaderArgs,
        Platform = then.Platform,
        Nvram = then.Nvram,

        // By it a guest learns that its time has been turned back.
        GenerationId = NextGenerationId(tx, then.GenerationId),
    };

    /// <summary>The generation of a guest that must learn that it is another one now, or at another time; one without keeps none.</summary>
    public static string NextGenerationId(Transaction tx, string generationId)
    {
        if (generationId is "" or "0:0")
        {
            return generationId;
        }

        var bytes = Guid.Parse(tx.NewUuid()).ToByteArray();
        return $"{BitConverter.ToInt64(bytes, 0)}:{BitConverter.ToInt64(bytes, 8)}";
    }

    // As xapi notes it: clients show what a VM was made from, and take what is marked as a default template for one.
    private static ImmutableSortedDictionary<string, string> MadeFrom(VmRecord template) =>
        template.OtherConfig.Remove("mac_seed").Remove("default_template").SetItem("base_template_name", template.NameLabel);

    private static VmRecord Fresh(VmRecord like) => VmRows.Unattached(like) with
    {
        Raw = null,
        PowerState = VmPowerState.Halted,
        AllowedOperations = [],
        SnapshotOf = default,
        SuspendVdi = default,
        IsControlDomain = false,
        Metrics = default,
        HaAlwaysRun = false,
        ProtectionPolicy = default,
        SnapshotSchedule = default,
        IsVmssSnapshot = false,
        IsSnapshotFromVmpp = false,
        LastBootedRecord = "",
        Blobs = ImmutableSortedDictionary<string, Ref<BlobRecord>>.Empty,
    };
}
