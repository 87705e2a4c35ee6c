using System.Security.Cryptography;
using System.Text;
using Redoubt.Storage.FileDriver;

namespace Redoubt.Storage.IsoDriver;

/// <summary>
/// An attached folder of images. An image's UUID follows from the SR's and from its file's name, so each pool finds the same one.
/// </summary>
internal sealed class IsoSr(SrHold hold, VdiDevice folder) : ISr
{
    private static readonly string[] Endings = [".iso", ".img"];

    public SrUuid Uuid => hold.Uuid;

    public SrAccess Access => hold.Access;

    public Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken) => AskAsync<IReadOnlyList<VdiState>>(
        () => [.. Images().Select(i => i.State).OrderBy(i => i.Uuid.ToString(), StringComparer.Ordinal)], cancellationToken);

    public Task<SrState> StatAsync(CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            var bytes = Images().Sum(i => i.State.PhysicalUtilisationBytes);
            return new SrState { PhysicalSizeBytes = bytes, PhysicalUtilisationBytes = bytes };
        },
        cancellationToken);

    public Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        AskAsync(() => Find(vdi).State, cancellationToken);

    public Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess wanted, CancellationToken cancellationToken) => AskAsync(
        () => wanted == SrAccess.ReadOnly
            ? new VdiAttachment(vdi, wanted, new DiskSource.File(Find(vdi).Path, DiskFormat.Raw))
            : throw SrFailure.ReadOnly(Uuid),
        cancellationToken);

    public Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess wanted, CancellationToken cancellationToken) => AskAsync(
        () => wanted == SrAccess.ReadOnly ? new VdiDevice(Find(vdi).Path) : throw SrFailure.ReadOnly(Uuid), cancellationToken);

    public Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken) => AskAsync<Stream>(
        () => format == DiskFormat.Raw
            ? new FileStream(Posix.OpenWithoutLinks(Find(vdi).Path), FileAccess.Read, 1 << 16, isAsync: false)
            : throw SrFailure.NotSupported(Uuid),
        cancellationToken);

    public Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken) =>
        AskAsync(() => Posix.Mark(vdi is { } image ? Find(image).Path : folder.Path), cancellationToken);

    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) => OwnThread.RunAsync(look, cancellationToken);

    public Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken) => throw SrFailure.NotSupported(Uuid);

    public Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) => throw SrFailure.NotSupported(Uuid);

    public Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken) =>
        throw SrFailure.NotSupported(Uuid);

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken) =>
        throw SrFailure.NotSupported(Uuid);

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken) =>
        throw SrFailure.NotSupported(Uuid);

    public Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken) =>
        throw SrFailure.NotSupported(Uuid);

    public Task ProveWritesAsync(CancellationToken cancellationToken) => throw SrFailure.NotSupported(Uuid);

    public Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken) =>
        throw SrFailure.NotSupported(Uuid);

    public async Task DetachAsync(CancellationToken cancellationToken)
    {
        hold.End();
        await folder.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await DetachAsync(CancellationToken.None);

    private IEnumerable<(string Path, VdiState State)> Images()
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(folder.Path))
        {
            var name = Path.GetFileName(path);

            // Links and devices could lead to anything of this host.
            if (Endings.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase)
                && Posix.TryGetStatus(path) is { IsFile: true, Bytes: > 0 } status)
            {
                yield return (path, new VdiState
                {
                    Uuid = UuidOf(name),
                    Name = name,
                    IsReadOnly = true,
                    Type = VdiType.User,
                    Format = DiskFormat.Raw,
                    VirtualSizeBytes = status.Bytes,
                    PhysicalUtilisationBytes = status.AllocatedBytes,
                });
            }
        }
    }

    private (string Path, VdiState State) Find(VdiUuid vdi) =>
        Images().FirstOrDefault(i => i.State.Uuid == vdi) is { Path: not null } found ? found
            : throw SrFailure.NoSuchVdi(Uuid, vdi, folder.Path);

    private VdiUuid UuidOf(string name)
    {
        // RFC 9562, version 8: the bits are what we make them of.
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"{Uuid}/{name}")).AsSpan(0, 16);
        (bytes[6], bytes[8]) = ((byte)((bytes[6] & 0x0f) | 0x80), (byte)((bytes[8] & 0x3f) | 0x80));
        return new VdiUuid(new Guid(bytes, bigEndian: true));
    }

    private Task<T> AskAsync<T>(Func<T> ask, CancellationToken cancellationToken)
    {
        hold.Require();
        return FileFailure.TranslateAsync(folder.Path, () => OwnThread.RunAsync(ask, cancellationToken));
    }
}
