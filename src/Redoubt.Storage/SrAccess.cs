namespace Redoubt.Storage;

/// <summary>What an attach may do to the storage.</summary>
public enum SrAccess
{
    /// <summary>Look only: not one byte is written.</summary>
    ReadOnly,

    /// <summary>Everything the driver can do.</summary>
    ReadWrite,
}
