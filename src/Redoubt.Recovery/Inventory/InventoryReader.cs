using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// Gathers an <see cref="Inventory"/> from a target pool, the metadata volumes on its storage, and other pools, everything in parallel.
/// It calls getters, <c>SR.probe</c> and <c>VDI.open_database</c>, and has the target look again at replicas that DR tasks hold
/// (<c>SR.scan</c>), which may have been refreshed under it; no storage is written to. Only a target that does not answer is an exception;
/// whatever else can't be read is noted with its reason.
/// </summary>
/// <param name="target">The pool that is to take VMs in, logged in.</param>
/// <param name="time">The clock.</param>
/// <param name="limit">How long a volume, a probe or another pool may take; the dead are not waited for.</param>
public sealed class InventoryReader(XenApiClient target, TimeProvider time, TimeSpan limit)
{
    // Each open database costs the server the memory of a whole pool.
    private const int OpenAtOnce = 4;

    // A hundred kernels are more than a pool has; a database may name as many as it has VMs.
    private const int BootFilesMax = 100;
    private static readonly TimeSpan LongestBusy = TimeSpan.FromSeconds(10);

    /// <summary>Gathers the inventory.</summary>
    /// <exception cref="XenApiException">The target refused to be read.</exception>
    /// <exception cref="XenApiTransportException">The target did not answer.</exception>
    public async Task<Inventory> ReadAsync(InventoryRequest request, CancellationToken cancellationToken)
    {
        // Whatever happens from here on may not be in it.
        var takenAt = time.GetUtcNow();
        var others = Task.WhenAll(request.OtherPools.Select(p => OtherAsync(p, cancellationToken)));
        var offers = OfferedMessages.ReadAsync(target, cancellationToken);
        var types = MetadataTypesAsync(cancellationToken);
        var mayRecover = MayRecoverAsync(cancellationToken);
        var notScanned = await ScanAsync(cancellationToken);
        var database = DatabaseReader.ReadAsync(target, isLive: true, _ => false, cancellationToken);
        var probes = Task.WhenAll(request.Probes.Select(p => ProbeAsync(p, cancellationToken)));
        await Task.WhenAll(offers, types, mayRecover, database, probes);
        var targetFacts = new TargetFacts(
            Read(target.Server.Authority), await WithTroubleAsync(await database, await offers, cancellationToken), await mayRecover)
        {
            Extensions = [.. (await offers).Extensions],
            MetadataTypes = await types,
        };

        var named = request.SrUuids.Select(uuid => NamedSr(uuid, targetFacts)).ToList();
        var chosen = request is { SrUuids.IsEmpty: true, Probes.IsEmpty: true }
            ? targetFacts.Database.Srs.Select(s => s.Uuid)
            : request.SrUuids.Concat((await probes).SelectMany(p => p.Found).Select(f => f.Uuid));
        var volumes = await VolumesAsync(chosen.ToHashSet(), request.At, targetFacts, cancellationToken);
        var otherFacts = await others;
        return new Inventory
        {
            TakenAt = takenAt,
            Target = targetFacts with { BootFileTroubles = await BootFilesAsync(volumes, await offers, cancellationToken) },
            Storage = [.. named, .. notScanned, .. await probes],
            Volumes = volumes,
            OtherPools = [.. otherFacts],
        };
    }

    // What a plan says of a replica must be what the storage is now, not what it was when somebody attached it. What is an ordinary SR of
    // the pool is nobody's replica, and the pool keeps account of it by itself. All of them, for disks may lie elsewhere than the metadata.
    private async Task<IEnumerable<StorageFacts>> ScanAsync(CancellationToken cancellationToken)
    {
        var replicas = (await target.GetAllRecordsAsync<SrRecord>(cancellationToken)).Where(s => !s.Value.IntroducedBy.IsNull).ToList();
        var scanned = await Task.WhenAll(replicas.Select(async sr =>
        {
            var (refusal, failure) = await TryAsync(token => ScanAsync(sr.Key, token), cancellationToken);
            return refusal is null && failure is null
                ? null
                : new StorageFacts
                {
                    Origin = Read(target.Server.Authority),
                    SrUuid = sr.Value.Uuid,
                    NotScanned = refusal,
                    NotAnswering = failure,
                };
        }));
        return scanned.OfType<StorageFacts>();
    }

    /// <returns>Why it may not be scanned, which says nothing of the storage; null: it was, or the server scans nothing.</returns>
    private async Task<string?> ScanAsync(Ref<SrRecord> sr, CancellationToken cancellationToken)
    {
        for (var wait = TimeSpan.FromMilliseconds(100); ; wait += wait)
        {
            try
            {
                await target.Sr.ScanAsync(sr, cancellationToken);
                return null;
            }
            catch (XenApiException busy) when (busy.Code == "OTHER_OPERATION_IN_PROGRESS" && wait < LongestBusy)
            {
                // Somebody scans it just now, perhaps since before the last change.
                await Task.Delay(wait, time, cancellationToken);
            }
            catch (XenApiException without) when (without.Code == "MESSAGE_METHOD_UNKNOWN")
            {
                return null;
            }
            catch (XenApiException refused) when (!refused.Code.StartsWith("SR_BACKEND_FAILURE", StringComparison.Ordinal))
            {
                return Failures.Describe(refused);
            }
        }
    }

