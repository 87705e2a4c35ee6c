using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What a host itself says of what it can take, at one moment.</summary>
/// <param name="Trouble">Why nothing can be started on it; null: something can.</param>
/// <param name="FreeBytes">The memory that is free; null: it did not say.</param>
/// <param name="HasBridge">Whether it has a bridge; of a host that can't tell, yes.</param>
internal sealed record HostNow(XenApiException? Trouble, long? FreeBytes, Func<string, bool> HasBridge)
{
    /// <summary>All its memory; null: it did not say.</summary>
    public long? TotalBytes { get; init; }
}
