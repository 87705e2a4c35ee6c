using System.Collections.Concurrent;

namespace Redoubt.Pool;

/// <summary>
/// Lets one call at a time attach or let go of an SR, or make what the database has of its disks agree with what is on it; and one at a
/// time give a guest a disk, by the UUID of its VM. Not to be entered twice by one call.
/// </summary>
public sealed class SrGates
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _gates = new();

    /// <summary>Waits until nobody else is in. Left by disposing of the answer.</summary>
    public async Task<IDisposable> EnterAsync(string srUuid, CancellationToken cancellationToken)
    {
        var gate = _gates.GetOrAdd(srUuid, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        return new Leaving(gate);
    }

    private sealed class Leaving(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
