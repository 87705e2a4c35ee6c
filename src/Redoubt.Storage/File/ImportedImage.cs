using Redoubt.Storage.Images;

namespace Redoubt.Storage.FileDriver;

/// <summary>Turns a stream into a file that can take the place of a disk, inside a work area.</summary>
internal sealed class ImportedImage(QemuImg images, WorkArea work)
{
    /// <summary>Makes the file: in the disk's format, of the disk's size, checked.</summary>
    public async Task<string> MakeAsync(VdiState vdi, Stream content, DiskFormat format, CancellationToken cancellationToken)
    {
        var received = work.PathOf("received");
        var receivedSize = vdi.VirtualSizeBytes;
        if (format == DiskFormat.Qcow2)
            receivedSize =
                (await ForeignImage.ReceiveAsync(vdi.Uuid, vdi.VirtualSizeBytes, content, received, cancellationToken)).VirtualSizeBytes;
        else if (!await SparseCopy.TryWriteRawAsync(content, received, vdi.VirtualSizeBytes, cancellationToken))
            throw VdiSize.TooLong(vdi.Uuid, vdi.VirtualSizeBytes);

        var finished = received;
        if (format == DiskFormat.Qcow2 || vdi.Format == DiskFormat.Qcow2)
        {
            // A qcow2 image is rewritten even where the format stays: that reads every cluster once, so a broken image fails here and
            // not in the guest, and drops whatever else it carries (internal snapshots, bitmaps, odd features).
            finished = work.PathOf("finished");
            await images.ConvertAsync(received, format, finished, vdi.Format, receivedSize, cancellationToken);
            File.Delete(received);
        }

        if (receivedSize != vdi.VirtualSizeBytes)
            await images.ResizeAsync(finished, vdi.Format, vdi.VirtualSizeBytes, cancellationToken);
        await RequireSoundAsync(vdi, finished, cancellationToken);
        return finished;
    }

    private async Task RequireSoundAsync(VdiState vdi, string finished, CancellationToken cancellationToken)
    {
        var made = await images.InfoAsync(finished, vdi.Format, cancellationToken);
        if (made.VirtualSizeBytes != vdi.VirtualSizeBytes)
            throw SrFailure.Unreadable(
                vdi.Uuid, finished, $"after the import it has {made.VirtualSizeBytes} bytes instead of {vdi.VirtualSizeBytes}.");
        if (vdi.Format != DiskFormat.Raw)
            return;

        // A raw disk is metadata by its first bytes, so content must not turn one kind into the other.
        var first = new byte[RedoLogMagic.Magic.Length];
        using var handle = Posix.OpenForReading(finished);
        var read = await RandomAccess.ReadAsync(handle, first, 0, cancellationToken);
        if (RedoLogMagic.TypeOf(first.AsSpan(0, read)) != vdi.Type)
            throw SrFailure.WouldChangeType(vdi.Uuid, vdi.Type);
    }
}
