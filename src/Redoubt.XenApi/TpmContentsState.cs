namespace Redoubt.XenApi;

/// <summary>What a database has of what a virtual TPM keeps.</summary>
public enum TpmContentsState
{
    /// <summary>Nothing: the VM was never started with it, or nobody wrote it down.</summary>
    None,

    /// <summary>All of it.</summary>
    Kept,

    /// <summary>Something that is no state of a TPM.</summary>
    Damaged,

    /// <summary>It is sealed with a key that is not here.</summary>
    Sealed,
}
