using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What becomes of a host's VMs when somebody answers for it that it is off. Pure but for the transaction.</summary>
internal static class DeadHosts
{
    /// <summary>Takes a host for dead: its VMs are as after a power cut, and its storage is attached there no more.</summary>
    /// <returns>The VMs that were there, as they were.</returns>
    /// <exception cref="XenApiException">
    /// <c>HOST_CANNOT_DESTROY_SELF</c>: it is this one. <c>HOST_IS_LIVE</c>: it is seen to be up.
    /// </exception>
    public static IReadOnlyList<(Ref<VmRecord> Ref, VmRecord Record)> Declare(
        Transaction tx, Ref<HostRecord> host, Hosts hosts, DateTimeOffset now)
    {
        var record = tx.Get(host);
        if (host == hosts.Local.Host)
        {
            throw new XenApiException("HOST_CANNOT_DESTROY_SELF", host.Opaque);
        }

        if (hosts.Find(host)?.Current is not null || tx.Find(record.Metrics) is { Live: true })
        {
            throw new XenApiException("HOST_IS_LIVE", host.Opaque);
        }

        return Take(tx, host, now);
    }

    /// <summary>Takes a host for dead that nothing can be asked of, as another takes the pool over from it.</summary>
    public static Announcement TakeByUuid(Transaction tx, string uuid, DateTimeOffset now)
    {
        var host = tx.State.FindByUuid<HostRecord>(uuid);
        var name = tx.Get(host).NameLabel;
        return new Announcement.HostDeclaredDead(uuid, name, SessionOwner.RootName, Names(Take(tx, host, now)));
    }

    /// <summary>What they are called, for people.</summary>
    public static string Names(IEnumerable<(Ref<VmRecord> Ref, VmRecord Record)> vms) =>
        string.Join(", ", vms.Select(v => v.Record.NameLabel));

    private static List<(Ref<VmRecord> Ref, VmRecord Record)> Take(Transaction tx, Ref<HostRecord> host, DateTimeOffset now)
    {
        var record = tx.Get(host);
        var ran = tx.State.All<VmRecord>().Where(v => !v.Record.IsControlDomain && Hosts.PlaceOf(v.Record) == host).ToList();
        foreach (var (vm, _) in ran)
        {
            GuestStates.Halt(tx, vm);
            SuspendImages.GiveUp(tx, vm);
        }

        foreach (var pbd in tx.State.All<PbdRecord>().Where(p => p.Record.Host == host && p.Record.CurrentlyAttached).ToList())
        {
            tx.Update(pbd.Ref, p => p with { CurrentlyAttached = false });
        }

        tx.Update(host, h => h with { Enabled = false });
        HostStart.Forget(tx, host);
        if (tx.Find(record.Metrics) is not null)
        {
            tx.Update(record.Metrics, m => m with { Live = false, MemoryFree = 0, LastUpdated = now });
        }

        return ran;
    }
}
