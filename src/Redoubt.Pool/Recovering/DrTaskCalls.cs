using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What disaster-recovery tasks do: they attach replicated storage for looking and recovering, and let go of what was not used. Either
/// every SR of the whitelist is attached or none is, and then the task does not exist.
/// </summary>
internal sealed partial class DrTaskCalls(PoolServices pool, SrConnections connections, MetadataTrust trust)
{
    [Message("DR_task.create")]
    public async Task<Ref<DrTaskRecord>> CreateAsync(
        CallContext call, string type, ImmutableSortedDictionary<string, string> deviceConfig, ImmutableList<string> whitelist)
    {
        var driver = SrRows.Driver(pool, type);
        if (!driver.Features.HoldsMetadata)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"Disaster recovery not supported on SRs of type {type}");
        }

        var found = await SrSearch.RunAsync(pool, call, driver, deviceConfig, trust);
        var chosen = Choose(found, whitelist);
        chosen.ForEach(sr => RequireNew(pool.State, sr, type, deviceConfig));
        var task = await pool.Database.WriteAsync(tx => tx.Create(new DrTaskRecord()), call.Cancellation);
        try
        {
            foreach (var sr in chosen)
            {
                await IntroduceAsync(task, type, deviceConfig, sr, call.Cancellation);
            }

            return task;
        }
        catch
        {
            await Undoing.TryAsync(
                pool, Cls.Pool, pool.State.Get(pool.Pool).Uuid,
                $"The recovery task {pool.State.Find(task)?.Uuid} could not attach all its storage, nor let go of what it had attached: "
                    + "end it (drtask-destroy).",
                () => ReleaseAsync(task));
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
            : throw new XenApiException(
                "OPERATION_NOT_ALLOWED", $"The whitelist names {string.Join(", ", missing)}, which is not on this storage ({there}).");
    }

    /// <summary>
    /// Checks that the pool does not know an SR yet. Two copies of one SR have the same disks under the same UUIDs, so one pool can have
    /// only one of them; and to keep the one that is there in silence would have a recovery use the older.
    /// </summary>
    private static void RequireNew(DatabaseState state, FoundSr found, string type, ImmutableSortedDictionary<string, string> deviceConfig)
    {
        var reference = state.FindByUuid<SrRecord>(found.Uuid);
        if (state.Find(reference) is not { } sr)
        {
            return;
        }

        var pbds = sr.Pbds.Select(state.Get).ToList();
        var name = $"The SR {sr.NameLabel} ({sr.Uuid})";
        var isSame = sr.Type == type && pbds.Exists(p => StorageLocation.IsSame(p.DeviceConfig, deviceConfig));
        if (!isSame && pbds is [var other, ..])
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"{name} is in this pool already, from {StorageLocation.Describe(sr.Type, other.DeviceConfig)}; what is at "
                + $"{StorageLocation.Describe(type, deviceConfig)} is another copy of it, and a "
                + "pool can have only one. Nothing was attached. To see which is newer, plan with this location named (dr-plan type=... "
                + "device-config:...); to put this copy in the place of the other, "
                + $"let that go ({Release(state, sr, other)}), then repeat this.");
        }

        throw new XenApiException(
            "OPERATION_NOT_ALLOWED",
            pbds.Exists(p => p.CurrentlyAttached) ? $"{name} is attached already, from just there; there is nothing to attach. It can "
                + "be planned with as it is."
            : pbds.Count > 0 ? $"{name} is in this pool already, and is not attached: attach it (pbd-plug uuid={pbds[0].Uuid}), or forget "
                + $"it first (sr-forget uuid={sr.Uuid})."
            : $"{name} is in this pool already, without a PBD: make one and plug it (pbd-create, pbd-plug), or forget it first "
                + $"(sr-forget uuid={sr.Uuid}).");
    }

    private static string Release(DatabaseState state, SrRecord sr, PbdRecord pbd) => state.Find(sr.IntroducedBy) is { } task
        ? $"drtask-destroy uuid={task.Uuid}"
        : $"{(pbd.CurrentlyAttached ? $"pbd-unplug uuid={pbd.Uuid}, then " : "")}sr-forget uuid={sr.Uuid}, which "
            + "loses nothing on the storage";

    private async Task IntroduceAsync(
        Ref<DrTaskRecord> task, string type, ImmutableSortedDictionary<string, string> deviceConfig, FoundSr found,
        CancellationToken cancellationToken)
    {
        var pbds = await pool.Database.WriteAsync(
            tx =>
            {
                // Once more: somebody may have attached another copy while this one was looked at.
                RequireNew(tx.State, found, type, deviceConfig);
                var sr = tx.Create(new SrRecord
                {
                    Uuid = found.Uuid,
                    NameLabel = found.NameLabel,
                    NameDescription = found.NameDescription,
                    Type = type,
                    Shared = true,
                    IntroducedBy = task,
                });
                var kept = DeviceSecrets.Keep(tx, deviceConfig);
                return tx.State.All<HostRecord>().Select(
                    h => tx.Create(new PbdRecord { Host = h.Ref, Sr = sr, DeviceConfig = kept })).ToList();
            },
            cancellationToken);

        // It is the coordinator that looks; the others are given their PBDs, to be plugged when something there has become the pool's.
        foreach (var pbd in pbds.Where(p => pool.State.Get(p).Host == pool.Hosts.Local.Host))
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
