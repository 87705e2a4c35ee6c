namespace Redoubt.Recovery;

/// <summary>What kind of thing a finding or step is about.</summary>
public enum ObjectKind
{
    /// <summary>A pool.</summary>
    Pool,

    /// <summary>A VM.</summary>
    Vm,

    /// <summary>A vApp.</summary>
    Appliance,

    /// <summary>An SR.</summary>
    Sr,

    /// <summary>A disk, or a metadata volume.</summary>
    Vdi,

    /// <summary>A network.</summary>
    Network,

    /// <summary>Something that was chosen or probed and has no UUID that is known.</summary>
    Request,
}
