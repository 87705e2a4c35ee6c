using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The disks that are made for VMs before there is a record that has them: all of them, or none is left.</summary>
internal sealed class CopiedDisks(PoolServices pool, VdiCalls vdis)
{
    /// <summary>
    /// Copies disks that nobody uses, one after the other; each copy stays noted as being made (<see cref="DisksInMaking"/>).
    /// </summary>
    /// <param name="call">The call; its task is told how far it is.</param>
    /// <param name="disks">The disks.</param>
    /// <param name="sr">Where the copies are to lie; the null reference: each where its disk does.</param>
    /// <param name="copies">Takes the copy of each disk as soon as there is one, so that the caller can remove them whatever fails.</param>
    public async Task CopyAsync(
        CallContext call, IReadOnlyList<Ref<VdiRecord>> disks, Ref<SrRecord> sr, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> copies)
    {
        foreach (var (done, disk) in disks.Index())
        {
            Task ReportAsync(double part) => call.Task.ReportAsync((done + part) / (disks.Count + 1));
            copies[disk] = await vdis.CopyAsync(call, disk, sr.IsNull ? pool.State.Get(disk).Sr : sr, isWhole: false, ReportAsync);
            await ReportAsync(1);
        }
    }

    /// <summary>Removes disks, also when the caller has cancelled: what was made must go all the same.</summary>
    /// <param name="disks">The disks.</param>
    /// <param name="left">What people are told of one that can't be removed, a sentence.</param>
    public async Task RemoveAsync(IEnumerable<Ref<VdiRecord>> disks, string left)
    {
        foreach (var disk in disks)
        {
            await Undoing.TryAsync(
                pool, Cls.Vdi, pool.State.Find(disk)?.Uuid ?? "", left, () => vdis.RemoveAsync(disk, CancellationToken.None));
        }
    }
}
