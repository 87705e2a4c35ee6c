using System.Collections.Immutable;

namespace Redoubt.Agreement;

/// <summary>
/// How a member that stands for no election shows that it is there: a key under a lease, which goes when the member is silent for as long
/// as a coordinator may be.
/// </summary>
public static class WitnessLease
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(750);

    /// <summary>Shows a witness as long as it can; returns when its lease has run out.</summary>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    public static async Task KeepAsync(EtcdClient etcd, string uuid, TimeProvider time, CancellationToken cancellationToken)
    {
        var lease = await etcd.GrantLeaseAsync(Coordinator.Lease, cancellationToken);
        await etcd.TransactAsync([], [new EtcdAct.Put(LogKeys.Witnesses + uuid, [], lease)], cancellationToken);
        while (await etcd.KeepAliveAsync(lease, cancellationToken))
        {
            await Task.Delay(Beat, time, cancellationToken);
        }
    }

    /// <summary>The UUIDs of those that are there.</summary>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    public static async Task<ImmutableHashSet<string>> ReadAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        var read = new EtcdAct.Read(LogKeys.Witnesses, LogKeys.EndOf(LogKeys.Witnesses));
        return [.. (await etcd.TransactAsync([], [read], cancellationToken)).Reads[0].Select(w => w.Key[LogKeys.Witnesses.Length..])];
    }
}
