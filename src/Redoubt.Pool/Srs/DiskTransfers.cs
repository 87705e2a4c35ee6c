using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Disk content in and out of the pool, which passes over HTTP rather than through messages.</summary>
public sealed class DiskTransfers
{
    private readonly VdiCalls _vdis;

    internal DiskTransfers(VdiCalls vdis) => _vdis = vdis;

    /// <summary>Replaces a disk's content by a stream's.</summary>
    /// <exception cref="XenApiException">The disk is in use, the content is longer than the disk, or the storage fails; the disk is as it
    /// was.</exception>
    public Task ImportAsync(CallContext call, Ref<VdiRecord> vdi, Stream content, DiskFormat format) =>
        _vdis.ImportAsync(call, vdi, content, format);

    /// <summary>Opens a disk's content.</summary>
    /// <exception cref="XenApiException">The disk is in use, or the storage fails.</exception>
    public Task<Stream> ExportAsync(CallContext call, Ref<VdiRecord> vdi, DiskFormat format) => _vdis.ExportAsync(call, vdi, format);
}
