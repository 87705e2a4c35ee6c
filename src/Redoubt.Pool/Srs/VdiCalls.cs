using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Database.Journal;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What disks do.</summary>
internal sealed partial class VdiCalls(PoolServices pool, SrConnections connections, ForeignDatabases foreign, MetadataTrust trust)
{
    [Message("VDI.create")]
    public Task<Ref<VdiRecord>> CreateAsync(CallContext call, VdiRecord args) => CreateAsync(call, args, isWhole: true);

    /// <summary>Makes an empty disk.</summary>
    /// <param name="call">The call.</param>
    /// <param name="args">What it is to be.</param>
    /// <param name="isWhole">Whether that was all; else it stays noted as being made (<see cref="DisksInMaking"/>) until the caller ends
    /// that.</param>
    public async Task<Ref<VdiRecord>> CreateAsync(CallContext call, VdiRecord args, bool isWhole)
    {
        var sr = Writable(args.Sr);
        if (args.VirtualSize <= 0)
        {
            throw new XenApiException(
                "INVALID_VALUE", "virtual_size", args.VirtualSize.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        VdiRows.RequireNoMetadata(default, args);

        var format = args.SmConfig.GetValueOrDefault("type") == "raw" ? DiskFormat.Raw : (DiskFormat?)null;
        using var held = await GateAsync(args.Sr, call);
        var reference = await MakeAsync(
            sr, args with { IsASnapshot = false, SnapshotOf = default, CbtEnabled = false }, isWhole,
            uuid => sr.CreateVdiAsync(
                new VdiConfig { Uuid = uuid, VirtualSizeBytes = args.VirtualSize, Format = format }, call.Cancellation),
            call.Cancellation);
        await MeasureAsync(args.Sr);
        return reference;
    }

    [Message("VDI.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<VdiRecord> self)
    {
        var record = pool.State.Get(self);
        Writable(record.Sr);
        if (record.MetadataOfPool == pool.Pool)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "The VDI holds this pool's metadata. Stop replicating there first (sr-disable-database-replication).");
        }

        await pool.Served.WaitUnreadAsync(self, "destroy", call.Cancellation);
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, self, VdiOperations.Destroy, (state, _) => VdiRows.RequireChangeable(state, self, "destroy"));
        await RemoveAsync(self, call.Cancellation);
    }

    /// <summary>Removes a disk that nobody uses, and its record.</summary>
    public async Task RemoveAsync(Ref<VdiRecord> self, CancellationToken cancellationToken)
    {
        var record = pool.State.Get(self);
        var sr = Writable(record.Sr);
        using var held = await pool.Gates.EnterAsync(pool.State.Get(record.Sr).Uuid, cancellationToken);
        await sr.DestroyVdiAsync(SrRows.Uuid(record), cancellationToken);
        await pool.Database.WriteAsync(
            tx =>
            {
                // As in xapi, the drives that held the disk go with it.
                foreach (var vbd in tx.Get(self).Vbds)
                {
                    tx.Delete(vbd);
                }

                VdiRows.Delete(tx, self);
                DisksInMaking.End(tx, record.Sr, SrRows.Uuid(record));
            },
            CancellationToken.None);
        await MeasureAsync(record.Sr);
    }

    [Message("VDI.resize")]
    public async Task ResizeAsync(CallContext call, Ref<VdiRecord> vdi, long size)
    {
        if (VdiRows.LiveDriveOf(pool.State, vdi) is { IsNull: false } drive)
        {
            await ResizeLiveAsync(call, vdi, drive, size);
            return;
        }

        var record = pool.State.Get(vdi);
        var sr = Writable(record.Sr);
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, vdi, VdiOperations.Resize, (state, now) =>
            {
                VdiRows.RequireData(vdi, now);
                VdiRows.RequireChangeable(state, vdi, "resize");
            });
        using var held = await GateAsync(record.Sr, call);
        var resized = await sr.ResizeVdiAsync(SrRows.Uuid(record), size, call.Cancellation);
        await RecordSizeAsync(vdi, resized);
    }

    /// <summary>As xapi does since it resizes disks of running VMs with the same call.</summary>
    [Message("VDI.resize_online")]
    public Task ResizeOnlineAsync(CallContext call, Ref<VdiRecord> vdi, long size) => ResizeAsync(call, vdi, size);

