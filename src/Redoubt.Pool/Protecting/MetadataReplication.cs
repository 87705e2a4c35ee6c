using System.Collections.Concurrent;
using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Keeps the pool's whole database on protected SRs. A protected SR holds one metadata VDI of ours; the journal on it is named after
/// that VDI. A copy that is not where a reader would find it any more is mended as soon as the storage allows: written anew if what lies
/// there is ours, and into a new VDI if it is gone or somebody else's, who keeps it.
/// </summary>
internal sealed class MetadataReplication : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(4);

    private readonly PoolServices _pool;
    private readonly JournalReports _reports;
    private readonly ConcurrentDictionary<string, Task> _mending = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Begins to tell people when a journal breaks, and to mend it.</summary>
    public MetadataReplication(PoolServices pool)
    {
        _pool = pool;
        _reports = new JournalReports(pool);
        pool.Database.JournalChanged += Take;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _pool.Database.JournalChanged -= Take;
        await _stopping.CancelAsync();
        await Task.WhenAll(_mending.Values);
        await _reports.DisposeAsync();
        _stopping.Dispose();
    }

    /// <summary>Checks that an SR can be protected.</summary>
    /// <exception cref="XenApiException"><c>SR_HAS_NO_PBDS</c>, <c>SR_OPERATION_NOT_SUPPORTED</c>.</exception>
    public void AssertSupported(Ref<SrRecord> reference)
    {
        var state = _pool.State;
        var sr = state.Get(reference);
        var pbds = sr.Pbds.Select(state.Get).ToList();
        // It is the coordinator that writes there.
        if (!pbds.Any(p => p.Host == _pool.Hosts.Local.Host && p.CurrentlyAttached))
        {
            throw new XenApiException("SR_HAS_NO_PBDS", reference.Opaque);
        }

        if (!_pool.Drivers.TryGetValue(sr.Type, out var driver) || !driver.Features.HoldsMetadata)
        {
            throw new XenApiException("SR_OPERATION_NOT_SUPPORTED", reference.Opaque);
        }

        if (TestMarks.IsOfTest(sr.OtherConfig))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", "The SR is a clone that a test failover made. It goes with the test and is not protected.");
        }

        SrRows.RequireOurs(sr);
    }

    /// <summary>Protects an SR. When this answers, the database lies on it and has been read back.</summary>
    /// <exception cref="XenApiException"><c>CANNOT_ENABLE_REDO_LOG</c>, or as <see cref="AssertSupported"/>.</exception>
    public async Task EnableAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        using var held = await _pool.Gates.EnterAsync(_pool.State.Get(reference).Uuid, cancellationToken);
        AssertSupported(reference);
        var existing = Own(reference);
        if (Journal(existing) is { Health: JournalHealth.Superseded })
        {
            // Whoever asks for it again means that this daemon is to have the volume.
            await DetachAsync(existing);
        }

        var vdi = existing.IsNull
            ? await CreateAsync(reference, cancellationToken)
            : await UsableAsync(reference, existing, cancellationToken);
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
            if (Journal(vdi) is { Health: JournalHealth.Superseded, Standing.Reason: { } other })
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    $"{other} Its volume is not this daemon's to destroy. Stop one of the two daemons; if this one is to go on, enable the "
                        + "replication again first.");
            }

            await DetachAsync(vdi);
            if (_pool.Hosts.Local.Attached.Find(_pool.State.Get(reference).Uuid) is { } sr
                && await ForeignAsync(sr, vdi, cancellationToken) is not null)
            {
                var uuid = _pool.State.Get(vdi).Uuid;
                await _pool.Database.WriteAsync(tx => Disown(tx, vdi), CancellationToken.None);
                _pool.Copies.Forget(uuid);
            }
            else
            {
                await RemoveAsync(reference, vdi);
            }
        }
    }

    /// <summary>
    /// Goes on protecting an SR that was protected, when it is attached again; the SR's gate must be held. What stands in the way is
    /// announced, not thrown, since the SR is usable all the same; if it is the storage, it is tried again until it works.
    /// </summary>
    public async Task ResumeAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var vdi = Own(reference);
        if (vdi.IsNull || _pool.Hosts.Local.Attached.Find(_pool.State.Get(reference).Uuid) is not { Access: SrAccess.ReadWrite })
        {
            return;
        }

        try
        {
            RequireSomeDisk(reference);
            vdi = await UsableAsync(reference, vdi, cancellationToken);
            await AttachAsync(reference, vdi, keepTrying: true, cancellationToken);
        }
        catch (XenApiException e)
        {
            await MarkAsync(vdi, latest: false);
            await _reports.TellBrokenAsync(reference, vdi, ErrorSentences.Of(e));
        }
    }

    /// <summary>
    /// Proves now that the copy on an SR is where a reader would find it, and mends it if it isn't and the storage allows. The SR's gate
    /// must be held. What stands in the way is announced, not thrown.
    /// </summary>
    public async Task VerifyAsync(Ref<SrRecord> reference, CancellationToken cancellationToken)
    {
        var vdi = Own(reference);
        if (Journal(vdi) is not { } journal)
        {
            await ResumeAsync(reference, cancellationToken);
            return;
        }

        if (journal.Health is JournalHealth.Healthy or JournalHealth.CatchingUp)
        {
            try
            {
                await journal.ProveAsync(cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JournalException or TimeoutException)
            {
                // The journal says so itself.
            }
        }

        if (journal.Standing is { IsDisplaced: true, Health: not JournalHealth.Healthy })
        {
            await TryMendAsync(reference, journal, cancellationToken);
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

        if (_pool.State.Find(vdi) is not { Uuid: var uuid })
        {
            // A new volume has taken its place this moment.
            return State(reference);
        }

        state = state.Add("vdi", uuid);
        if (Journal(vdi) is not { } journal)
        {
            return state.Add("health", "detached");
        }

        // The journal first: read the other way round, it could seem to be ahead.
        var standing = journal.Standing;
        var (reached, wanted) = (journal.Generation, _pool.Database.JournalledGeneration);
        state = state
            .Add("health", standing.Health switch
            {
                JournalHealth.Healthy => "healthy",
                JournalHealth.CatchingUp => "catching-up",
                JournalHealth.Broken => "broken",
                JournalHealth.Superseded => "superseded",
            })
            .Add("readable_by", journal.IsLarge ? "redoubt" : "redoubt,xapi")
            .Add("generation", $"{reached}")
            .Add("generations_behind", $"{Math.Max(0, wanted - reached)}");
        if (journal.HistoryProblem is { } problem)
        {
            state = state.Add("history_problem", problem);
        }

        return standing is { Reason: { } reason, Since: { } since }
            ? state.Add("reason", reason).Add(
                standing.Health == JournalHealth.Superseded ? "superseded_since" : "broken_since", XenTypes.DateTime.Encode(since))
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

    /// <summary>Our volume on an SR, whatever lies there by now: first the one that is written.</summary>
    private Ref<VdiRecord> Own(Ref<SrRecord> reference) => _pool.State.Get(reference).Vdis
        .Where(v => _pool.State.Find(v)?.MetadataOfPool == _pool.Pool).OrderBy(v => Journal(v) is null).FirstOrDefault();

    private LiveJournal? Journal(Ref<VdiRecord> vdi) =>
        _pool.State.Find(vdi) is { Uuid: var uuid } ? _pool.Database.Journals.FirstOrDefault(j => j.Key == uuid) : null;

    /// <summary>A journal stands otherwise than before. Under the journal's lock: only takes note.</summary>
    private void Take(LiveJournal journal, JournalStanding standing)
    {
        _reports.Take(journal, standing);
        if (standing is { Health: JournalHealth.Broken, IsDisplaced: true } && journal != _pool.Database.Own
            && !_stopping.IsCancellationRequested)
        {
            _ = _mending.AddOrUpdate(
                journal.Key, _ => Task.Run(() => MendAsync(journal)),
                (_, mending) => mending.IsCompleted ? Task.Run(() => MendAsync(journal)) : mending);
        }
    }

    /// <summary>Tries to mend a copy until it is mended or no longer ours to mend.</summary>
    private async Task MendAsync(LiveJournal journal)
    {
        try
        {
            var sr = _pool.State.Find(_pool.State.FindByUuid<VdiRecord>(journal.Key))?.Sr ?? default;
            for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                if (_pool.State.Find(sr) is not { Uuid: var uuid })
                {
                    return;
                }

                using (await _pool.Gates.EnterAsync(uuid, _stopping.Token))
                {
                    if (_pool.Hosts.Local.Attached.Find(uuid) is not { Access: SrAccess.ReadWrite } || Own(sr) is not { IsNull: false } vdi)
                    {
                        return;
                    }

                    if (Journal(vdi) is null)
                    {
                        await ResumeAsync(sr, _stopping.Token);
                    }
                    else if (Journal(vdi) != journal || !journal.Standing.IsDisplaced || await TryMendAsync(sr, journal, _stopping.Token))
                    {
                        return;
                    }
                }

                await Task.Delay(pause, _pool.Time, _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops; the next one looks at the volume when it attaches the SR.
        }
        catch (XenApiException) when (_stopping.IsCancellationRequested)
        {
            // The same, seen from a database that is closed.
        }
    }

    /// <summary>
    /// Puts a new journal in the place of one whose volume is displaced, on the same VDI or on a new one. The SR's gate must be held.
    /// </summary>
    private async Task<bool> TryMendAsync(Ref<SrRecord> reference, LiveJournal journal, CancellationToken cancellationToken)
    {
        if (_pool.Hosts.Local.Attached.Find(_pool.State.Get(reference).Uuid) is not { Access: SrAccess.ReadWrite })
        {
            return false;
        }

        try
        {
            var old = _pool.State.FindByUuid<VdiRecord>(journal.Key);
            var vdi = await UsableAsync(reference, old, cancellationToken);
            if (vdi == old && await OwnerAsync(reference, vdi, cancellationToken) is { } owner
                && (owner.Id == journal.Owner.Id || owner.Term > journal.Owner.Term))
            {
                // It is there, and only must not be written, or another daemon has taken it over: the journal itself finds out which.
                return false;
            }

            await _pool.Database.DetachAsync(journal.Key);
            await AttachAsync(reference, vdi, keepTrying: true, cancellationToken);
            // Whether it is healthy or broken again: the new journal says so from now on.
            return true;
        }
        catch (XenApiException e)
        {
            if (_pool.Database.Journals.Contains(journal))
            {
                return false;
            }

            await _reports.TellBrokenAsync(reference, Own(reference), ErrorSentences.Of(e));
            return false;
        }
    }

    /// <summary>
    /// An SR that has lost all its disks is more likely not mounted than emptied. A volume made there then would lie on some other disk of
    /// this host, under the storage as soon as that is mounted, and no replica would ever have it.
    /// </summary>
    private void RequireSomeDisk(Ref<SrRecord> reference)
    {
        var disks = _pool.State.Get(reference).Vdis.Select(_pool.State.Get).ToList();
        if (disks.Exists(d => d.Type != XenApi.VdiType.Metadata) && disks.TrueForAll(d => d.Missing))
        {
            throw new XenApiException(
                "CANNOT_ENABLE_REDO_LOG",
                $"None of the {disks.Count} disks of the SR is there. Mount its storage and scan it (sr-scan). If they are lost, protect "
                    + "the SR anew (sr-enable-database-replication).");
        }
    }

    /// <summary>
    /// A VDI that our journal may lie on: the one there was, if what lies there is ours or nothing; else a new one. What somebody else put
    /// in its place stays, and is no longer taken for ours.
    /// </summary>
    private async Task<Ref<VdiRecord>> UsableAsync(Ref<SrRecord> reference, Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        var sr = _pool.Hosts.Local.Attached.Get(reference, _pool.State.Get(reference));
        // Foreign first: what is in the VDI's place may be nothing that has a path.
        var isForeign = await ForeignAsync(sr, vdi, cancellationToken) is not null;
        var isGone = !isForeign && await IsGoneAsync(sr, vdi, cancellationToken);
        if (!isForeign && !isGone)
        {
            return vdi;
        }

        var uuid = _pool.State.Get(vdi).Uuid;
        var made = await CreateAsync(reference, cancellationToken, tx =>
        {
            if (isGone)
            {
                VdiRows.Delete(tx, vdi);
            }
            else
            {
                Disown(tx, vdi);
            }
        });
        _pool.Copies.Forget(uuid);
        return made;
    }

    /// <summary>Why what lies in a VDI that was ours is not ours to write to; null if it is, or if there is nothing.</summary>
    private async Task<string?> ForeignAsync(ISr sr, Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        try
        {
            return await LookAsync(sr, vdi, path => WhyUnusable(path, _pool.Pool), cancellationToken);
        }
        catch (XenApiException e) when (e.Code is "SR_BACKEND_FAILURE_65" or "SR_BACKEND_FAILURE_66")
        {
            // A link, a folder, an image of another kind.
            return e.Message;
        }
    }

    private static string? WhyUnusable(string path, Ref<PoolRecord> pool) => MetadataVolume.Read(path) switch
    {
        MetadataVolume.Readable volume when volume.PoolRef != pool =>
            $"it holds the metadata of the pool {volume.State.Get(volume.PoolRef).NameLabel}",
        // Ours, as far as it can still be read; but no journal goes on in what is cut, or has lost its head.
        MetadataVolume.Readable or MetadataVolume.Unreadable { IsEmpty: true } => WhyNoLog(path),
        MetadataVolume.Unreadable other => other.Reason,
        var other => throw new InvalidOperationException($"unknown volume {other}"),
    };

    private static string? WhyNoLog(string path)
    {
        try
        {
            using var volume = System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var head = new byte[JournalLayout.Magic.Length];
            // The length of a block device is not told here, and never changes.
            return RandomAccess.GetLength(volume) is > 0 and < JournalLayout.StorageVolumeBytes ? "it was cut"
                : RandomAccess.Read(volume, head, 0) < head.Length
                    || !JournalLayout.Magic.SequenceEqual(head) ? "it no longer begins as a redo log"
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task<VolumeOwner?> OwnerAsync(Ref<SrRecord> reference, Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        var sr = _pool.Hosts.Local.Attached.Get(reference, _pool.State.Get(reference));
        var volume = await LookAsync(sr, vdi, path => MetadataVolume.Read(path), cancellationToken);
        return (volume as MetadataVolume.Readable)?.Owner;
    }

    /// <summary>Looks into a VDI; null if it is gone.</summary>
    private async Task<T?> LookAsync<T>(ISr sr, Ref<VdiRecord> vdi, Func<string, T?> look, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await sr.LookIntoAsync(SrRows.Uuid(_pool.State.Get(vdi)), look, cancellationToken);
        }
        catch (XenApiException e) when (e.Code == "SR_BACKEND_FAILURE_46")
        {
            return null;
        }
    }

    private async Task<bool> IsGoneAsync(ISr sr, Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        try
        {
            await sr.StatVdiAsync(SrRows.Uuid(_pool.State.Get(vdi)), cancellationToken);
            return false;
        }
        catch (XenApiException e) when (e.Code == "SR_BACKEND_FAILURE_46")
        {
            return true;
        }
    }

    private static void Disown(Transaction tx, Ref<VdiRecord> vdi) => tx.Update(
        vdi,
        v => v with
        {
            MetadataOfPool = default,
            MetadataLatest = false,
            NameDescription = "Was this pool's metadata; something else was put in its place",
        });

    /// <summary>Makes a metadata VDI, and in the same step whatever goes with it.</summary>
    private async Task<Ref<VdiRecord>> CreateAsync(
        Ref<SrRecord> reference, CancellationToken cancellationToken, Action<Transaction>? also = null)
    {
        var sr = _pool.Hosts.Local.Attached.Get(reference, _pool.State.Get(reference));
        var made = await sr.CreateVdiAsync(
            new VdiConfig
            {
                Uuid = new VdiUuid(Guid.NewGuid()),
                VirtualSizeBytes = JournalLayout.StorageVolumeBytes,
                Type = Storage.VdiType.Metadata,
            },
            cancellationToken);
        return await _pool.Database.WriteAsync(
            tx =>
            {
                also?.Invoke(tx);
                return VdiRows.Create(tx, new VdiRecord
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
                });
            },
            CancellationToken.None);
    }

    private async Task AttachAsync(Ref<SrRecord> reference, Ref<VdiRecord> vdi, bool keepTrying, CancellationToken cancellationToken)
    {
        var record = _pool.State.Get(vdi);
        if (_pool.Database.Journals.Any(j => j.Key == record.Uuid))
        {
            return;
        }

        var attached = _pool.Hosts.Local.Attached.Get(reference, _pool.State.Get(reference));
        var device = await attached.OpenDeviceAsync(SrRows.Uuid(record), SrAccess.ReadWrite, cancellationToken);
        LiveJournal? journal = null;
        try
        {
            // A volume on which only the half that does not count is usable must not lose that one to our first write.
            var path = device.Path;
            var before = await attached.LookAsync(() => MetadataVolume.Read(path), cancellationToken) as MetadataVolume.Readable;
            RequireOurs(before, path);
            RequireNotAhead(before, path);
            journal = new LiveJournal(
                record.Uuid, path, before?.Half, _pool.Time, Signer(reference, record), VolumeOwner.Create(_pool.DataDirectory, _pool.Time),
                held: device);
            var reached = _pool.State.Generation;
            if (await _pool.Database.AttachAsync(journal, keepTrying, cancellationToken))
            {
                await MarkAsync(vdi, latest: true);
                await ReadBackAsync(attached, path, reached, _pool.Pool, cancellationToken);
            }

            var sr = _pool.State.Get(reference);
            _pool.Copies.Remember(record.Uuid, new(path, sr.Uuid, sr.NameLabel, _pool.State.Get(_pool.Pool).Uuid, MountedOn(sr)));
        }
        catch (Exception e)
        {
            await _pool.Database.DetachAsync(record.Uuid);
            if (journal is null)
            {
                await device.DisposeAsync();
            }

            await MarkAsync(vdi, latest: false);
            if (e is IOException or UnauthorizedAccessException or JournalException or TimeoutException)
            {
                throw new XenApiException(e, "CANNOT_ENABLE_REDO_LOG", e.Message);
            }

            throw;
        }
    }

    // Whoever looks for the copy when the database is gone has no daemon that would mount it.
    private string? MountedOn(SrRecord sr) =>
        sr.Pbds.Select(_pool.State.Get).FirstOrDefault(p => p.Host == _pool.Hosts.Local.Host) is { } pbd
        && !pbd.DeviceConfig.ContainsKey("location")
            ? StorageLocation.Describe(sr.Type, pbd.DeviceConfig)
            : null;

    private VolumeSigner Signer(Ref<SrRecord> sr, VdiRecord vdi) =>
        new(_pool.MetadataKey, SrRows.Uuid(vdi).Value, SrRows.Uuid(_pool.State.Get(sr)).Value);

    private void RequireOurs(MetadataVolume.Readable? before, string path)
    {
        if (before is not null && before.PoolRef != _pool.Pool)
        {
            throw new IOException(
                $"{path} holds the metadata of another pool, {before.State.Get(before.PoolRef).NameLabel} ({before.PoolUuid}). "
                    + "Nothing was written there.");
        }
    }

    /// <summary>
    /// After damage to the pool's own journal, a copy on an SR may hold changes that were acknowledged and are lost here. It must not be
    /// written over. (A copy may also be ahead by what was never acknowledged, when the power went: that is no reason to stop.)
    /// </summary>
    private void RequireNotAhead(MetadataVolume.Readable? before, string path)
    {
        if (_pool.StartedFromDamage && before is not null && before.PoolRef == _pool.Pool
            && before.State.Generation > _pool.State.Generation)
        {
            throw new IOException(
                $"{path} holds generation {before.State.Generation} of this pool's database, but the pool started from generation "
                + $"{_pool.State.Generation}, because the end of its own journal was damaged. Nothing was written there. "
                + "Copy the volume away, or restore the pool from it, then enable the replication again.");
        }
    }

    private static async Task ReadBackAsync(ISr sr, string path, long reached, Ref<PoolRecord> pool, CancellationToken cancellationToken)
    {
        // The pool goes on writing while this reads, so a reader may meet a record that is being appended; then it looks again.
        for (var attempts = 5; ; attempts--)
        {
            switch (await sr.LookAsync(() => MetadataVolume.Read(path), cancellationToken))
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
        if (_pool.Hosts.Local.Attached.Find(_pool.State.Get(reference).Uuid) is { } sr)
        {
            await sr.DestroyVdiAsync(SrRows.Uuid(record), CancellationToken.None);
        }

        await _pool.Database.WriteAsync(tx => VdiRows.Delete(tx, vdi), CancellationToken.None);
        _pool.Copies.Forget(record.Uuid);
    }
}
