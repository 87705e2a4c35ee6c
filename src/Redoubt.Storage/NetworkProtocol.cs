namespace Redoubt.Storage;

/// <summary>How a hypervisor reaches a disk over the network.</summary>
public enum NetworkProtocol
{
    /// <summary>Ceph's block devices.</summary>
    Rbd,
}
