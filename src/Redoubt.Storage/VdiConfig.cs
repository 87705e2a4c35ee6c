namespace Redoubt.Storage;

/// <summary>A disk that is to be made.</summary>
public sealed record VdiConfig
{
    /// <summary>The UUID it shall have, chosen by the caller so that the step can be repeated.</summary>
    public required VdiUuid Uuid { get; init; }

    /// <summary>The size that a guest sees, in bytes, from 1 to 64 TiB; rounded up to whole sectors of 512 bytes.</summary>
    public required long VirtualSizeBytes { get; init; }

    /// <summary>What it is for.</summary>
    public VdiType Type { get; init; } = VdiType.User;

    /// <summary>
    /// How to keep it; <c>null</c> leaves it to the driver. Metadata is always raw. A guest writes the first bytes of a raw user disk
    /// and could make it look like metadata, so ask for raw only where the guest is trusted.
    /// </summary>
    public DiskFormat? Format { get; init; }
}
