namespace Redoubt.Storage;

/// <summary>The sizes that a disk may have, the same for every driver.</summary>
public static class VdiSize
{
    /// <summary>The largest disk, 64 TiB: the largest that all of QEMU's qcow2 defaults, libvirt and common guests agree on.</summary>
    public const long MaxBytes = 64L << 40;

    private const long SectorBytes = 512;

    /// <summary>Rounds up to whole sectors, or says why there can be no such disk.</summary>
    public static long Normalise(VdiUuid vdi, long virtualSizeBytes)
    {
        if (virtualSizeBytes is <= 0 or > MaxBytes)
            throw SrFailure.Backend(SrFailure.VdiSize, $"VDI {vdi} can't have {virtualSizeBytes} bytes: ask for 1 byte to 64 TiB.");
        return (virtualSizeBytes + SectorBytes - 1) / SectorBytes * SectorBytes;
    }

    /// <summary>Checks a new size against the present one: disks only grow.</summary>
    public static long NormaliseGrowth(VdiUuid vdi, long presentBytes, long virtualSizeBytes)
    {
        var size = Normalise(vdi, virtualSizeBytes);
        return size >= presentBytes
            ? size
            : throw SrFailure.Backend(
                SrFailure.VdiSize,
                $"VDI {vdi} has {presentBytes} bytes and would lose data at {size}: ask for a larger size, or copy what "
                    + "is needed to a new VDI.");
    }

    /// <summary>The failure of content that does not fit.</summary>
    internal static XenApi.XenApiException TooLong(VdiUuid vdi, long virtualSizeBytes)
        => SrFailure.Backend(
            SrFailure.VdiSize,
            $"The content is larger than the {virtualSizeBytes} bytes of VDI {vdi}: resize the VDI first, or import into a larger one.");
}
