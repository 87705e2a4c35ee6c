using System.Collections.Concurrent;
using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Keeps the pool's whole database on protected SRs. A protected SR holds one metadata VDI of ours; the journal on it is named after
/// that VDI.
/// </summary>
internal sealed class MetadataReplication
{
    private readonly PoolServices _pool;
    private readonly ConcurrentDictionary<string, bool> _announcedBroken = new();

    /// <summary>Begins to tell people when a journal breaks.</summary>
    public MetadataReplication(PoolServices pool)
    {
        _pool = pool;
        pool.Database.JournalHealthChanged += (journal, reason) => _ = ReportAsync(journal, reason);
    }

    /// <summary>Checks that an SR can be protected.</summary>
    /// <exception cref="XenApiException"><c>SR_HAS_NO_PBDS</c>, <c>SR_OPERATION_NOT_SUPPORTED</c>.</exception>
    public void AssertSupported(Ref<SrRecord> reference)
    {
        var state = _pool.State;
        var sr = state.Get(reference);
        var pbds = sr.Pbds.Select(state.Get).ToList();
        if (state.All<HostRecord>().Any(h => !pbds.Any(p => p.Host == h.Ref && p.CurrentlyAttached)))
        {
            throw new XenApiException("SR_HAS_NO_PBDS", reference.Opaque);
        }

        if (!_pool.Drivers.TryGetValue(sr.Type, out var driver) || !driver.Capabilities.Contains("SR_METADATA"))
        {
            throw new XenApiException("SR_OPERATION_NOT_SUPPORTED", reference.Opaque);
        }

        if (TestMarks.IsOfTest(sr.OtherConfig))
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "The SR is a clone that a test failover made. It goes with the test and is not protected.");
        }

        if (!sr.IntroducedBy.IsNull)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", "The SR is attached read-only for disaster recovery. Recover a VM from it first; then it belongs to this pool.");
        }
    }

    /// <summary>Protects an SR. When this answers, the database lies on it and has been read back.</summary>
    /// <exception cref="XenApiException"><c>CANNOT_ENABLE_REDO_LOG</c>, or as <see cref="AssertSupported"/>.</exception>
    public async Task EnableAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        using var held = await _pool.Gates.EnterAsync(_pool.State.Get(reference).Uuid, cancellationToken);
        AssertSupported(reference);
        var existing = Own(reference);
        var vdi = existing.IsNull ? await CreateAsync(reference, cancellationToken) : existing;
        try
        {
            await AttachAsync(reference, vdi, keepTrying: false, cancellationToken);
        }
        catch when (existing.IsNull)
        {
            await RemoveAsync(reference, vdi);
            throw;
        }
    }

    /// <summary>Stops protecting an SR and destroys our metadata VDI there. Other pools' volumes stay.</summary>
    public async Task DisableAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        using var held = await _pool.Gates.EnterAsync(_pool.State.Get(reference).Uuid, cancellationToken);
        while (Own(reference) is { IsNull: false } vdi)
        {
            await DetachAsync(vdi);
            await RemoveAsync(reference, vdi);
        }
    }

    /// <summary>
    /// Goes on protecting an SR that was protected, when it is attached again; the SR's gate must be held. What stands in the way is
    /// announced, not thrown, since the SR is usable all the same; if it is the storage, it is tried again until it works.
    /// </summary>
    public async Task ResumeAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var vdi = Own(reference);
        if (vdi.IsNull || _pool.Attached.Find(_pool.State.Get(reference).Uuid) is not { Access: SrAccess.ReadWrite })
        {
            return;
        }

        try
        {
            await AttachAsync(reference, vdi, keepTrying: true, cancellationToken);
        }
        catch (XenApiException e)
        {
            await MarkAsync(vdi, latest: false);
            await _pool.PostAsync("METADATA_LUN_BROKEN", 3, Cls.Sr, _pool.State.Get(reference).Uuid, e.Message);
        }
    }

    /// <summary>How the copy of the database on an SR stands: its health, how far it is behind, and why.</summary>
    public ImmutableSortedDictionary<string, string> State(Ref<SrRecord> reference)
    {
        var vdi = Own(reference);
        var state = ImmutableSortedDictionary<string, string>.Empty.Add("enabled", vdi.IsNull ? "false" : "true");
        if (vdi.IsNull)
        {
            return state;
        }

        var uuid = _pool.State.Get(vdi).Uuid;
        state = state.Add("vdi", uuid);
        if (_pool.Database.Journals.FirstOrDefault(j => j.Key == uuid) is not { } journal)
        {
            return state.Add("health", "detached");
        }

        // The journal first: read the other way round, it could seem to be ahead.
        var (reached, wanted) = (journal.Generation, _pool.Database.JournalledGeneration);
        state = state
            .Add("health", journal.Health switch
            {
                JournalHealth.Healthy => "healthy",
                JournalHealth.CatchingUp => "catching-up",
                JournalHealth.Broken => "broken",
            })
            .Add("readable_by", journal.IsLarge ? "redoubt" : "redoubt,xapi")
            .Add("generation", $"{reached}")
            .Add("generations_behind", $"{Math.Max(0, wanted - reached)}");
        if (journal.HistoryProblem is { } problem)
        {
            state = state.Add("history_problem", problem);
        }

        return journal.Trouble is { } trouble
            ? state.Add("reason", trouble.Reason).Add("broken_since", XenTypes.DateTime.Encode(trouble.Since))
            : state;
    }

    /// <summary>Stops writing to an SR that is about to be let go; what is on it stays. The SR's gate must be held.</summary>
    public async Task SuspendAsync(Ref<SrRecord> reference)
    {
        if (Own(reference) is { IsNull: false } vdi)
        {
            await DetachAsync(vdi);
        }
    }

    private async Task DetachAsync(Ref<VdiRecord> vdi)
    {
        await _pool.Database.DetachAsync(_pool.State.Get(vdi).Uuid);
        await MarkAsync(vdi, latest: false);
    }

    private Task MarkAsync(Ref<VdiRecord> vdi, bool latest) => _pool.Database.WriteAsync(
        tx =>
        {
            if (tx.Find(vdi) is not null)
            {
                tx.Update(vdi, v => v with { MetadataLatest = latest });
            }
        },
        CancellationToken.None);

    private Ref<VdiRecord> Own(Ref<SrRecord> reference) => _pool.State.Get(reference).Vdis.FirstOrDefault(v =>
        _pool.State.Find(v) is { Type: XenApi.VdiType.Metadata } vdi && vdi.MetadataOfPool == _pool.Pool);

    private async Task<Ref<VdiRecord>> CreateAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var sr = _pool.Attached.Get(reference, _pool.State.Get(reference));
        var made = await sr.CreateVdiAsync(
            new VdiConfig
            {
                Uuid = new VdiUuid(Guid.NewGuid()),
                VirtualSizeBytes = JournalLayout.StorageVolumeBytes,
                Type = Storage.VdiType.Metadata,
            },
            cancellationToken);
        return await _pool.Database.WriteAsync(
            tx => tx.Create(new VdiRecord
            {
                Uuid = made.Uuid.ToString(),
                Location = made.Uuid.ToString(),
                NameLabel = "Metadata for DR",
                NameDescription = "Used for disaster recovery",
                Sr = reference,
                Type = XenApi.VdiType.Metadata,
                VirtualSize = made.VirtualSizeBytes,
                PhysicalUtilisation = made.PhysicalUtilisationBytes,
                Managed = true,
                MetadataOfPool = _pool.Pool,
                SmConfig = VdiRecordDefaults.RawSmConfig,
            }),
            CancellationToken.None);
    }

    private async Task AttachAsync(Ref<SrRecord> reference, Ref<VdiRecord> vdi, bool keepTrying, CancellationToken cancellationToken)
    {
        var record = _pool.State.Get(vdi);
        if (_pool.Database.Journals.Any(j => j.Key == record.Uuid))
        {
            return;
        }

        var path = (await _pool.Attached.Get(reference, _pool.State.Get(reference)).GetPathAsync(SrRows.Uuid(record), cancellationToken)).Path;
        try
        {
            // A volume on which only the half that does not count is usable must not lose that one to our first write.
            var before = await Task.Run(() => MetadataVolume.Read(path), cancellationToken) as MetadataVolume.Readable;
            RequireNotAhead(before, path);
            var journal = new LiveJournal(record.Uuid, path, before?.Half, _pool.Time, Signer(reference, record));
            var reached = _pool.State.Generation;
            if (await _pool.Database.AttachAsync(journal, keepTrying, cancellationToken))
            {
                await MarkAsync(vdi, latest: true);
                await ReadBackAsync(path, reached, _pool.Pool, cancellationToken);
            }

            var sr = _pool.State.Get(reference);
            _pool.Copies.Remember(record.Uuid, new(path, sr.Uuid, sr.NameLabel, _pool.State.Get(_pool.Pool).Uuid));
        }
        catch (Exception e)
        {
            await _pool.Database.DetachAsync(record.Uuid);
            await MarkAsync(vdi, latest: false);
            if (e is IOException or UnauthorizedAccessException or JournalException or TimeoutException)
            {
                throw new XenApiException(e, "CANNOT_ENABLE_REDO_LOG", e.Message);
            }

            throw;
        }
    }

    private VolumeSigner Signer(Ref<SrRecord> sr, VdiRecord vdi) =>
        new(_pool.MetadataKey, SrRows.Uuid(vdi).Value, SrRows.Uuid(_pool.State.Get(sr)).Value);

    /// <summary>
    /// After damage to the pool's own journal, a copy on an SR may hold changes that were acknowledged and are lost here. It must not be
    /// written over. (A copy may also be ahead by what was never acknowledged, when the power went: that is no reason to stop.)
    /// </summary>
    private void RequireNotAhead(MetadataVolume.Readable? before, string path)
    {
        if (_pool.StartedFromDamage && before is not null && before.PoolRef == _pool.Pool && before.State.Generation > _pool.State.Generation)
        {
            throw new IOException(
                $"{path} holds generation {before.State.Generation} of this pool's database, but the pool started from generation "
                + $"{_pool.State.Generation}, because the end of its own journal was damaged. Nothing was written there. "
                + "Copy the volume away, or restore the pool from it, then enable the replication again.");
        }
    }

    private static async Task ReadBackAsync(string path, long reached, Ref<PoolRecord> pool, CancellationToken cancellationToken)
    {
        // The pool goes on writing while this reads, so a reader may meet a record that is being appended; then it looks again.
        for (var attempts = 5; ; attempts--)
        {
            switch (await Task.Run(() => MetadataVolume.Read(path), cancellationToken))
            {
                case MetadataVolume.Readable volume when volume.PoolRef != pool:
                    throw new IOException($"{path} reads back as another pool's database; is the storage writable by two pools?");
                case MetadataVolume.Readable { Damage: null } volume when volume.State.Generation >= reached:
                    return;
                case MetadataVolume.Readable { Damage: { } damage } when attempts == 1:
                    throw new IOException($"what was written to {path} does not read back whole: {damage}");
                case MetadataVolume.Readable volume when attempts == 1:
                    throw new IOException($"{path} reads back at generation {volume.State.Generation}, but {reached} was written");
                case MetadataVolume.Unreadable { Reason: var reason } when attempts == 1:
                    throw new IOException($"what was written to {path} does not read back: {reason}");
            }
        }
    }

    private async Task RemoveAsync(Ref<SrRecord> reference, Ref<VdiRecord> vdi)
    {
        var record = _pool.State.Get(vdi);
        if (_pool.Attached.Find(_pool.State.Get(reference).Uuid) is { } sr)
        {
            await sr.DestroyVdiAsync(SrRows.Uuid(record), CancellationToken.None);
        }

        await _pool.Database.WriteAsync(tx => tx.Delete(vdi), CancellationToken.None);
        _pool.Copies.Forget(record.Uuid);
    }

    private async Task ReportAsync(LiveJournal journal, string? reason)
    {
        await _pool.Database.WriteAsync(
            tx =>
            {
                var vdi = tx.State.FindByUuid<VdiRecord>(journal.Key);
                if (tx.Find(vdi) is not null)
                {
                    tx.Update(vdi, v => v with { MetadataLatest = reason is null });
                }
            },
            CancellationToken.None);
        var pool = _pool.State.Get(_pool.Pool);
        var body = $"Redo log [DR redo log for VDI {journal.Key}]";
        if (reason is not null)
        {
            _announcedBroken[journal.Key] = true;
            await _pool.PostAsync("METADATA_LUN_BROKEN", 3, Cls.Pool, pool.Uuid, $"{body}: {reason}");
        }
        else if (_announcedBroken.TryRemove(journal.Key, out _))
        {
            await _pool.PostAsync("METADATA_LUN_HEALTHY", 4, Cls.Pool, pool.Uuid, body);
        }
    }
}
