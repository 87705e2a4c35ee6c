namespace Redoubt.Storage;

/// <summary>What a disk is for, as far as the storage itself can tell.</summary>
public enum VdiType
{
    /// <summary>A disk of a VM, or anything else that is not pool metadata.</summary>
    User,

    /// <summary>A volume that holds a redo log of a pool's database.</summary>
    Metadata,
}
