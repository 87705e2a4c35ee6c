namespace Redoubt.Storage;

/// <summary>An attached storage repository: its disks, and what can be done with them.</summary>
/// <remarks>
/// <para>Promises of every implementation:</para>
/// <list type="bullet">
/// <item><b>Atomic.</b> Each call that changes something happens whole or not at all, also when the process or the machine dies in
/// the middle, and is durable when it returns. A reader sees a disk as it was before or as it is after.</item>
/// <item><b>Repeatable.</b> The caller chooses the UUID of each new disk, so that it can tell after a crash whether the step was done:
/// creating a UUID that exists fails with code 43 and changes nothing; destroying one that does not exist is success; resizing to the
/// present size is success; importing again replaces again.</item>
/// <item><b>Read-only is read-only.</b> Attached with <see cref="SrAccess.ReadOnly"/>, every changing call fails with
/// <c>OPERATION_NOT_ALLOWED</c> before it touches anything.</item>
/// <item><b>After detach</b> every call fails with <c>SR_NOT_ATTACHED</c>.</item>
/// <item><b>Threads.</b> Calls about different disks may overlap. Calls that change the same disk must not; the caller keeps them
/// apart, as it does for <c>VDI.current_operations</c>.</item>
/// <item><b>In use.</b> A disk that a hypervisor has open fails with code 24 where the driver can see it. A driver can't always see
/// it (another host, another product), so the caller must still know.</item>
/// </list>
/// </remarks>
public interface ISr : IAsyncDisposable
{
    /// <summary>The SR's UUID.</summary>
    SrUuid Uuid { get; }

    /// <summary>How it was attached.</summary>
    SrAccess Access { get; }

    /// <summary>
    /// Lists all disks, ordered by UUID. One that cannot be used is listed with <see cref="VdiState.Unreadable"/> set; it never makes
    /// the scan fail. Not a snapshot: a disk made or removed meanwhile may or may not be listed.
    /// </summary>
    Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken);

    /// <summary>Measures the SR.</summary>
    Task<SrState> StatAsync(CancellationToken cancellationToken);

    /// <summary>Makes a disk that reads as zeros, or an empty metadata volume, which already reads as one.</summary>
    Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken);

    /// <summary>Removes a disk, also one that is unreadable; but where several images claim one UUID, only a person can choose.</summary>
    Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken);

    /// <summary>Grows a disk; the new part reads as zeros. Shrinking is refused with code 79, since it loses data.</summary>
    Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken);

    /// <summary>Makes a writable disk with the present content of another. The two share nothing afterwards.</summary>
    Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken);

    /// <summary>Keeps the present content of a disk as another disk. Either may be destroyed before the other.</summary>
    Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the whole content of a disk by the stream's, in one step at the end. The virtual size stays: shorter content is
    /// followed by zeros, longer content is refused with code 79. A qcow2 image that refers to any other file is refused with code 65
    /// before anything interprets it.
    /// </summary>
    /// <param name="vdi">The disk, which must exist.</param>
    /// <param name="content">The image; read to its end, not closed. What it throws reaches the caller as it is.</param>
    /// <param name="format">What the stream holds, independent of how the disk is kept. Never guessed from the content.</param>
    /// <param name="cancellationToken">Stops the import; the disk keeps its former content.</param>
    Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken);

    /// <summary>
    /// Opens the content of a disk as an image in the format asked for, standing alone. The caller makes sure that nobody writes to
    /// the disk before the stream is closed: export a snapshot of a running VM's disk. A disk replaced or destroyed meanwhile goes on
    /// to be read as it was.
    /// </summary>
    Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken);

    /// <summary>Looks at one disk.</summary>
    /// <exception cref="XenApi.XenApiException">Code 46: it is not there. Code 65: it can't be used.</exception>
    Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken);

    /// <summary>Makes a disk ready for a hypervisor of this host, until it is let go. For reading, nothing of it is written.</summary>
    /// <exception cref="XenApi.XenApiException">
    /// <c>SR_OPERATION_NOT_SUPPORTED</c> without <see cref="SrFeatures.AttachesVdis"/>; <c>OPERATION_NOT_ALLOWED</c>: for writing, on an SR
    /// that is attached to be read.
    /// </exception>
    Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken);

    /// <summary>Gives the bytes of a raw disk to whoever reads and writes them on this host: metadata volumes, saved memory.</summary>
    /// <exception cref="XenApi.XenApiException">As of <see cref="AttachVdiAsync"/>; code 66: the disk is not raw.</exception>
    Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken);

    /// <summary>
    /// A word that is another one when the content of a disk has been changed by whomever, or, without a disk, when one has come or gone.
    /// It may be another one without that. Costs no more than asking for a file's status, whatever the size. A storage that passes changes
    /// on late (a network file system's cache) shows them late here too.
    /// </summary>
    Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until something small has been written and flushed. Afterwards nothing has changed but, perhaps, the mark of the SR.
    /// </summary>
    /// <exception cref="XenApi.XenApiException">As of a change.</exception>
    Task ProveWritesAsync(CancellationToken cancellationToken);

    /// <summary>Looks at what <see cref="OpenDeviceAsync"/> gives, in the caller's way, on a thread that may wait for storage.</summary>
    Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a second SR whose disks read like this one's and can be written, without copying content and without changing this SR,
    /// which may be attached read-only. Metadata volumes are left out: a test must not be found as something to recover from.
    /// The clone appears whole or not at all. What it says in <see cref="WritableClone.DependsOnSource"/> decides whether this SR's images
    /// may be written in place while it lives.
    /// </summary>
    Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken);

    /// <summary>Lets the SR go. May be repeated. Streams opened before stay readable.</summary>
    Task DetachAsync(CancellationToken cancellationToken);
}
