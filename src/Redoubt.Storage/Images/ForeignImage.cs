namespace Redoubt.Storage.Images;

/// <summary>
/// Takes in a qcow2 image from somebody who is not trusted. Its header is read by us before QEMU sees it: an image may name any file
/// of this host as its backing or data file, and QEMU would read it.
/// </summary>
internal static class ForeignImage
{
    // What a whole image has besides its disk's content is a thousandth of it; as much again is left for what the sender's program puts
    // there.
    private const long LeastRoomBytes = 64 << 20;

    /// <summary>Writes the stream to a file and checks its header.</summary>
    /// <returns>The header of an image that stands alone and fits.</returns>
    public static async Task<Qcow2Header> ReceiveAsync(
        VdiUuid vdi, long virtualSizeBytes, Stream content, string path, CancellationToken cancellationToken)
    {
        // 1. The header decides before the rest is even stored.
        var prefix = new byte[Qcow2HeaderParser.PrefixBytes];
        var read = await content.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, cancellationToken);
        Check(vdi, virtualSizeBytes, Qcow2HeaderParser.Parse(prefix.AsSpan(0, read), long.MaxValue));

        // 2. The rest is stored, and then the tables are checked against the true length.
        await using var file = SparseCopy.NewFile(path);
        await file.WriteAsync(prefix.AsMemory(0, read), cancellationToken);
        await CopyAsync(vdi, content, file, (2 * virtualSizeBytes) + LeastRoomBytes, cancellationToken);
        return Check(vdi, virtualSizeBytes, Qcow2HeaderParser.Parse(prefix.AsSpan(0, read), file.Length));
    }

    // A body may be without end, and the disk that it is for is what its sender may fill.
    private static async Task CopyAsync(VdiUuid vdi, Stream content, FileStream file, long most, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 20];
        while (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (file.Length + read > most)
                throw Refused(vdi, $"it is longer than {most} bytes, twice what the disk can hold; export it without snapshots");
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    private static Qcow2Header Check(VdiUuid vdi, long virtualSizeBytes, Qcow2ParseResult result)
    {
        if (!result.IsSound)
            throw Refused(vdi, result.Problem);
        var header = result.Header;
        if (header.BackingFile is not null)
            throw Refused(vdi, $"it builds on another file ('{header.BackingFile}'); export it as an image that stands alone");
        if (header.HasExternalDataFile)
            throw Refused(vdi, "its data lies in another file; export it as an image that stands alone");
        if (header.IsEncrypted)
            throw Refused(vdi, "it is encrypted; export it without encryption");
        return header.VirtualSizeBytes <= virtualSizeBytes ? header : throw VdiSize.TooLong(vdi, virtualSizeBytes);
    }

    private static XenApi.XenApiException Refused(VdiUuid vdi, string reason)
        => SrFailure.Backend(SrFailure.VdiLoad, $"The qcow2 image for VDI {vdi} was refused: {reason}.");
}
