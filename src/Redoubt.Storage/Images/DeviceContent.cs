using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage.Images;

/// <summary>Puts content onto the device that shows a disk which nobody else has yet. It is durable when it has been.</summary>
internal static class DeviceContent
{
    /// <summary>Takes in what is to be a disk's content.</summary>
    /// <param name="disk">The disk that it is to be of.</param>
    /// <param name="content">The content.</param>
    /// <param name="format">Its format.</param>
    /// <param name="path">The device, of the size of the disk, whose bytes are zeros.</param>
    /// <param name="images">Converts images.</param>
    /// <param name="scratch">Where that takes place.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="XenApi.XenApiException">It is too long, no image of that format, or of another type of disk.</exception>
    public static async Task ReceiveAsync(
        VdiState disk, Stream content, DiskFormat format, string path, QemuImg images, string scratch, CancellationToken cancellationToken)
    {
        if (format == DiskFormat.Qcow2)
        {
            using var received = new ScratchFile(scratch);
            using var raw = new ScratchFile(scratch);
            var header = await ForeignImage.ReceiveAsync(
                disk.Uuid, disk.VirtualSizeBytes, content, received.FullPath, cancellationToken);
            await images.ConvertAsync(
                received.FullPath, DiskFormat.Qcow2, raw.FullPath, DiskFormat.Raw, header.VirtualSizeBytes, cancellationToken);
            await using var plain = raw.OpenAndUnlink();
            await ReceiveAsync(disk, plain, DiskFormat.Raw, path, images, scratch, cancellationToken);
            return;
        }

        using var device = Open(path);
        if (!await SparseCopy.TryWriteAsync(content, device, disk.VirtualSizeBytes, cancellationToken))
            throw VdiSize.TooLong(disk.Uuid, disk.VirtualSizeBytes);
        await OwnThread.RunAsync(
            () =>
            {
                RandomAccess.FlushToDisk(device);

                // What is no redo log makes no metadata volume; and as a disk a redo log would do harm where it is copied to.
                Span<byte> first = stackalloc byte[RedoLogMagic.Magic.Length];
                return RedoLogMagic.TypeOf(first[..RandomAccess.Read(device, first, 0)]) == disk.Type
                    ? true : throw SrFailure.WouldChangeType(disk.Uuid, disk.Type);
            },
            cancellationToken);
    }

    /// <summary>Has the device begin with an empty redo log, as what is to be a metadata volume does.</summary>
    public static Task WriteEmptyLogAsync(string path, CancellationToken cancellationToken) => OwnThread.RunAsync(
        () =>
        {
            using var device = Open(path);
            RandomAccess.Write(device, RedoLogMagic.EmptyLog, 0);
            RandomAccess.FlushToDisk(device);
            return true;
        },
        cancellationToken);

    /// <summary>Opens it to be written.</summary>
    public static SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
}
