using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What disaster-recovery tasks do: they attach replicated storage for looking and recovering, and let go of what was not used. Either
/// every SR of the whitelist is attached or none is, and then the task does not exist.
/// </summary>
internal sealed class DrTaskCalls(PoolServices pool, SrConnections connections)
{
    [Message("DR_task.create")]
    public async Task<Ref<DrTaskRecord>> CreateAsync(
        CallContext call, string type, ImmutableSortedDictionary<string, string> deviceConfig, ImmutableList<string> whitelist)
    {
        var driver = pool.Drivers.GetValueOrDefault(type) ?? throw new XenApiException("SR_UNKNOWN_DRIVER", type);
        if (!driver.Capabilities.Contains("SR_METADATA"))
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"Disaster recovery not supported on SRs of type {type}");
        }

        var found = await SrProbe.RunAsync(driver, deviceConfig, call.Cancellation);
        var chosen = Choose(found, whitelist);
        var task = await pool.Database.WriteAsync(tx => tx.Create(new DrTaskRecord()), call.Cancellation);
        try
        {
            foreach (var sr in chosen.Where(s => pool.State.FindByUuid<SrRecord>(s.Uuid).IsNull))
            {
                await IntroduceAsync(task, type, deviceConfig, sr, call.Cancellation);
            }

            return task;
        }
        catch
        {
            await ReleaseAsync(task);
            throw;
        }
    }

    [Message("DR_task.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<DrTaskRecord> self)
    {
        pool.State.Get(self);
        await ReleaseAsync(self);
    }

    private static List<FoundSr> Choose(IReadOnlyList<FoundSr> found, ImmutableList<string> whitelist)
    {
        var there = found.Count == 0 ? "none was found there" : $"found there: {string.Join(", ", found.Select(f => f.Uuid))}";
        if (whitelist.IsEmpty)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"The whitelist names no SR to attach ({there}).");
        }

        var missing = whitelist.Where(uuid => found.All(f => f.Uuid != uuid)).ToList();
        return missing.Count == 0
            ? [.. found.Where(f => whitelist.Contains(f.Uuid))]
            : throw new XenApiException("OPERATION_NOT_ALLOWED", $"The whitelist names {string.Join(", ", missing)}, which is not on this storage ({there}).");
    }

    private async Task IntroduceAsync(
        Ref<DrTaskRecord> task, string type, ImmutableSortedDictionary<string, string> deviceConfig, FoundSr found, CancellationToken cancellationToken)
    {
        var pbds = await pool.Database.WriteAsync(
            tx =>
            {
                var sr = tx.Create(new SrRecord
                {
                    Uuid = found.Uuid,
                    NameLabel = found.NameLabel,
                    NameDescription = found.NameDescription,
                    Type = type,
                    Shared = true,
                    IntroducedBy = task,
                });
                return tx.State.All<HostRecord>().Select(h => tx.Create(new PbdRecord { Host = h.Ref, Sr = sr, DeviceConfig = deviceConfig })).ToList();
            },
            cancellationToken);
        foreach (var pbd in pbds)
        {
            await connections.PlugAsync(pbd, cancellationToken);
        }
    }

    private async Task ReleaseAsync(Ref<DrTaskRecord> task)
    {
        foreach (var sr in pool.State.Get(task).IntroducedSrs)
        {
            await connections.ReleaseAsync(sr, task);
        }

        await pool.Database.WriteAsync(tx => tx.Delete(task), CancellationToken.None);
    }
}
