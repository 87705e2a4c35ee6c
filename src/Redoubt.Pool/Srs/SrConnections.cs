using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Attaches SRs to hosts and lets them go, and keeps the database true to what is on them. An SR introduced for recovery is attached
/// read-only until a VM has been recovered from it.
/// </summary>
internal sealed class SrConnections(
    PoolServices pool, ForeignDatabases foreign, MetadataTrust trust, MetadataReplication replication, RecoveredElsewhere elsewhere)
{
    /// <summary>
    /// Attaches the PBD's SR, lists its disks, reads foreign metadata and resumes our own replication there. Repeating does nothing.
    /// </summary>
    /// <exception cref="XenApiException">The storage can't be attached; nothing has changed.</exception>
    public async Task PlugAsync(Ref<PbdRecord> reference, CancellationToken cancellationToken)
    {
        await PlugQuietlyAsync(reference, cancellationToken);
        await elsewhere.AnnounceAsync();
    }

    private async Task PlugQuietlyAsync(Ref<PbdRecord> reference, CancellationToken cancellationToken)
    {
        var pbd = pool.State.Get(reference);
        var at = pool.Hosts.Get(pbd.Host);
        var sr = pool.State.Get(pbd.Sr);
        using var held = await pool.Gates.EnterAsync(sr.Uuid, cancellationToken);
        if (at.Attached.Find(sr.Uuid) is not null)
        {
            await pool.Database.WriteAsync(tx => tx.Update(reference, p => p with { CurrentlyAttached = true }), cancellationToken);
            return;
        }

        at.Attached.Add(await AttachAsync(at, pbd, sr, Access(sr), cancellationToken));
        try
        {
            if (!at.IsMember || pool.Hosts.Local.Attached.Find(sr.Uuid) is null)
            {
                await ScanHeldAsync(pbd.Sr, cancellationToken);
            }

            await pool.Database.WriteAsync(tx => tx.Update(reference, p => p with { CurrentlyAttached = true }), cancellationToken);
        }
        catch
        {
            await at.Attached.DetachAsync(sr.Uuid, CancellationToken.None);
            throw;
        }

        await at.Disks.TakeUpAsync(pool, at, pbd.Sr, CancellationToken.None);

        if (!at.IsMember)
        {
            // Plugged it is; that it is protected again must not depend on a client that waits.
            await replication.ResumeAsync(pbd.Sr, CancellationToken.None);
        }
    }

    /// <summary>
    /// Attaches the storage of a member that has come, or come back: what was attached there before, and what the pool shares.
    /// </summary>
    /// <exception cref="XenApiException"><c>HOST_OFFLINE</c>: it has gone again.</exception>
    public async Task TakeUpAsync(HostLink member, CancellationToken cancellationToken)
    {
        member.Attached.Clear();
        var state = pool.State;
        await Task.WhenAll(
            state.All<PbdRecord>().Where(p => p.Record.Host == member.Host && (p.Record.CurrentlyAttached || IsForAll(state, p.Record.Sr)))
                .Select(p => PlugMemberAsync(member, p.Ref, cancellationToken)));
    }

    /// <summary>Attaches a shared SR to the members, each of which that can't has its PBD stay unplugged and is told of.</summary>
    public async Task PlugMembersAsync(Ref<SrRecord> reference)
    {
        var state = pool.State;
        if (state.Find(reference) is null || !IsForAll(state, reference))
        {
            return;
        }

        foreach (var pbd in state.Get(reference).Pbds)
        {
            if (pool.Hosts.Find(state.Get(pbd).Host) is { IsMember: true, Current: not null } member)
            {
                try
                {
                    await PlugMemberAsync(member, pbd, CancellationToken.None);
                }
                catch (XenApiException)
                {
                    // It has gone, and is given its storage when it is back.
                }
            }
        }
    }

    private async Task PlugMemberAsync(HostLink member, Ref<PbdRecord> reference, CancellationToken cancellationToken)
    {
        try
        {
            await PlugQuietlyAsync(reference, cancellationToken);
        }
        catch (XenApiException refused)
        {
            if (member.Current is null)
            {
                throw;
            }

            await pool.Database.WriteAsync(tx => tx.Update(reference, p => p with { CurrentlyAttached = false }), cancellationToken);
            await pool.PostAsync(new Announcement.PbdNotPlugged(
                pool.State.Find(pool.State.Get(reference).Sr)?.Uuid ?? "",
                $"On the host {pool.State.Get(member.Host).NameLabel}: {ErrorSentences.Of(refused)}"));
        }
    }

    private bool IsForAll(DatabaseState state, Ref<SrRecord> sr) => state.Find(sr) is { Shared: true, IntroducedBy.IsNull: true } shared
        && pool.Hosts.Local.Attached.Find(shared.Uuid) is not null;

    /// <summary>Lets the PBD's SR go.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>: a running VM or another call uses a disk on it.</exception>
    public async Task UnplugAsync(Ref<PbdRecord> reference, CancellationToken cancellationToken)
    {
        var sr = pool.State.Get(pool.State.Get(reference).Sr);
        using var held = await pool.Gates.EnterAsync(sr.Uuid, cancellationToken);
        await UnplugHeldAsync(reference);
    }

    /// <summary>Lets go of an SR that a DR task attached, and forgets it, unless something on it has become ours meanwhile.</summary>
    public async Task ReleaseAsync(Ref<SrRecord> reference, Ref<DrTaskRecord> task)
    {
        if (pool.State.Find(reference) is not { } sr)
        {
            return;
        }

        using var held = await pool.Gates.EnterAsync(sr.Uuid, CancellationToken.None);
        if (pool.State.Find(reference)?.IntroducedBy != task)
        {
            return;
        }

        foreach (var pbd in pool.State.Get(reference).Pbds.Where(p => pool.State.Get(p).CurrentlyAttached))
        {
            await UnplugHeldAsync(pbd);
        }

        await pool.Database.WriteAsync(
            tx =>
            {
                if (tx.Find(reference)?.IntroducedBy == task)
                {
                    SrRows.Delete(tx, reference);
                }
            },
            CancellationToken.None);
    }

    /// <summary>
    /// Makes an SR that was attached read-only writable, once something on it has become ours. If it can't be, it stays attached as it was
    /// and people are told: the VMs are recovered all the same.
    /// </summary>
    public async Task MakeWritableAsync(Ref<SrRecord> reference)
    {
        var sr = pool.State.Get(reference);
        using var held = await pool.Gates.EnterAsync(sr.Uuid, CancellationToken.None);
        if (pool.Hosts.Local.Attached.Find(sr.Uuid) is not { Access: SrAccess.ReadOnly })
        {
            return;
        }

        try
        {
            var pbd = sr.Pbds.Select(pool.State.Get).First(p => p.Host == pool.Hosts.Local.Host);
            await pool.Hosts.Local.Attached.SwapAsync(
                await AttachAsync(pool.Hosts.Local, pbd, sr, SrAccess.ReadWrite, CancellationToken.None));
        }
        catch (XenApiException e)
        {
            await pool.PostAsync(new Announcement.SrStaysReadOnly(sr.Uuid, ErrorSentences.Of(e)));
        }
    }

    /// <summary>
    /// Attaches again, after a restart, what was attached before. An SR that can't be is reported and its PBD marked unplugged. Which VMs
    /// were recovered elsewhere is announced by whoever has then found out which of them run.
    /// </summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        // All at once: one that hangs holds the daemon up for its limit, not each of them for theirs. Clones come after what they build on.
        var attached = pool.State.All<PbdRecord>()
            .Where(p => p.Record.Host == pool.Hosts.Local.Host && p.Record.CurrentlyAttached)
            .ToLookup(p => pool.State.Find(p.Record.Sr) is { } sr && TestMarks.IsOfTest(sr.OtherConfig));
        foreach (var areClones in new[] { false, true })
        {
            await Task.WhenAll(attached[areClones].Select(p => RestoreAsync(p.Ref, p.Record.Sr, cancellationToken)));
        }
    }

    private async Task RestoreAsync(Ref<PbdRecord> reference, Ref<SrRecord> sr, CancellationToken cancellationToken)
    {
        try
        {
            await PlugQuietlyAsync(reference, cancellationToken);
        }
        catch (XenApiException e)
        {
            await pool.Database.WriteAsync(tx => tx.Update(reference, p => p with { CurrentlyAttached = false }), cancellationToken);
            await pool.PostAsync(new Announcement.PbdNotPlugged(pool.State.Find(sr)?.Uuid ?? "", ErrorSentences.Of(e)));
        }
    }

    /// <summary>
    /// Reads what disks are on the SR. A disk that has gone keeps its record, marked missing: an empty mount point must not make the pool
    /// forget its disks.
    /// </summary>
    public async Task ScanAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        using (await pool.Gates.EnterAsync(pool.State.Get(reference).Uuid, cancellationToken))
        {
            await ScanHeldAsync(reference, cancellationToken);
            await replication.VerifyAsync(reference, cancellationToken);
        }

        await elsewhere.AnnounceAsync();
    }

    private async Task ScanHeldAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var attached = pool.Hosts.Attached(reference, pool.State.Get(reference));
        var found = await attached.ScanAsync(cancellationToken);
        var stat = await attached.StatAsync(cancellationToken);
        var volumes = await foreign.ReadAsync(attached, found, pool, cancellationToken);
        var (judged, met) = trust.Judge(foreign.Claims);
        var standings = judged.AddRange(found.Where(f => f.Type == Storage.VdiType.Metadata).Select(f => f.Uuid.ToString())
            .Where(f => !judged.ContainsKey(f) && trust.IsListed(f))
            .Select(f => KeyValuePair.Create<string, VolumeStanding>(f, new VolumeStanding.Disk())));
        await pool.Database.WriteAsync(
            tx =>
            {
                ScanRows.Apply(tx, reference, found, volumes, standings, pool.Pool);

                // A replica is measured once. Nothing of ours grows there, and to look at it again must change only what has changed there.
                if (attached.Access == SrAccess.ReadWrite || tx.Get(reference).PhysicalSize != stat.PhysicalSizeBytes)
                {
                    UpdateSizes(tx, reference, stat);
                    VdiRows.AddUp(tx, reference);
                }
            },
            cancellationToken);
        await trust.RememberAsync(met);
        await pool.Database.WriteAsync(ScanRows.MarkLatest(foreign, standings, pool.Pool), cancellationToken);
    }

    /// <summary>
    /// Makes the records of some disks true to the storage as it is now, at a cost that does not grow with the SR: each is looked at by
    /// itself, and only one that the database does not know, or takes for missing, is worth a scan.
    /// </summary>
    public async Task VerifyAsync(Ref<SrRecord> reference, IEnumerable<string> locations, CancellationToken cancellationToken)
    {
        using var held = await pool.Gates.EnterAsync(pool.State.Get(reference).Uuid, cancellationToken);
        var attached = pool.Hosts.Attached(reference, pool.State.Get(reference));
        foreach (var location in locations)
        {
            var vdi = pool.State.FindByUuid<VdiRecord>(location);
            if (pool.State.Find(vdi) is not { Missing: false } record || record.Sr != reference)
            {
                await ScanHeldAsync(reference, cancellationToken);
                return;
            }

            try
            {
                await attached.StatVdiAsync(SrRows.Uuid(record), cancellationToken);
            }
            catch (XenApiException e) when (e.Code is "SR_BACKEND_FAILURE_46" or "SR_BACKEND_FAILURE_65")
            {
                // Gone, or no disk any more. That the storage did not answer is no such thing, and stops the recovery instead.
                await pool.Database.WriteAsync(tx => tx.Update(vdi, v => v with { Missing = true }), cancellationToken);
            }
        }
    }

    /// <summary>Measures the SR again, without looking at its disks: what they come to is kept with each that comes and goes.</summary>
    public async Task StatAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var stat = await pool.Hosts.Attached(reference, pool.State.Get(reference)).StatAsync(cancellationToken);
        await pool.Database.WriteAsync(tx => UpdateSizes(tx, reference, stat), cancellationToken);
    }

    private static void UpdateSizes(Transaction tx, Ref<SrRecord> reference, SrState stat) => tx.Update(reference, s => s with
    {
        PhysicalSize = stat.PhysicalSizeBytes,
        PhysicalUtilisation = stat.PhysicalUtilisationBytes,
    });

    private static SrAccess Access(SrRecord sr) => sr.IntroducedBy.IsNull ? SrAccess.ReadWrite : SrAccess.ReadOnly;

    private async Task UnplugHeldAsync(Ref<PbdRecord> reference)
    {
        var pbd = pool.State.Get(reference);
        var at = pool.Hosts.Get(pbd.Host);
        var sr = pool.State.Get(pbd.Sr);
        if (at.IsMember)
        {
            await UnplugMemberAsync(at, reference);
            return;
        }

        RequireIdle(pool.State, pbd.Sr);
        TestClones.RequireNone(pool.State, sr);
        await replication.SuspendAsync(pbd.Sr);
        try
        {
            await pool.Database.WriteAsync(
                tx =>
                {
                    // Once more: a VM may have been started while the journal was being let go.
                    RequireIdle(tx.State, pbd.Sr);
                    tx.Update(reference, p => p with { CurrentlyAttached = false });
                    foreach (var vdi in tx.Get(pbd.Sr).Vdis.Where(v => tx.Get(v).MetadataLatest))
                    {
                        tx.Update(vdi, v => v with { MetadataLatest = false });
                    }
                },
                CancellationToken.None);
        }
        catch
        {
            await replication.ResumeAsync(pbd.Sr, CancellationToken.None);
            throw;
        }

        await at.Attached.DetachAsync(sr.Uuid, CancellationToken.None);
        foreach (var vdi in sr.Vdis.Select(pool.State.Find).OfType<VdiRecord>())
        {
            foreign.Forget(vdi.Uuid);
        }

        await pool.Database.WriteAsync(ScanRows.MarkLatest(foreign, trust.Standings(), pool.Pool), CancellationToken.None);
    }

    private async Task UnplugMemberAsync(HostLink at, Ref<PbdRecord> reference)
    {
        var sr = pool.State.Get(reference).Sr;
        if (pool.Hosts.Local.Attached.Find(pool.State.Get(sr).Uuid) is null)
        {
            // It may be its own alone, and then whatever uses a disk of it does so there.
            RequireIdle(pool.State, sr);
        }

        await pool.Database.WriteAsync(
            tx =>
            {
                foreach (var vbd in tx.Get(sr).Vdis.SelectMany(v => tx.Get(v).Vbds).Select(tx.Get).Where(b => b.CurrentlyAttached))
                {
                    if (tx.Find(vbd.Vm) is { } vm && Hosts.PlaceOf(vm) == at.Host)
                    {
                        throw new XenApiException("VDI_IN_USE", vbd.Vdi.Opaque, "PBD.unplug");
                    }
                }

                tx.Update(reference, p => p with { CurrentlyAttached = false });
            },
            CancellationToken.None);
        await at.Attached.DetachAsync(pool.State.Get(sr).Uuid, CancellationToken.None);
    }

    private static void RequireIdle(DatabaseState state, Ref<SrRecord> sr)
    {
        foreach (var vdi in state.Get(sr).Vdis)
        {
            VdiRows.RequireUnused(state, vdi, "PBD.unplug");
            if (!state.Get(vdi).CurrentOperations.IsEmpty)
            {
                throw new XenApiException("VDI_IN_USE", vdi.Opaque, "PBD.unplug");
            }
        }
    }

    private Task<ISr> AttachAsync(
        HostLink at, PbdRecord pbd, SrRecord sr, SrAccess access, CancellationToken cancellationToken)
    {
        SrRows.Driver(pool, sr.Type);
        return at.Acts.AttachSrAsync(
            sr.Type, SrRows.Uuid(sr), DeviceSecrets.Open(pool.State, pbd.DeviceConfig), access, cancellationToken);
    }
}
