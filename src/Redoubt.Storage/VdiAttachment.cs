namespace Redoubt.Storage;

/// <summary>
/// A disk that is held ready for a hypervisor until it is let go. One disk may be attached several times over, also by several processes;
/// what makes it ready is undone with the last. A daemon that has died takes nothing away from a guest that runs on: the next one attaches
/// the disk again, which changes nothing for the guest.
/// </summary>
/// <param name="vdi">The disk.</param>
/// <param name="access">What it may be used for.</param>
/// <param name="source">What the hypervisor opens.</param>
/// <param name="letGo">Undoes what made it ready; null if nothing did.</param>
public sealed class VdiAttachment(VdiUuid vdi, SrAccess access, DiskSource source, Func<ValueTask>? letGo = null) : IAsyncDisposable
{
    private Func<ValueTask>? _letGo = letGo;

    /// <summary>The disk.</summary>
    public VdiUuid Vdi => vdi;

    /// <summary>What it may be used for.</summary>
    public SrAccess Access => access;

    /// <summary>What the hypervisor opens.</summary>
    public DiskSource Source => source;

    /// <summary>Lets the disk go. May be repeated, and may come after the SR has been detached.</summary>
    public ValueTask DisposeAsync() => Interlocked.Exchange(ref _letGo, null)?.Invoke() ?? ValueTask.CompletedTask;
}
