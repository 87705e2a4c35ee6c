namespace Redoubt.Desk;

/// <summary>A disk of a VM.</summary>
/// <param name="Device">Its place in the VM.</param>
/// <param name="Name">Its name.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="Sr">Where it lies; null if its record or its SR is gone.</param>
public sealed record DiskView(string Device, string Name, long SizeBytes, SrView? Sr)
{
    /// <summary>Whether the last look at its SR did not find it.</summary>
    public bool IsMissing { get; init; }
}
