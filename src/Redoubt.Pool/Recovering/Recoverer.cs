using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Recreates VMs of another database in this pool, wherever that database comes from: another pool's metadata volume, an archive, a backup.
/// <code>
/// 1 their SRs are attached here                    VM_REQUIRES_SR
/// 2 which disks are really there is asked of the storage
/// 3 one transaction recreates everything or nothing (RecoveryImport), and makes the SRs ordinary ones
/// 4 people are told what is other than it was; the SRs become writable
/// </code>
/// </summary>
internal sealed class Recoverer(PoolServices pool, SrConnections connections)
{
    /// <summary>Recreates VMs, and the vApp if there is one.</summary>
    /// <exception cref="XenApiException">Something stands in the way; nothing has changed.</exception>
    public async Task<RecoveryOutcome> RunAsync(
        DatabaseState from, IReadOnlyList<Ref<VmRecord>> vms, Ref<VmApplianceRecord>? appliance, RecoveryOptions options,
        CancellationToken cancellationToken)
    {
        var needed = await VerifyAsync(from, vms, options, cancellationToken);
        var recovered = await pool.Database.WriteAsync(tx => Recover(tx, from, vms, appliance, options, needed), cancellationToken);
        foreach (var (vmUuid, text) in recovered.Notices)
        {
            await AfterwardsAsync(
                pool.Loggers, $"what is other than it was with VM {vmUuid} could not be noted ({text})",
                () => pool.PostAsync(new Announcement.RecoveredWithChanges(vmUuid, text)));
        }

        foreach (var uuid in needed)
        {
            await AfterwardsAsync(
                pool.Loggers, $"VMs were recovered from SR {uuid}, but it could not be made writable; unplug and plug its PBD",
                () => connections.MakeWritableAsync(pool.State.FindByUuid<SrRecord>(uuid)));
            await AfterwardsAsync(
                pool.Loggers, $"VMs were recovered from SR {uuid}, but other hosts could not be given it; plug their PBDs",
                () => connections.PlugMembersAsync(pool.State.FindByUuid<SrRecord>(uuid)));
        }

        return recovered;
    }

    /// <summary>Does the same to a database that is thrown away: whether it would work, and what people would be told.</summary>
    /// <exception cref="XenApiException">Something would stand in the way.</exception>
    public async Task<RecoveryOutcome> TryAsync(
        DatabaseState from, IReadOnlyList<Ref<VmRecord>> vms, Ref<VmApplianceRecord>? appliance, RecoveryOptions options,
        CancellationToken cancellationToken)
    {
        var needed = await VerifyAsync(from, vms, options, cancellationToken);
        return Recover(new Transaction(pool.State, Guid.NewGuid), from, vms, appliance, options, needed);
    }

    // The VMs are recovered, durably: whoever was told that it failed would do it again, or give them up.
    internal static async Task AfterwardsAsync(ILoggerFactory loggers, string trouble, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception failed)
        {
            loggers.CreateLogger<Recoverer>().LogError(failed, "After a recovery, which holds: {Trouble}", trouble);
        }
    }

    // Which disks are really there is asked of the storage now, not of what the last scan remembers.
    private async Task<List<string>> VerifyAsync(
        DatabaseState from, IReadOnlyList<Ref<VmRecord>> vms, RecoveryOptions options, CancellationToken cancellationToken)
    {
        RequireSrs(from, pool.State, vms, options);
        var disks = vms.SelectMany(vm => RecoveryRequirements.Disks(from, from.Get(vm))).Where(d => options.DiskFor(d) is null)
            .GroupBy(d => from.Get(d.Sr).Uuid, d => d.Location).ToList();
        foreach (var sr in disks)
        {
            await connections.VerifyAsync(pool.State.FindByUuid<SrRecord>(sr.Key), sr, cancellationToken);
        }

        return disks.ConvertAll(d => d.Key);
    }

    private RecoveryOutcome Recover(
        Transaction tx, DatabaseState from, IReadOnlyList<Ref<VmRecord>> vms, Ref<VmApplianceRecord>? appliance, RecoveryOptions options,
        List<string> needed)
    {
        // Once more, for the storage may have been let go since.
        RequireSrs(from, tx.State, vms, options);
        var import = new RecoveryImport(tx, from, options, pool.Roots.Boot);
        import.Run(vms, appliance);
        options.Finish?.Invoke(tx);
        foreach (var sr in needed.Select(tx.State.FindByUuid<SrRecord>).Where(s => !tx.Get(s).IntroducedBy.IsNull))
        {
            if (!options.MayAdoptStorage)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    $"The SR {tx.Get(sr).NameLabel} ({tx.Get(sr).Uuid}) is attached for disaster recovery. Only a pool operator makes it "
                        + "this pool's own by bringing back a VM on it.");
            }

            tx.Update(sr, s => s with { IntroducedBy = default });
        }

        return new([.. vms.Select(import.Made)], import.Appliance, [.. import.Notices]);
    }

    private static void RequireSrs(DatabaseState from, DatabaseState here, IReadOnlyList<Ref<VmRecord>> vms, RecoveryOptions options)
    {
        foreach (var vm in vms)
        {
            RecoveryRequirements.Assert(from, here, vm, options);
        }
    }
}