    private static StorageFacts NamedSr(string uuid, TargetFacts facts)
    {
        var sr = facts.Database.Srs.FirstOrDefault(s => s.Uuid == uuid);
        return new StorageFacts
        {
            Origin = facts.Origin,
            SrUuid = uuid,
            Unreadable = sr is null ? $"the pool knows no SR with the UUID {uuid}" : sr.IsAttached() ? null : "no host has the SR attached",
        };
    }

    // Null where the server does not tell: a superuser has no list of rights, and an older server none at all.
    private async Task<bool?> MayRecoverAsync(CancellationToken cancellationToken)
    {
        try
        {
            var session = await new SessionClient(target).GetRecordAsync(target.Session, cancellationToken);
            return session.IsLocalSuperuser ? true
                : session.RbacPermissions.IsEmpty ? null
                : session.RbacPermissions.Contains("vdi.open_database", StringComparer.OrdinalIgnoreCase);
        }
        catch (XenApiException)
        {
            return null;
        }
    }

    // Only a Redoubt pool tells; a genuine one makes the bridges that it needs.
    private async Task<DatabaseFacts> WithTroubleAsync(
        DatabaseFacts facts, OfferedMessages offers, CancellationToken cancellationToken)
    {
        if (!offers.Has("network.get_trouble"))
        {
            return facts;
        }

        var networks = await Task.WhenAll(facts.Networks.Select(async network => network with
        {
            Trouble = (await TryAsync(
                async token => await target.Network.GetTroubleAsync(await target.Network.GetByUuidAsync(network.Uuid, token), token),
                cancellationToken)).Value ?? "",
        }));
        return facts with { Networks = [.. networks] };
    }

