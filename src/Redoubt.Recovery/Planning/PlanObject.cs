namespace Redoubt.Recovery;

/// <summary>An object of the inventory, as plans name it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Uuid">Its UUID; for what has none, the words by which the operator named it.</param>
/// <param name="Name">Its name.</param>
public sealed record PlanObject(ObjectKind Kind, string Uuid, string Name)
{
    /// <summary>The object in words: <c>VM db</c>.</summary>
    public string Describe()
    {
        var kind = Kind switch
        {
            ObjectKind.Pool => "pool ",
            ObjectKind.Vm => "VM ",
            ObjectKind.Appliance => "vApp ",
            ObjectKind.Sr => "SR ",
            ObjectKind.Vdi => "disk ",
            ObjectKind.Network => "network ",
            ObjectKind.Request => "",
        };
        return kind + (Name.Length > 0 ? Name : Uuid);
    }

    internal static PlanObject Of(PoolFacts pool) => new(ObjectKind.Pool, pool.Uuid, pool.Name);

    internal static PlanObject Of(VmFacts vm) => new(ObjectKind.Vm, vm.Uuid, vm.Name);

    internal static PlanObject Of(ApplianceFacts appliance) => new(ObjectKind.Appliance, appliance.Uuid, appliance.Name);

    internal static PlanObject Of(SrFacts sr) => new(ObjectKind.Sr, sr.Uuid, sr.Name);

    internal static PlanObject Of(VdiFacts vdi) => new(ObjectKind.Vdi, vdi.Uuid, vdi.Name);

    internal static PlanObject Of(NetworkFacts network) => new(ObjectKind.Network, network.Uuid, network.Name);

    internal static PlanObject Of(VolumeFacts volume) => new(ObjectKind.Vdi, volume.VdiUuid, "");
}