    // The guest's own QEMU grows what it has open, and tells the guest.
    private async Task ResizeLiveAsync(CallContext call, Ref<VdiRecord> vdi, Ref<VbdRecord> drive, long size)
    {
        var record = pool.State.Get(vdi);
        var sr = Writable(record.Sr);
        await using var held = await Operations.BeginAsync(pool.Database, call, drive, VbdOperations.Pause, (_, _) => { });
        await using var operation = await Operations.BeginAsync(pool.Database, call, vdi, VdiOperations.Resize, (state, _) =>
        {
            if (VdiRows.LiveDriveOf(state, vdi) != drive)
            {
                throw new XenApiException("VDI_IN_USE", vdi.Opaque, "resize");
            }
        });
        using var gate = await GateAsync(record.Sr, call);
        var vbd = pool.State.Get(drive);
        var vm = pool.State.Get(vbd.Vm);
        var bytes = VdiSize.NormaliseGrowth(SrRows.Uuid(record), record.VirtualSize, size);
        if (bytes > record.VirtualSize)
        {
            try
            {
                var disk = DomainPlan.Drive(vm, vbd with { Vdi = default, Empty = true }, new Dictionary<Ref<VdiRecord>, DiskSource>());
                await pool.Hosts.Of(vm).Hypervisor.ResizeDiskAsync(VmRows.Uuid(vm), disk, bytes, CancellationToken.None);
            }
            catch (HypervisorException refused)
            {
                throw GuestFailure.Explain(refused, vbd.Vm, pool.Hosts.Of(vm).Host, null);
            }
        }

        await RecordSizeAsync(vdi, await sr.StatVdiAsync(SrRows.Uuid(record), CancellationToken.None));
    }

    private Task RecordSizeAsync(Ref<VdiRecord> vdi, VdiState now) => pool.Database.WriteAsync(
        tx => VdiRows.Resize(tx, vdi, now.VirtualSizeBytes, now.PhysicalUtilisationBytes), CancellationToken.None);

    [Message("VDI.clone")]
    public Task<Ref<VdiRecord>> CloneAsync(CallContext call, Ref<VdiRecord> vdi, ImmutableSortedDictionary<string, string> driverParams)
    {
        RequireNoMore(driverParams, "clone");
        return CopyAsync(call, vdi, isWhole: true);
    }

