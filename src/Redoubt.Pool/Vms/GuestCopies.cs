using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What guests go on with for a daemon that died while it had their disks copied: into those copies they write on, and as long as they do,
/// nobody can remove them; and if their agents held their file systems still for it, they still do.
/// </summary>
internal static class GuestCopies
{
    /// <summary>Has all guests end it, if anything was noted as being made.</summary>
    public static async Task EndAsync(PoolServices pool)
    {
        if (pool.State.All<SrRecord>().All(s => DisksInMaking.Of(s.Record).IsEmpty))
        {
            return;
        }

        foreach (var hypervisor in pool.Hosts.All.Select(h => h.Current).OfType<IHypervisor>())
        {
            await EndAsync(hypervisor);
        }
    }

    /// <summary>Has all guests of a host end it.</summary>
    public static async Task EndAsync(IHypervisor hypervisor)
    {
        var guests = await hypervisor.ListAsync(CancellationToken.None);
        foreach (var guest in guests)
        {
            try
            {
                await hypervisor.EndCopiesAsync(guest.Uuid);
            }
            catch (HypervisorException silent) when (silent.Failure != HypervisorFailure.ConnectionFailed)
            {
                // It does not answer. What it has open is told of when it can't be removed.
            }
        }

        // Their agents are asked a few at once, for each may take its time to say nothing.
        await Parallel.ForEachAsync(
            guests, new ParallelOptions { MaxDegreeOfParallelism = hypervisor.OpenQuestionLimit }, async (guest, token) =>
            {
                try
                {
                    await hypervisor.ThawAsync(guest.Uuid, token);
                }
                catch (HypervisorException silent) when (silent.Failure != HypervisorFailure.ConnectionFailed)
                {
                    // It has ended, or its QEMU hangs.
                }
            });
    }
}
