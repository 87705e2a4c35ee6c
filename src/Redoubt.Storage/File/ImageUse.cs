namespace Redoubt.Storage.FileDriver;

/// <summary>
/// Sees whether a QEMU has an image open, by the locks that QEMU itself goes by: each permission that it holds on an image is a lock on
/// one byte of the file, byte 100 for reading and byte 101 for writing.
/// </summary>
/// <remarks>
/// <c>qemu-img</c> checks these locks by itself only for qcow2: on a raw image that another QEMU writes to, it reads on undisturbed.
/// The answer holds for the moment, and a QEMU on another host is seen only if the file system carries locks between hosts.
/// </remarks>
internal static class ImageUse
{
    private const long ReadByte = 100;
    private const long WriteByte = 101;

    /// <summary>Fails if somebody writes to the image, so that a copy of it would be torn.</summary>
    public static void RequireNoWriter(VdiFile file) =>
        Require(file, WriteByte, 1, "is being written by a running VM: shut the VM down, or let it take the snapshot");

    /// <summary>Fails if somebody has the image open at all, so that it must not be replaced, resized or removed.</summary>
    public static void RequireNoUser(VdiFile file) =>
        Require(file, ReadByte, 2, "is open elsewhere: shut down the VM, test or copy that uses it");

    private static void Require(VdiFile file, long start, long count, string problem)
    {
        using var handle = Posix.OpenWithoutLinks(file.FullPath);
        if (Posix.IsLocked(handle, start, count, file.FullPath))
            throw SrFailure.Backend(SrFailure.VdiInUse, $"VDI {file.Uuid} ({file.FullPath}) {problem}, then repeat.");
    }
}