    /// <summary>A full copy of a disk in the same SR.</summary>
    /// <param name="call">The call.</param>
    /// <param name="vdi">The disk.</param>
    /// <param name="isWhole">Whether that was all; else it stays noted as being made (<see cref="DisksInMaking"/>) until the caller ends
    /// that.</param>
    private async Task<Ref<VdiRecord>> CopyAsync(CallContext call, Ref<VdiRecord> vdi, bool isWhole)
    {
        var record = pool.State.Get(vdi);
        var sr = Writable(record.Sr);
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, vdi, VdiOperations.Clone, (state, now) =>
            {
                VdiRows.RequireData(vdi, now);
                VdiRows.RequireUnused(state, vdi, "clone");
            });
        using var held = await GateAsync(record.Sr, call);
        return await MakeAsync(
            sr, Copied(record), isWhole, uuid => sr.CloneVdiAsync(SrRows.Uuid(record), uuid, call.Cancellation), call.Cancellation);
    }

    [Message("VDI.copy")]
    public async Task<Ref<VdiRecord>> CopyAsync(
        CallContext call, Ref<VdiRecord> vdi, Ref<SrRecord> sr, Ref<VdiRecord> baseVdi, Ref<VdiRecord> intoVdi)
    {
        if (!baseVdi.IsNull)
        {
            throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "base_vdi", baseVdi.Opaque, "This is not done here: a disk is always copied whole.");
        }

        if (intoVdi.IsNull == sr.IsNull)
        {
            throw new XenApiException(
                "INVALID_VALUE", "sr",
                $"{sr.Opaque} (a disk is copied either into a new one on an SR or into one that there is, which into_vdi names)");
        }

        if (intoVdi.IsNull)
        {
            return await CopyAsync(call, vdi, sr, isWhole: true, call.Task.ReportAsync);
        }

        await CopyIntoAsync(call, vdi, intoVdi, call.Task.ReportAsync);
        return intoVdi;
    }

    /// <summary>A full copy of a disk in an SR, its own or another one.</summary>
    /// <param name="call">The call.</param>
    /// <param name="vdi">The disk.</param>
    /// <param name="sr">Where the copy is to lie.</param>
    /// <param name="isWhole">Whether that was all; else it stays noted as being made (<see cref="DisksInMaking"/>) until the caller ends
    /// that.</param>
    /// <param name="report">Told how far it is, from 0 to 1, where that can be told.</param>
    public async Task<Ref<VdiRecord>> CopyAsync(
        CallContext call, Ref<VdiRecord> vdi, Ref<SrRecord> sr, bool isWhole, Func<double, Task> report)
    {
        var record = pool.State.Get(vdi);
        VdiRows.RequireNoMetadata(vdi, record);
        if (sr == record.Sr && pool.State.Get(sr).IntroducedBy.IsNull)
        {
            return await CopyAsync(call, vdi, isWhole);
        }

        var copy = await CreateAsync(call, Copied(record) with { Sr = sr }, isWhole: false);
        try
        {
            await CopyIntoAsync(call, vdi, copy, report);
            if (isWhole)
            {
                await pool.Database.WriteAsync(tx => DisksInMaking.End(tx, sr, SrRows.Uuid(tx.Get(copy))), CancellationToken.None);
            }

            return copy;
        }
        catch
        {
            await Undoing.TryAsync(
                pool, Cls.Vdi, pool.State.Find(copy)?.Uuid ?? "",
                "A disk that was to be a copy of another one is still there: remove it (vdi-destroy).",
                () => RemoveAsync(copy, CancellationToken.None));
            throw;
        }
    }

    /// <summary>Makes an empty disk in the place of a copy of another one; it stays noted as being made until the caller
    /// ends that.</summary>
    public Task<Ref<VdiRecord>> CreateLikeAsync(CallContext call, Ref<VdiRecord> vdi) =>
        CreateAsync(call, Copied(pool.State.Get(vdi)), isWhole: false);

    /// <summary>Writes down what a disk takes after something has been written into it.</summary>
    public Task SettleAsync(Ref<VdiRecord> vdi) => SettleSizeAsync(Writable(pool.State.Get(vdi).Sr), vdi, pool.State.Get(vdi));

    [Message("VDI.snapshot")]
    public async Task<Ref<VdiRecord>> SnapshotAsync(
        CallContext call, Ref<VdiRecord> vdi, ImmutableSortedDictionary<string, string> driverParams)
    {
        RequireNoMore(driverParams, "keep");
        var record = pool.State.Get(vdi);
        VdiRows.RequireNoMetadata(vdi, record);
        var sr = Writable(record.Sr);
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, vdi, VdiOperations.Snapshot, (state, _) => VdiRows.RequireUnused(state, vdi, "snapshot"));
        using var held = await GateAsync(record.Sr, call);
        var snapshot = await MakeAsync(
            sr, record with { IsASnapshot = true, SnapshotOf = vdi, SnapshotTime = pool.Time.GetUtcNow() }, isWhole: true,
            uuid => sr.SnapshotVdiAsync(SrRows.Uuid(record), uuid, call.Cancellation), call.Cancellation);
        await MeasureAsync(record.Sr);
        return snapshot;
    }

    private static void RequireNoMore(ImmutableSortedDictionary<string, string> driverParams, string verb)
    {
        if (!driverParams.IsEmpty)
        {
            throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "driver_params", driverParams.First().Key,
                $"This is not done here: no storage driver is told more than which disk to {verb}.");
        }
    }

    private static VdiRecord Copied(VdiRecord vdi) => vdi with
    {
        MetadataOfPool = default,
        MetadataLatest = false,
        IsASnapshot = false,
        SnapshotOf = default,
        SnapshotTime = DateTimeOffset.UnixEpoch,
        CbtEnabled = false,
        Managed = true,
        SmConfig = ScanRows.WithoutFormat(vdi.SmConfig),
    };

    [Message("VDI.compare")]
    public async Task CompareAsync(CallContext call, Ref<VdiRecord> self, Ref<VdiRecord> with)
    {
        var (one, other) = (pool.State.Get(self), pool.State.Get(with));
        if (self == with)
        {
            throw new XenApiException("INVALID_VALUE", "with", $"{with.Opaque} (it is the disk itself)");
        }

        if (other.VirtualSize < one.VirtualSize)
        {
            throw new XenApiException("VDI_TOO_SMALL", with.Opaque, $"{one.VirtualSize}");
        }

        VdiRows.RequireNoMetadata(self, one);
        VdiRows.RequireNoMetadata(with, other);
        await using var first = await ReadingAsync(call, self, "compare");
        await using var second = await ReadingAsync(call, with, "compare");
        await using var mine = await RawAsync(one, call);
        await using var theirs = new ReportingStream(await RawAsync(other, call), other.VirtualSize, call.Task.ReportAsync);
        if (await StreamComparison.FindDifferenceAsync(mine, theirs, call.Cancellation) is { } at)
        {
            throw new XenApiException("VDI_CONTENT_DIFFERS", self.Opaque, with.Opaque, $"{at}");
        }
    }

    private Task<IAsyncDisposable> ReadingAsync(CallContext call, Ref<VdiRecord> vdi, string verb) => Operations.BeginAsync(
        pool.Database, call, vdi, VdiOperations.Copy, (state, _) => VdiRows.RequireUnused(state, vdi, verb));

    private Task<Stream> RawAsync(VdiRecord vdi, CallContext call) =>
        pool.Hosts.Local.Attached.Get(vdi.Sr, pool.State.Get(vdi.Sr)).ExportVdiAsync(SrRows.Uuid(vdi), DiskFormat.Raw, call.Cancellation);

    // Neither SR's gate is held: the bytes may be hours on their way.
    private async Task CopyIntoAsync(CallContext call, Ref<VdiRecord> vdi, Ref<VdiRecord> into, Func<double, Task> report)
    {
        var (from, to) = (pool.State.Get(vdi), pool.State.Get(into));
        var target = Writable(to.Sr);
        if (vdi == into)
        {
            throw new XenApiException("INVALID_VALUE", "into_vdi", $"{into.Opaque} (it is the disk itself)");
        }

        if (to.VirtualSize < from.VirtualSize)
        {
            throw new XenApiException("VDI_TOO_SMALL", into.Opaque, $"{from.VirtualSize}");
        }

        await using var reading = await ReadingAsync(call, vdi, "copy");
        await using var writing = await Operations.BeginAsync(
            pool.Database, call, into, VdiOperations.Copy, (state, record) =>
            {
                VdiRows.RequireData(into, record);
                VdiRows.RequireChangeable(state, into, "copy");
                if (record.ReadOnly)
                {
                    throw new XenApiException("VDI_READONLY", into.Opaque);
                }
            });
        await using var content = new ReportingStream(
            await pool.Hosts.Attached(from.Sr, pool.State.Get(from.Sr)).ExportVdiAsync(
                SrRows.Uuid(from), DiskFormat.Qcow2, call.Cancellation),
            // Of one that builds on others, its own file is a part only.
            from.SmConfig.ContainsKey(Marks.FormatParent) ? from.VirtualSize : from.PhysicalUtilisation, report);
        await target.ImportVdiAsync(SrRows.Uuid(to), content, DiskFormat.Qcow2, call.Cancellation);
        await SettleSizeAsync(target, into, to);
    }

    // To the size that it has: changes nothing, and tells what the disk takes now, whatever a scan that overlapped this has written.
    private async Task SettleSizeAsync(ISr sr, Ref<VdiRecord> vdi, VdiRecord record)
    {
        using (await pool.Gates.EnterAsync(pool.State.Get(record.Sr).Uuid, CancellationToken.None))
        {
            var now = await sr.ResizeVdiAsync(SrRows.Uuid(record), record.VirtualSize, CancellationToken.None);
            await RecordSizeAsync(vdi, now);
        }

        await MeasureAsync(record.Sr);
    }

    /// <summary>Removes the disks that a daemon which died was making: nobody has them. To be called before anything is made.</summary>
    public async Task RemoveUnfinishedAsync()
    {
        foreach (var (reference, record) in pool.State.All<SrRecord>().Where(s => s.Record.OtherConfig.ContainsKey(DisksInMaking.Key))
            .ToList())
        {
            foreach (var uuid in DisksInMaking.Of(record))
            {
                try
                {
                    var vdi = pool.State.FindByUuid<VdiRecord>($"{uuid}");
                    if (vdi.IsNull)
                    {
                        await Writable(reference).DestroyVdiAsync(uuid, CancellationToken.None);
                        await pool.Database.WriteAsync(tx => DisksInMaking.End(tx, reference, uuid), CancellationToken.None);
                    }
                    else
                    {
                        await RemoveAsync(vdi, CancellationToken.None);
                    }
                }
                catch (XenApiException e)
                {
                    await pool.PostAsync(
                        new Announcement.DiskLeftOver(record.Uuid, $"{uuid}", string.Join(", ", e.Parameters.Prepend(e.Code))));
                }
            }
        }
    }

    [Message("VDI.set_name_label")]
    public Task SetNameLabelAsync(CallContext call, Ref<VdiRecord> self, string value) =>
        pool.Database.WriteAsync(tx => tx.Update(self, v => v with { NameLabel = value }), call.Cancellation);

    [Message("VDI.set_name_description")]
    public Task SetNameDescriptionAsync(CallContext call, Ref<VdiRecord> self, string value) =>
        pool.Database.WriteAsync(tx => tx.Update(self, v => v with { NameDescription = value }), call.Cancellation);

    [Message("VDI.set_read_only")]
    public Task SetReadOnlyAsync(CallContext call, Ref<VdiRecord> self, bool value) =>
        pool.Database.WriteAsync(tx => tx.Update(self, v => v with { ReadOnly = value }), call.Cancellation);

    /// <summary>Has its storage say anew how large it is and what it takes.</summary>
    [Message("VDI.update")]
    public async Task UpdateAsync(CallContext call, Ref<VdiRecord> vdi)
    {
        var record = pool.State.Get(vdi);
        var sr = pool.Hosts.Attached(record.Sr, pool.State.Get(record.Sr));
        await RecordSizeAsync(vdi, await sr.StatVdiAsync(SrRows.Uuid(record), call.Cancellation));
    }

    [Message("VDI.set_on_boot")]
    public Task SetOnBootAsync(CallContext call, Ref<VdiRecord> self, OnBoot value) =>
        SetAsync(call, self, "on_boot", v => v with { OnBoot = value });

    [Message("VDI.set_allow_caching")]
    public Task SetAllowCachingAsync(CallContext call, Ref<VdiRecord> self, bool value) =>
        SetAsync(call, self, "allow_caching", v => v with { AllowCaching = value });

    // What nothing goes by.
    private Task SetAsync(CallContext call, Ref<VdiRecord> self, string field, Func<VdiRecord, VdiRecord> change) =>
        pool.Database.WriteAsync(
            tx => tx.Update(self, v =>
            {
                var changed = change(v);
                FieldEffects.Require(VdiRecord.Declaration, VdiRecord.Declaration.FindField(field)!, v, changed);
                return changed;
            }),
            call.Cancellation);

    [Message("VDI.set_sharable")]
    public Task SetSharableAsync(CallContext call, Ref<VdiRecord> self, bool value) =>
        pool.Database.WriteAsync(tx => tx.Update(self, v => v with { Sharable = value }), call.Cancellation);

    [Message("VDI.forget")]
    public Task ForgetAsync(CallContext call, Ref<VdiRecord> vdi) => pool.Database.WriteAsync(
        tx =>
        {
            VdiRows.RequireChangeable(tx.State, vdi, "forget");
            if (tx.Get(vdi).MetadataOfPool == pool.Pool)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    "The VDI holds this pool's metadata. Stop replicating there first (sr-disable-database-replication).");
            }

            VdiRows.Delete(tx, vdi);
        },
        call.Cancellation);

    [Message("VDI.open_database")]
    public Task<Ref<SessionRecord>> OpenDatabaseAsync(CallContext call, Ref<VdiRecord> self) => OpenAsync(call, self, null);

    [Message("VDI.open_database_at")]
    public Task<Ref<SessionRecord>> OpenDatabaseAtAsync(CallContext call, Ref<VdiRecord> self, string at) =>
        OpenAsync(call, self, JournalPoint.Parse(at) ?? throw new XenApiException("INVALID_VALUE", "at", at));

    [Message("VDI.get_database_history")]
    public async Task<ImmutableList<ImmutableSortedDictionary<string, string>>> GetDatabaseHistoryAsync(
        CallContext call, Ref<VdiRecord> self)
    {
        var history = await Metadata(self).LookIntoAsync(
            SrRows.Uuid(pool.State.Get(self)), path => JournalHistory.List(path), call.Cancellation);
        return
        [
            .. history.Entries.Select(e => ImmutableSortedDictionary<string, string>.Empty
                .Add("generation", $"{e.Generation}")
                .Add("time", XenTypes.DateTime.Encode(e.WrittenAt))
                .Add("pool_uuid", e.Pool.Uuid.ToString("D"))
                .Add("pool_name_label", e.Pool.Name)
                .Add("vms", $"{e.Vms}")
                .Add("appliances", $"{e.VApps}")),
        ];
    }

    [Message("VDI.get_metadata_facts")]
    public async Task<ImmutableSortedDictionary<string, string>> GetMetadataFactsAsync(CallContext call, Ref<VdiRecord> self)
    {
        var facts = await Metadata(self).LookIntoAsync(SrRows.Uuid(pool.State.Get(self)), MetadataFacts.Read, call.Cancellation);
        var record = pool.State.Get(self);
        return record.MetadataOfPool == pool.Pool || foreign.Find(record.Uuid) is not { } summary
            ? facts
            : facts.AddRange(Standing(summary.Claim));
    }

    private IEnumerable<KeyValuePair<string, string>> Standing(VolumeClaim claim)
    {
        if (claim.Key is { } key)
        {
            yield return new("signed-by", key);
        }

        switch (trust.Of(claim))
        {
            case VolumeStanding.Proven:
                yield return new("standing", "proven");
                break;
            case VolumeStanding.Accepted:
                yield return new("standing", "accepted");
                break;
            case VolumeStanding.Unproven { Why: var why }:
                yield return new("standing", "unproven");
                yield return new("unproven-because", why);
                break;
            case VolumeStanding.Disk:
                yield return new("standing", "unproven");
                yield return new("unproven-because", "a volume that is believed says that it is a disk of a VM");
                break;
            case var other:
                throw new InvalidOperationException($"unknown standing {other}");
        }
    }

    private async Task<Ref<SessionRecord>> OpenAsync(CallContext call, Ref<VdiRecord> self, JournalPoint? at)
    {
        var sr = Metadata(self);
        var (uuid, srUuid) = (pool.State.Get(self).Uuid, sr.Uuid.ToString());
        switch (await sr.LookIntoAsync(SrRows.Uuid(pool.State.Get(self)), path => MetadataVolume.Read(path, at), call.Cancellation))
        {
            case MetadataVolume.Readable volume:
                if (at is null)
                {
                    foreign.Remember(srUuid, uuid, volume, mark: "");
                }

                var session = await pool.Sessions.OpenAsync(
                    call.Session.Owner with { UserName = "disaster-recovery", OpenedBy = call.Session.UserName }, "", pool.Hosts.Local.Host,
                    pool.KeyRing.Open(volume.State),
                    ForeignDatabases.ClaimOf(srUuid, uuid, volume), call.Cancellation);
                if (volume.Damage is { } damage)
                {
                    await TellDamageAsync(session.Ref, uuid, volume.State.Generation, damage);
                }

                return session.Ref;
            case MetadataVolume.Unreadable { Reason: var reason }:
                if (at is null)
                {
                    foreign.Forget(uuid);
                }

                throw new XenApiException("COULD_NOT_IMPORT_DATABASE", reason);
            case var other:
                throw new InvalidOperationException($"unknown volume {other}");
        }
    }

    /// <summary>The SR of a metadata volume.</summary>
    private ISr Metadata(Ref<VdiRecord> self)
    {
        var record = pool.State.Get(self);
        if (record.Type != XenApi.VdiType.Metadata)
        {
            throw VdiRows.Incompatible(self, record);
        }

        return pool.Hosts.Attached(record.Sr, pool.State.Get(record.Sr));
    }

    [Message("VDI.read_database_pool_uuid")]
    public string ReadDatabasePoolUuid(CallContext call, Ref<VdiRecord> self) => foreign.PoolUuid(call.State.Get(self).Uuid);

    /// <summary>Replaces a disk's content by a stream's.</summary>
    public async Task ImportAsync(CallContext call, Ref<VdiRecord> vdi, Stream content, DiskFormat format)
    {
        var record = pool.State.Get(vdi);
        var sr = Writable(record.Sr);
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, vdi, VdiOperations.Copy, (state, now) =>
            {
                VdiRows.RequireData(vdi, now);
                VdiRows.RequireChangeable(state, vdi, "import");
            });

        // Not within the SR's gate: what is sent may be hours on its way, and a scan in between sees the disk as it was or as it will be.
        await sr.ImportVdiAsync(SrRows.Uuid(record), content, format, call.Cancellation);
        await SettleSizeAsync(sr, vdi, record);
    }

    /// <summary>Opens a disk's content as a stream.</summary>
    public async Task<Stream> ExportAsync(CallContext call, Ref<VdiRecord> vdi, DiskFormat format)
    {
        var record = pool.State.Get(vdi);
        VdiRows.RequireData(vdi, record);
        VdiRows.RequireUnused(pool.State, vdi, "export");
        return await pool.Hosts.Attached(record.Sr, pool.State.Get(record.Sr))
            .ExportVdiAsync(SrRows.Uuid(record), format, call.Cancellation);
    }

    /// <summary>What was read is what is reported: on the session, for programs, and as a message, for people.</summary>
    private async Task TellDamageAsync(Ref<SessionRecord> session, string vdiUuid, long generation, string damage)
    {
        await pool.Database.WriteAsync(
            tx => tx.Update(session, s => s with { OtherConfig = s.OtherConfig.SetItem("damage", damage) }), CancellationToken.None);
        await pool.PostAsync(new Announcement.VolumeDamaged(vdiUuid, generation, damage));
    }

    private Task<IDisposable> GateAsync(Ref<SrRecord> sr, CallContext call) =>
        pool.Gates.EnterAsync(pool.State.Get(sr).Uuid, call.Cancellation);

    /// <summary>Sizes are for information: what was done stays done if they can't be had now, and the next scan has them.</summary>
    private async Task MeasureAsync(Ref<SrRecord> sr)
    {
        try
        {
            await connections.StatAsync(sr, CancellationToken.None);
        }
        catch (XenApiException e)
        {
            await pool.PostAsync(new Announcement.SrNotMeasured(pool.State.Find(sr)?.Uuid ?? "", e.Message));
        }
    }

    private ISr Writable(Ref<SrRecord> reference) => SrRows.Writable(pool, reference);

    private async Task<Ref<VdiRecord>> MakeAsync(
        ISr sr, VdiRecord like, bool isWhole, Func<VdiUuid, Task<VdiState>> make, CancellationToken cancellationToken)
    {
        var uuid = new VdiUuid(Guid.NewGuid());
        await pool.Database.WriteAsync(tx => DisksInMaking.Begin(tx, like.Sr, uuid), cancellationToken);
        VdiState? made = null;
        try
        {
            made = await make(uuid);
            return await pool.Database.WriteAsync(
                tx =>
                {
                    if (isWhole)
                    {
                        DisksInMaking.End(tx, like.Sr, uuid);
                    }

                    return VdiRows.Create(tx, like with
                    {
                        Uuid = made.Uuid.ToString(),
                        Location = made.Uuid.ToString(),
                        Vbds = [],
                        Snapshots = [],
                        CurrentOperations = VdiRecordDefaults.NoOperations,
                        VirtualSize = made.VirtualSizeBytes,
                        PhysicalUtilisation = made.PhysicalUtilisationBytes,
                        Managed = true,
                        Missing = false,
                    });
                },
                CancellationToken.None);
        }
        catch (Exception e)
        {
            // Storage that does not answer may make it yet, and then removes it again: as long as it stays noted, no scan takes it for
            // anybody's.
            if (made is null && e is XenApiException { Code: "SR_BACKEND_FAILURE_47" })
            {
                throw;
            }

            await Undoing.TryAsync(
                pool, Cls.Vdi, uuid.ToString(),
                "A disk that was made, but could not be recorded, is still on its SR: scan that (sr-scan), then remove "
                    + "the disk (vdi-destroy).",
                async () =>
                {
                    if (made is not null)
                    {
                        await sr.DestroyVdiAsync(made.Uuid, CancellationToken.None);
                    }

                    await pool.Database.WriteAsync(tx => DisksInMaking.End(tx, like.Sr, uuid), CancellationToken.None);
                });
            throw;
        }
    }
}
