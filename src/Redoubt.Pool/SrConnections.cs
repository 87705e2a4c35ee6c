using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Attaches SRs to this host and lets them go, and keeps the database true to what is on them. An SR introduced for recovery is attached
/// read-only until a VM has been recovered from it.
/// </summary>
internal sealed class SrConnections(PoolServices pool, ForeignDatabases foreign, MetadataReplication replication)
{
    /// <summary>Attaches the PBD's SR, lists its disks, reads foreign metadata and resumes our own replication there.</summary>
    /// <exception cref="XenApiException">The storage can't be attached; nothing has changed.</exception>
    public async Task PlugAsync(Ref<PbdRecord> reference, CancellationToken cancellationToken)
    {
        var pbd = pool.State.Get(reference);
        if (pbd.Host != pool.Host)
        {
            throw new XenApiException("HOST_OFFLINE", pbd.Host.Opaque);
        }

        var sr = pool.State.Get(pbd.Sr);
        if (pool.Attached.Find(sr.Uuid) is null)
        {
            await AttachAsync(pbd, sr, cancellationToken);
        }

        try
        {
            await ScanAsync(pbd.Sr, cancellationToken);
            await pool.Database.WriteAsync(tx => tx.Update(reference, p => p with { CurrentlyAttached = true }), cancellationToken);
        }
        catch
        {
            await pool.Attached.DetachAsync(sr.Uuid, CancellationToken.None);
            throw;
        }

        await replication.ResumeAsync(pbd.Sr, cancellationToken);
    }

    /// <summary>Lets the PBD's SR go.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>: a running VM uses a disk on it.</exception>
    public async Task UnplugAsync(Ref<PbdRecord> reference, CancellationToken cancellationToken)
    {
        var pbd = pool.State.Get(reference);
        var sr = pool.State.Get(pbd.Sr);
        foreach (var vdi in sr.Vdis)
        {
            VdiRows.RequireUnused(pool.State, vdi, "PBD.unplug");
        }

        await replication.SuspendAsync(pbd.Sr, cancellationToken);
        await pool.Database.WriteAsync(
            tx =>
            {
                tx.Update(reference, p => p with { CurrentlyAttached = false });
                foreach (var vdi in tx.Get(pbd.Sr).Vdis.Where(v => tx.Get(v).MetadataLatest))
                {
                    tx.Update(vdi, v => v with { MetadataLatest = false });
                }
            },
            cancellationToken);
        await pool.Attached.DetachAsync(sr.Uuid, cancellationToken);
    }

    /// <summary>Makes an SR that was attached read-only writable, once something on it has become ours.</summary>
    public async Task MakeWritableAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var sr = pool.State.Get(reference);
        if (pool.Attached.Find(sr.Uuid) is not { Access: SrAccess.ReadOnly })
        {
            return;
        }

        var pbd = sr.Pbds.Select(pool.State.Get).First(p => p.Host == pool.Host);
        await pool.Attached.DetachAsync(sr.Uuid, cancellationToken);
        await AttachAsync(pbd, sr, cancellationToken);
        await ScanAsync(reference, cancellationToken);
    }

    /// <summary>Attaches again, after a restart, what was attached before. An SR that can't be is reported and its PBD marked unplugged.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var (reference, pbd) in pool.State.All<PbdRecord>().Where(p => p.Record.Host == pool.Host && p.Record.CurrentlyAttached).ToList())
        {
            try
            {
                await PlugAsync(reference, cancellationToken);
            }
            catch (XenApiException e)
            {
                await pool.Database.WriteAsync(tx => tx.Update(reference, p => p with { CurrentlyAttached = false }), cancellationToken);
                await pool.PostAsync("PBD_PLUG_FAILED_ON_SERVER_START", 3, Cls.Sr, pool.State.Find(pbd.Sr)?.Uuid ?? "", e.Message);
            }
        }
    }

    /// <summary>Reads what disks are on the SR. A disk that has gone keeps its record, marked missing: an empty mount point must not make the pool forget its disks.</summary>
    public async Task ScanAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var attached = pool.Attached.Get(reference, pool.State.Get(reference));
        var found = await attached.ScanAsync(cancellationToken);
        var stat = await attached.StatAsync(cancellationToken);
        var volumes = await foreign.ReadAsync(attached, found, pool, cancellationToken);
        await pool.Database.WriteAsync(
            tx =>
            {
                ScanRows.Apply(tx, reference, found, volumes, pool.Pool);
                UpdateSizes(tx, reference, stat);
            },
            cancellationToken);
        await pool.Database.WriteAsync(ScanRows.MarkLatest(foreign, pool.Pool), cancellationToken);
    }

    /// <summary>
    /// Makes the records of some disks true to the storage as it is now, at a cost that does not grow with the SR: each is looked at by
    /// itself, and only one that the database does not know, or takes for missing, is worth a scan.
    /// </summary>
    public async Task VerifyAsync(Ref<SrRecord> reference, IEnumerable<string> locations, CancellationToken cancellationToken)
    {
        var attached = pool.Attached.Get(reference, pool.State.Get(reference));
        foreach (var location in locations)
        {
            var vdi = pool.State.FindByUuid<VdiRecord>(location);
            if (pool.State.Find(vdi) is not { Missing: false } record || record.Sr != reference)
            {
                await ScanAsync(reference, cancellationToken);
                return;
            }

            try
            {
                await attached.GetPathAsync(SrRows.Uuid(record), cancellationToken);
            }
            catch (XenApiException)
            {
                await pool.Database.WriteAsync(tx => tx.Update(vdi, v => v with { Missing = true }), cancellationToken);
            }
        }
    }

    /// <summary>Measures the SR again.</summary>
    public async Task StatAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var stat = await pool.Attached.Get(reference, pool.State.Get(reference)).StatAsync(cancellationToken);
        await pool.Database.WriteAsync(tx => UpdateSizes(tx, reference, stat), cancellationToken);
    }

    private static void UpdateSizes(Transaction tx, Ref<SrRecord> reference, SrState stat) => tx.Update(reference, s => s with
    {
        PhysicalSize = stat.PhysicalSizeBytes,
        PhysicalUtilisation = stat.PhysicalUtilisationBytes,
        VirtualAllocation = s.Vdis.Sum(v => tx.Get(v).VirtualSize),
    });

    private async Task AttachAsync(PbdRecord pbd, SrRecord sr, CancellationToken cancellationToken)
    {
        var driver = pool.Drivers.GetValueOrDefault(sr.Type) ?? throw new XenApiException("SR_UNKNOWN_DRIVER", sr.Type);
        var access = sr.IntroducedBy.IsNull ? SrAccess.ReadWrite : SrAccess.ReadOnly;
        pool.Attached.Add(await driver.AttachAsync(SrRows.Uuid(sr), pbd.DeviceConfig, access, cancellationToken));
    }
}
