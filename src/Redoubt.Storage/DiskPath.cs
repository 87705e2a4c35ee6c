namespace Redoubt.Storage;

/// <summary>Where a hypervisor finds a disk. The format must be passed on with the path: an image whose format is guessed can lie.</summary>
/// <param name="Path">An absolute path.</param>
/// <param name="Format">The format of the file at the path.</param>
public sealed record DiskPath(string Path, DiskFormat Format);
