namespace Redoubt.Storage.LvmDriver;

/// <summary>A piece of a logical volume.</summary>
/// <param name="Start">Where it begins in the volume, in bytes.</param>
/// <param name="Length">How long it is, in bytes.</param>
/// <param name="At">Where it lies on the device, in bytes.</param>
internal sealed record LvmSegment(long Start, long Length, long At);
