using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>What the checks look at: the policy, the facts, and the VMs that are to be recovered.</summary>
internal sealed class PlanScene
{
    private readonly Dictionary<VolumeFacts, DatabaseIndex> _volumes;
    private readonly HashSet<ChosenVm> _copied;
    private readonly Lazy<IReadOnlyList<SourcePool>> _sources;

    public PlanScene(
        RecoveryPolicy policy, Inventory inventory, Dictionary<VolumeFacts, DatabaseIndex> volumes, IReadOnlyList<ChosenVm> chosen)
    {
        Policy = policy;
        Inventory = inventory;
        Target = new DatabaseIndex(inventory.Target.Database);
        Chosen = chosen;
        _volumes = volumes;
        Disks = [.. chosen.SelectMany(NeedsOf)];
        _copied = Disks.Where(d => d.IsToBeCopied).Select(d => d.Vm).ToHashSet<ChosenVm>(ReferenceEqualityComparer.Instance);
        Networks = new NetworkMap(policy, Target);
        _sources = new(() => SourcePool.All(this));
    }

    public RecoveryPolicy Policy { get; }

    public Inventory Inventory { get; }

    public DatabaseIndex Target { get; }

    public IReadOnlyList<ChosenVm> Chosen { get; }

    /// <summary>Every disk the chosen VMs need: those in their drives, and their suspended states.</summary>
    public IReadOnlyList<DiskNeed> Disks { get; }

    public NetworkMap Networks { get; }

    /// <summary>The pools that could be running the chosen VMs; several checks and steps ask, and who they are takes a pass over all
    /// VMs.</summary>
    public IReadOnlyList<SourcePool> Sources => _sources.Value;

    public bool IsTest => Policy.Kind == RecoveryKind.Test;

    /// <summary>Whether the source is to be alive and hand over.</summary>
    public bool IsOrderly => Policy.Kind is RecoveryKind.Migration or RecoveryKind.Failback;

    /// <summary>Whether the operator agreed to go without a disk.</summary>
    public bool IsAcceptedMissing(DiskNeed disk) => Policy.AcceptedMissingDisks.Contains(disk.Recorded.Uuid)
        || IsResolved(disk.IsSuspendImage ? "suspend-image-missing" : "disk-missing", PlanObject.Of(disk.Recorded));

    /// <summary>
    /// The SR of the target that the disks of another one are copied to: the one that the operator named for it, else the pool's default;
    /// null if that is not there to be written.
    /// </summary>
    public SrFacts? CopyTarget(string srUuid) =>
        Target.Sr(Policy.Storage.GetValueOrDefault(srUuid) is { } named && named != srUuid ? named : Pool.DefaultSrUuid) is
        { IsIso: false, IsForRecoveryOnly: false } sr && sr.IsAttached() ? sr : null;

    /// <summary>Whether a VM has disks that are copied before it is recovered.</summary>
    public bool IsCopied(ChosenVm vm) => _copied.Contains(vm);

    /// <summary>Whether the operator asked for the automatic fix of a finding.</summary>
    public bool IsResolved(string code, PlanObject about) => Resolution.IsAsked(Policy, code, about);

    public PoolFacts Pool => Inventory.Target.Database.Pool;

    public PlanObject PoolObject => PlanObject.Of(Pool);

    /// <summary>The product that the target runs, in words.</summary>
    public string Product => $"{(Pool.Brand.Length > 0 ? Pool.Brand : "a server that does not say what it is")} {Pool.Version}".TrimEnd();

    /// <summary>Whether the target answers one of Redoubt's own messages.</summary>
    public bool Offers(string extension) => Inventory.Target.Offers(extension);

    /// <summary>Whether the target can protect an SR of this type, and attach one for a recovery; where it does not tell, it can.</summary>
    public bool TakesMetadata(string type) => Inventory.Target.MetadataTypes?.Contains(type) ?? true;

    public DatabaseIndex Source(ChosenVm vm) => _volumes[vm.Volume];

    /// <summary>The network an interface was on, or null if its pool does not know.</summary>
    public NetworkFacts? NetworkOf(ChosenVm vm, VifFacts vif) => Source(vm).Network(vif.NetworkUuid);

    private IEnumerable<DiskNeed> NeedsOf(ChosenVm vm)
    {
        var source = Source(vm);
        foreach (var vbd in vm.Vm.Vbds.Where(b => b.Type == VbdType.Disk))
        {
            if (source.Vdi(vbd.VdiUuid) is { } vdi)
            {
                yield return Need(vm, $"position {vbd.Position}", vdi, false);
            }
        }

        if (vm.Vm.PowerState == VmPowerState.Suspended && source.Vdi(vm.Vm.SuspendVdiUuid) is { } image)
        {
            yield return Need(vm, "suspended state", image, true);
        }
    }

    private DiskNeed Need(ChosenVm vm, string role, VdiFacts vdi, bool isSuspendImage)
    {
        var (source, srHere, here) = (Source(vm), Target.Sr(vdi.SrUuid), Target.SameDisk(vdi));
        return new(vm, role, vdi, source.Sr(vdi.SrUuid), srHere, here, isSuspendImage)
        {
            IsForeign = here?.IsToBeCopied ?? (srHere is null && Pool.IsRedoubt() && !source.Facts.Pool.IsRedoubt()),
        };
    }
}
