namespace Redoubt.Storage.RbdDriver;

/// <summary>An image as it was found.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="SizeBytes">Its size.</param>
internal sealed record RbdImage(RbdName Name, long SizeBytes)
{
    /// <summary>The disk that it is. What of it takes space, Ceph doesn't say without counting.</summary>
    public VdiState State => new()
    {
        Uuid = Name.Vdi!.Value,
        Type = Name.Type,
        Format = DiskFormat.Raw,
        VirtualSizeBytes = SizeBytes,
        PhysicalUtilisationBytes = SizeBytes,
    };
}