    // Likewise. What a genuine pool lets guests boot from it says when it starts them.
    private async Task<ImmutableSortedDictionary<string, string>> BootFilesAsync(
        ImmutableArray<VolumeFacts> volumes, OfferedMessages offers, CancellationToken cancellationToken)
    {
        var paths = volumes.Where(v => v.Database is not null).SelectMany(v => v.Database!.Vms).SelectMany(v => v.BootFiles)
            .Select(f => f.Path)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(BootFilesMax).ToList();
        if (paths.Count == 0 || !offers.Has("host.get_boot_file_trouble"))
        {
            return ImmutableSortedDictionary<string, string>.Empty;
        }

        var master = (await target.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.First().Master;
        var told = await Task.WhenAll(paths.Select(async path => (
            path, (await TryAsync(token => target.Host.GetBootFileTroubleAsync(master, path, token), cancellationToken)).Value ?? "")));
        return told.Where(t => t.Item2.Length > 0).ToImmutableSortedDictionary(t => t.path, t => t.Item2, StringComparer.Ordinal);
    }

    private async Task<StorageFacts> ProbeAsync(StorageProbe probe, CancellationToken cancellationToken)
    {
        var facts = new StorageFacts
        {
            Origin = Read($"probe of {probe.Type}"),
            Type = probe.Type,
            DeviceConfig = DeviceConfigs.Mask(probe.DeviceConfig),
        };
        var (found, failure) = await TryAsync(
            async token =>
            {
                var pool = (await target.GetAllRecordsAsync<PoolRecord>(token)).Values.First();
                return await probe.AskAsync(target, pool.Master, token);
            },
            cancellationToken);
        return facts with { Found = failure is null ? found : [], Unreadable = failure };
    }

    // A driver says whether it can; a server that lists no drivers does not tell.
    private async Task<ImmutableSortedSet<string>?> MetadataTypesAsync(CancellationToken cancellationToken)
    {
        var (known, _) = await TryAsync(target.GetAllRecordsAsync<SmRecord>, cancellationToken);
        return known?.Values.ToList() is not { Count: > 0 } drivers
            ? null
            : [.. drivers.Where(d => d.Features.ContainsKey("SR_METADATA") || d.Capabilities.Contains("SR_METADATA")).Select(d => d.Type)];
    }

    private async Task<ImmutableArray<VolumeFacts>> VolumesAsync(
        HashSet<string> chosenSrs, string? at, TargetFacts facts, CancellationToken cancellationToken)
    {
        var pool = target.GetAllRecordsAsync<PoolRecord>(cancellationToken);
        var srs = target.GetAllRecordsAsync<SrRecord>(cancellationToken);
        var vdis = target.GetAllRecordsAsync<VdiRecord>(cancellationToken);
        await Task.WhenAll(pool, srs, vdis);
        var own = (await pool).Keys.First();
        var known = await srs;
        using var slots = new SemaphoreSlim(OpenAtOnce);
        var found = (await vdis).Where(
            v => v.Value.Type == VdiType.Metadata && known.TryGetValue(v.Value.Sr, out var sr) && chosenSrs.Contains(sr.Uuid));
        return [.. await Task.WhenAll(found.Select(async v =>
        {
            await slots.WaitAsync(cancellationToken);
            try
            {
                return await VolumeAsync(
                    v.Key, v.Value, known[v.Value.Sr].Uuid, v.Value.MetadataOfPool == own, at, facts, cancellationToken);
            }
            finally
            {
                slots.Release();
            }
        }))];
    }

    private async Task<VolumeFacts> VolumeAsync(
        Ref<VdiRecord> vdi, VdiRecord record, string srUuid, bool isOwn, string? at, TargetFacts targetFacts,
        CancellationToken cancellationToken)
    {
        var facts = new VolumeFacts
        {
            VdiUuid = record.Uuid,
            SrUuid = srUuid,
            Origin = Read($"metadata volume {record.Uuid}"),
            IsTargetsOwn = isOwn,
            IsLatest = record.MetadataLatest,
        };
        if (isOwn)
        {
            return facts;
        }

        if (record.Missing)
        {
            return facts with { Unreadable = "the volume is not on the storage, or can't be read" };
        }

        if (at is not null && !targetFacts.Offers("VDI.open_database_at"))
        {
            return facts with
            {
                Unreadable = $"a pool of {targetFacts.Database.Pool.Brand} opens the newest state only, and that of {at} was asked for",
            };
        }

        var (database, failure) = await TryAsync(token => OpenAsync(vdi, at, targetFacts.Offers, token), cancellationToken);
        facts = facts with { Origin = Read(facts.Origin.Source), Database = database, Unreadable = failure };
        return failure is null ? await MeasureAsync(facts, vdi, at, targetFacts, cancellationToken) : facts;
    }

    private async Task<DatabaseFacts> OpenAsync(
        Ref<VdiRecord> vdi, string? at, Func<string, bool> offers, CancellationToken cancellationToken)
    {
        var session = at is null
            ? await target.Vdi.OpenDatabaseAsync(vdi, cancellationToken)
            : await target.Vdi.OpenDatabaseAtAsync(vdi, at, cancellationToken);
        var foreign = target.WithSession(session);
        try
        {
            return await DatabaseReader.ReadAsync(foreign, isLive: false, offers, cancellationToken);
        }
        finally
        {
            // Not with the caller's token: a session left open holds a whole database in the server's memory.
            await foreign.LogoutAsync(CancellationToken.None);
        }
    }

    // Only a Redoubt pool tells. Of an earlier state the moment that was asked for is known, if it was asked for by time.
    private async Task<VolumeFacts> MeasureAsync(
        VolumeFacts facts, Ref<VdiRecord> vdi, string? at, TargetFacts targetFacts, CancellationToken cancellationToken)
    {
        if (!targetFacts.Offers("VDI.get_metadata_facts"))
        {
            return at is null ? facts : facts with { WrittenAt = Moments.Parse(at) };
        }

        var (told, failure) = await TryAsync(token => target.CallRawAsync("VDI.get_metadata_facts", [vdi], token), cancellationToken);
        if (failure is not null || told is not WireStruct known)
        {
            return at is null ? facts : facts with { WrittenAt = Moments.Parse(at) };
        }

        string Fact(string name) => known.Members.FirstOrDefault(m => m.Key == name).Value is WireString text ? text.Value : "";
        facts = facts with { Unproven = Fact("standing") == "unproven" ? Fact("unproven-because") : null };
        return at is not null ? facts with { WrittenAt = Moments.Parse(at) } : facts with
        {
            Generation = long.TryParse(Fact("generation"), NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
                ? generation
                : null,
            WrittenAt = Moments.Parse(Fact("written-at")),
            Damage = Fact("damage") is { Length: > 0 } damage ? damage : null,
            LostRecords = int.TryParse(Fact("lost-records"), NumberStyles.None, CultureInfo.InvariantCulture, out var lost) ? lost : 0,
        };
    }

    private async Task<OtherPoolFacts> OtherAsync(OtherPool pool, CancellationToken cancellationToken)
    {
        if (pool.ConnectAsync is not { } connect)
        {
            return new(Read("the operator's statement"), pool.Name, OtherPoolState.StatedDead, null, null, pool.PoolUuid);
        }

        var (database, failure) = await TryAsync(
            async token =>
            {
                await using var api = await connect(token);
                return await DatabaseReader.ReadAsync(api, isLive: true, _ => false, token);
            },
            cancellationToken);
        return new(
            Read(pool.Name), pool.Name, failure is null ? OtherPoolState.Live : OtherPoolState.Unreachable, failure, database,
            pool.PoolUuid);
    }

    // The failures of the world become facts with a reason; everything else is a bug or the caller's own cancelling, and goes up.
    private async Task<(T? Value, string? Failure)> TryAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return (await read(both.Token), null);
        }
        catch (XenApiException refused)
        {
            return (default, Failures.Describe(refused));
        }
        catch (XenApiTransportException broken)
        {
            return (default, broken.Message);
        }
        catch (FormatException strange)
        {
            return (default, strange.Message);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (default, $"there was no answer within {limit.TotalSeconds:0} s");
        }
    }

    private Origin Read(string source) => new(source, time.GetUtcNow());
}
