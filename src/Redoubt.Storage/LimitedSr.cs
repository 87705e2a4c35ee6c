namespace Redoubt.Storage;

/// <summary>
/// An SR that keeps nobody waiting for ever. Every look has a limit; a change, which may take as long as copying a disk takes, is begun only
/// when the storage has just answered.
/// </summary>
internal sealed class LimitedSr(ISr sr, string place, TimeProvider time) : ISr
{
    private readonly SrLooks _looks = new(place, time);

    public SrUuid Uuid => sr.Uuid;

    public SrAccess Access => sr.Access;

    public Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken) =>
        LookAsync(() => sr.ScanAsync(cancellationToken), SrLooks.ScanLimit, cancellationToken);

    public Task<SrState> StatAsync(CancellationToken cancellationToken) =>
        LookAsync(() => sr.StatAsync(cancellationToken), SrLooks.ScanLimit, cancellationToken);

    public Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken) =>
        ChangeAsync(() => sr.CreateVdiAsync(config, cancellationToken), cancellationToken);

    public async Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        await AnswerAsync(cancellationToken);
        await sr.DestroyVdiAsync(vdi, cancellationToken);
    }

    public Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken) =>
        ChangeAsync(() => sr.ResizeVdiAsync(vdi, virtualSizeBytes, cancellationToken), cancellationToken);

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken) =>
        ChangeAsync(() => sr.CloneVdiAsync(source, clone, cancellationToken), cancellationToken);

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken) =>
        ChangeAsync(() => sr.SnapshotVdiAsync(source, snapshot, cancellationToken), cancellationToken);

    public async Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken)
    {
        await AnswerAsync(cancellationToken);
        await sr.ImportVdiAsync(vdi, content, format, cancellationToken);
    }

    public Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken) =>
        ChangeAsync(() => sr.ExportVdiAsync(vdi, format, cancellationToken), cancellationToken);

    public Task<DiskPath> GetPathAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        LookAsync(() => sr.GetPathAsync(vdi, cancellationToken), SrLooks.Limit, cancellationToken);

    public Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken) =>
        LookAsync(() => sr.GetMarkAsync(vdi, cancellationToken), SrLooks.Limit, cancellationToken);

    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) =>
        LookAsync(() => sr.LookAsync(look, cancellationToken), SrLooks.ScanLimit, cancellationToken);

    public async Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken)
    {
        var made = await ChangeAsync(() => sr.CloneWritableAsync(config, cancellationToken), cancellationToken);
        return made with { Sr = new LimitedSr(made.Sr, $"{place} (a clone)", time) };
    }

    public Task DetachAsync(CancellationToken cancellationToken) => sr.DetachAsync(cancellationToken);

    public ValueTask DisposeAsync() => sr.DisposeAsync();

    private Task<T> LookAsync<T>(Func<Task<T>> look, TimeSpan limit, CancellationToken cancellationToken) =>
        _looks.RunAsync(look, limit, null, cancellationToken);

    private async Task<T> ChangeAsync<T>(Func<Task<T>> change, CancellationToken cancellationToken)
    {
        await AnswerAsync(cancellationToken);
        return await change();
    }

    private async Task AnswerAsync(CancellationToken cancellationToken)
    {
        await LookAsync(
            async () =>
            {
                try
                {
                    await sr.GetMarkAsync(null, cancellationToken);
                }
                catch (XenApi.XenApiException)
                {
                    // It has answered. What is wrong the change itself will tell.
                }

                return true;
            },
            SrLooks.Limit,
            cancellationToken);
    }
}
