using Redoubt.Pool;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>
/// An SR that another host has attached. Its disks are made and removed, measured and given to guests there; their content is read and
/// written by that host's guests only.
/// </summary>
internal sealed class RemoteSr(RemoteHost host, SrUuid uuid, SrAccess access) : ISr
{
    public SrUuid Uuid => uuid;

    public SrAccess Access => access;

    public Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken) =>
        Do<IReadOnlyList<VdiState>>(nameof(ScanAsync), [], cancellationToken);

    public Task<SrState> StatAsync(CancellationToken cancellationToken) => Do<SrState>(nameof(StatAsync), [], cancellationToken);

    public Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken) =>
        Do<VdiState>(nameof(CreateVdiAsync), [config], cancellationToken);

    public Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        Do<bool?>(nameof(DestroyVdiAsync), [vdi], cancellationToken);

    public Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken) =>
        Do<VdiState>(nameof(ResizeVdiAsync), [vdi, virtualSizeBytes], cancellationToken);

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken) =>
        Do<VdiState>(nameof(CloneVdiAsync), [source, clone], cancellationToken);

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken) =>
        Do<VdiState>(nameof(SnapshotVdiAsync), [source, snapshot], cancellationToken);

    public Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken) => throw NotHere();

    public Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken) => throw NotHere();

    public Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        Do<VdiState>(nameof(StatVdiAsync), [vdi], cancellationToken);

    public async Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken)
    {
        var held = await host.Act<HeldDisk>(nameof(IHostAgent.AttachVdiAsync), [uuid, vdi, access], cancellationToken);
        return new(vdi, access, held.Source, () => LetGoAsync(held.Name));
    }

    public async Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken)
    {
        var held = await host.Act<HeldDevice>(nameof(IHostAgent.OpenDeviceAsync), [uuid, vdi, access], cancellationToken);
        return new(held.Path, () => LetGoAsync(held.Name));
    }

    public Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken) =>
        Do<string>(nameof(GetMarkAsync), [vdi], cancellationToken);

    public Task ProveWritesAsync(CancellationToken cancellationToken) => Do<bool?>(nameof(ProveWritesAsync), [], cancellationToken);

    // What is looked at lies at the other host.
    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) => throw NotHere();

    public Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken) => throw NotHere();

    public async Task DetachAsync(CancellationToken cancellationToken)
    {
        if (!host.Lost.IsCompleted)
        {
            await host.Act<bool?>(nameof(IHostAgent.DetachSrAsync), [uuid], cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // A host that is away lets go by itself, or is told when it is taken up again.
    private async ValueTask LetGoAsync(Guid held)
    {
        if (!host.Lost.IsCompleted)
        {
            try
            {
                await host.Act<bool?>(nameof(IHostAgent.LetGoAsync), [held], CancellationToken.None);
            }
            catch (XenApiException) when (host.Lost.IsCompleted)
            {
                // It has just gone.
            }
        }
    }

    private Task<T> Do<T>(string method, object?[] arguments, CancellationToken cancellationToken) =>
        host.OnSr<T>(uuid, method, arguments, cancellationToken);

    private XenApiException NotHere() => new("SR_OPERATION_NOT_SUPPORTED", uuid.ToString());
}
