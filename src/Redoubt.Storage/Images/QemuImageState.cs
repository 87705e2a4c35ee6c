namespace Redoubt.Storage.Images;

/// <summary>What <c>qemu-img info</c> says of an image.</summary>
/// <param name="VirtualSizeBytes">The size that a guest sees, in bytes.</param>
/// <param name="ActualSizeBytes">The space it takes, in bytes.</param>
public sealed record QemuImageState(long VirtualSizeBytes, long ActualSizeBytes);
