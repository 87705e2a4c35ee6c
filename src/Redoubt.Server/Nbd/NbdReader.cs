using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Nbd;

/// <summary>Who reads a disk.</summary>
/// <param name="Session">The session in which that is done.</param>
/// <param name="Disk">The disk.</param>
internal sealed record NbdReader(Ref<SessionRecord> Session, ServedDisk Disk) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Disk.DisposeAsync();
}
