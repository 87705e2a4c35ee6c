namespace Redoubt.Storage;

/// <summary>An SR whose work is counted.</summary>
internal sealed class CountedSr(ISr sr, SrCounting counting) : ISr
{
    public SrUuid Uuid => sr.Uuid;

    public SrAccess Access => sr.Access;

    public Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken) =>
        counting.CountAsync("scan", () => sr.ScanAsync(cancellationToken));

    public Task<SrState> StatAsync(CancellationToken cancellationToken) =>
        counting.CountAsync("stat", () => sr.StatAsync(cancellationToken));

    public Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-create", () => sr.CreateVdiAsync(config, cancellationToken));

    public Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-destroy", () => SrLooks.DoneAsync(sr.DestroyVdiAsync(vdi, cancellationToken)));

    public Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-resize", () => sr.ResizeVdiAsync(vdi, virtualSizeBytes, cancellationToken));

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-clone", () => sr.CloneVdiAsync(source, clone, cancellationToken));

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-snapshot", () => sr.SnapshotVdiAsync(source, snapshot, cancellationToken));

    public Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-import", () => SrLooks.DoneAsync(sr.ImportVdiAsync(vdi, content, format, cancellationToken)));

    public Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-export", () => sr.ExportVdiAsync(vdi, format, cancellationToken));

    public Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-stat", () => sr.StatVdiAsync(vdi, cancellationToken));

    public Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-attach", () => sr.AttachVdiAsync(vdi, access, cancellationToken));

    public Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken) =>
        counting.CountAsync("vdi-open", () => sr.OpenDeviceAsync(vdi, access, cancellationToken));

    public Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken) =>
        counting.CountAsync("mark", () => sr.GetMarkAsync(vdi, cancellationToken));

    public Task ProveWritesAsync(CancellationToken cancellationToken) =>
        counting.CountAsync("prove-writes", () => SrLooks.DoneAsync(sr.ProveWritesAsync(cancellationToken)));

    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) =>
        counting.CountAsync("look", () => sr.LookAsync(look, cancellationToken));

    public async Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken)
    {
        var made = await counting.CountAsync("clone-for-test", () => sr.CloneWritableAsync(config, cancellationToken));
        return made with { Sr = new CountedSr(made.Sr, counting.Of(made.Sr.Uuid)) };
    }

    public Task DetachAsync(CancellationToken cancellationToken) => sr.DetachAsync(cancellationToken);

    public ValueTask DisposeAsync() => sr.DisposeAsync();
}
