namespace Redoubt.XenApi;

/// <summary>XenAPI's roles, each of which may do all that the ones before it may.</summary>
public enum Role
{
    /// <summary>May look, nothing else.</summary>
    ReadOnly,

    /// <summary>May operate existing VMs' consoles and power.</summary>
    VmOperator,

    /// <summary>May make and remove VMs.</summary>
    VmAdmin,

    /// <summary>May also use the host's power over VMs: snapshots, migration, placement.</summary>
    VmPowerAdmin,

    /// <summary>May manage storage, networks and recovery: everything but users.</summary>
    PoolOperator,

    /// <summary>May do everything that can be done over the network.</summary>
    PoolAdmin,

    /// <summary>The machine's own superuser.</summary>
    LocalRoot,
}
