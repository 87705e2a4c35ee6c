namespace Redoubt.Storage;

/// <summary>
/// An SR that keeps nobody waiting for ever. Every look has a limit. A change may take as long as copying a disk takes: it is begun only
/// when the storage has just answered, and waited for only while the storage goes on to answer, which it may do to readers and not to
/// writers.
/// </summary>
/// <remarks>A change that nobody waits for any more goes on when the storage is back; what it makes then is removed again.</remarks>
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
        ChangeAsync(() => sr.CreateVdiAsync(config, cancellationToken), RemoveAsync, cancellationToken);

    public Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        ChangeAsync(() => SrLooks.DoneAsync(sr.DestroyVdiAsync(vdi, cancellationToken)), null, cancellationToken);

    public Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken) =>
        ChangeAsync(() => sr.ResizeVdiAsync(vdi, virtualSizeBytes, cancellationToken), null, cancellationToken);

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken) =>
        ChangeAsync(() => sr.CloneVdiAsync(source, clone, cancellationToken), RemoveAsync, cancellationToken);

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken) =>
        ChangeAsync(() => sr.SnapshotVdiAsync(source, snapshot, cancellationToken), RemoveAsync, cancellationToken);

    public Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken) =>
        ChangeAsync(() => SrLooks.DoneAsync(sr.ImportVdiAsync(vdi, content, format, cancellationToken)), null, cancellationToken);

    public Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken) => WhileAnsweringAsync(
        () => sr.ExportVdiAsync(vdi, format, cancellationToken), () => AnswerAsync(CancellationToken.None),
        late => late.DisposeAsync().AsTask(), cancellationToken);

    public Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        LookAsync(() => sr.StatVdiAsync(vdi, cancellationToken), SrLooks.Limit, cancellationToken);

    public async Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken)
    {
        var made = await _looks.RunAsync(
            () => sr.AttachVdiAsync(vdi, access, cancellationToken),
            SrLooks.Limit,
            late => late.DisposeAsync().AsTask(),
            cancellationToken);
        return new VdiAttachment(vdi, made.Access, made.Source, () => LetGoAsync(made));
    }

    public async Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken)
    {
        var made = await _looks.RunAsync(
            () => sr.OpenDeviceAsync(vdi, access, cancellationToken),
            SrLooks.Limit,
            late => late.DisposeAsync().AsTask(),
            cancellationToken);
        return new VdiDevice(made.Path, () => LetGoAsync(made));
    }

    public Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken) =>
        LookAsync(() => sr.GetMarkAsync(vdi, cancellationToken), SrLooks.Limit, cancellationToken);

    public Task ProveWritesAsync(CancellationToken cancellationToken) =>
        LookAsync(() => SrLooks.DoneAsync(sr.ProveWritesAsync(cancellationToken)), SrLooks.WriteLimit, cancellationToken);

    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) =>
        LookAsync(() => sr.LookAsync(look, cancellationToken), SrLooks.ScanLimit, cancellationToken);

    public async Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken)
    {
        // Elsewhere, and this SR may be one that nobody can write to: that it can still be read is what it takes.
        var made = await WhileAnsweringAsync(
            () => sr.CloneWritableAsync(config, cancellationToken), () => AnswerAsync(CancellationToken.None),
            late => late.Sr.DetachAsync(CancellationToken.None),
            cancellationToken);
        return made with { Sr = new LimitedSr(made.Sr, $"{place} (a clone)", time) };
    }

    public Task DetachAsync(CancellationToken cancellationToken) => sr.DetachAsync(cancellationToken);

    public ValueTask DisposeAsync() => sr.DisposeAsync();

    private Task<T> LookAsync<T>(Func<Task<T>> look, TimeSpan limit, CancellationToken cancellationToken) =>
        _looks.RunAsync(look, limit, null, cancellationToken);

    private Task<T> ChangeAsync<T>(Func<Task<T>> change, Func<T, Task>? tooLate, CancellationToken cancellationToken) =>
        WhileAnsweringAsync(
            change,
            () => IgnoringFailureAsync(() => sr.ProveWritesAsync(CancellationToken.None), SrLooks.WriteLimit, CancellationToken.None),
            tooLate, cancellationToken);

    private async Task<T> WhileAnsweringAsync<T>(
        Func<Task<T>> change, Func<Task> prove, Func<T, Task>? tooLate, CancellationToken cancellationToken)
    {
        await AnswerAsync(cancellationToken);
        var changing = change();
        while (true)
        {
            await ((Task)changing).WaitAsync(SrLooks.Limit, time, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (changing.IsCompleted)
            {
                return await changing;
            }

            try
            {
                await prove();
            }
            catch (XenApi.XenApiException) when (!changing.IsCompleted)
            {
                _ = SrLooks.TakeLateAsync(changing, tooLate);
                throw;
            }
        }
    }

    // It goes on when the storage is back; nobody has to know whether it has been let go by now.
    private async ValueTask LetGoAsync(IAsyncDisposable held) =>
        await held.DisposeAsync().AsTask().WaitAsync(SrLooks.Limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private Task RemoveAsync(VdiState made) => sr.DestroyVdiAsync(made.Uuid, CancellationToken.None);

    private Task<bool> AnswerAsync(CancellationToken cancellationToken) =>
        IgnoringFailureAsync(() => sr.GetMarkAsync(null, cancellationToken), SrLooks.Limit, cancellationToken);

    // That it fails is an answer. What is wrong the change itself will tell.
    private Task<bool> IgnoringFailureAsync(Func<Task> ask, TimeSpan limit, CancellationToken cancellationToken) => LookAsync(
        async () =>
        {
            try
            {
                await ask();
            }
            catch (XenApi.XenApiException)
            {
                return false;
            }

            return true;
        },
        limit,
        cancellationToken);
}
