using System.Collections.Concurrent;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Keeps a VM from running at two places. The pool that recovers a VM raises its version and writes that into its metadata volume on the
/// same storage; a pool that comes back, finds the higher version there, and must not start its own copy.
/// <code>
/// for each attached SR     its list of disks is another one than before   the metadata volumes on it are looked for
/// for each foreign volume  its mark is another one than before            it is read
/// </code>
/// While nothing has changed this is a few questions for the status of a file. Each SR is looked at beside the others and with the limits
/// of its driver, so that one that hangs counts as one that can't be looked at, and holds up no VM that has no disk there.
/// </summary>
internal sealed class RecoveredElsewhere(PoolServices pool, ForeignDatabases foreign, MetadataTrust trust)
{
    private static readonly TimeSpan UnneededLimit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (string Mark, IReadOnlyList<VdiState> Volumes)> _volumes = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _looking = new();

    /// <summary>Checks that no pool has recovered the VM from here, as far as the attached storage tells.</summary>
    /// <exception cref="XenApiException">
    /// <c>VM_RECOVERED_ELSEWHERE</c>; or what kept the storage of the VM's own disks from being looked at, for a check that could not be
    /// made has failed.
    /// </exception>
    public async Task RequireNotAsync(Ref<VmRecord> reference, CancellationToken cancellationToken)
    {
        var vm = pool.State.Get(reference);
        var own = vm.Vbds.Select(pool.State.Find).OfType<VbdRecord>().Select(b => pool.State.Find(b.Vdi)).OfType<VdiRecord>()
            .Select(v => pool.State.Find(v.Sr)?.Uuid).ToHashSet();
        if (await NewestAsync(vm.Uuid, own, cancellationToken) is { } there && there.Version > pool.State.Get(reference).Version)
        {
            throw new XenApiException(
                "VM_RECOVERED_ELSEWHERE", reference.Opaque, there.Summary.PoolUuid, there.Summary.PoolName, $"{there.Version}");
        }
    }

    /// <summary>The pool that has recovered a VM most often, and how often; null if no other pool that can be seen has the VM.</summary>
    public Task<(ForeignSummary Summary, long Version)?> NewestAsync(string vmUuid, CancellationToken cancellationToken) =>
        NewestAsync(vmUuid, [.. pool.Hosts.Local.Attached.All.Select(s => s.Uuid.ToString())], cancellationToken);

    /// <summary>
    /// Tells people, once for each VM, which of this pool's VMs another pool has recovered. For when storage has been looked at.
    /// </summary>
    public async Task AnnounceAsync()
    {
        var summaries = await LookAsync([], CancellationToken.None);
        await AnnounceUnprovenAsync();
        foreach (var vm in pool.State.All<VmRecord>().Select(v => v.Record)
            .Where(v => v is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false }))
        {
            var newest = summaries.Where(s => s.Versions.ContainsKey(vm.Uuid)).MaxBy(s => s.Versions[vm.Uuid]);
            if (newest is null || newest.Versions[vm.Uuid] <= vm.Version)
            {
                continue;
            }

            var isUp = vm.PowerState is VmPowerState.Running or VmPowerState.Paused;
            var body = $"{vm.NameLabel} ({vm.Uuid}) was recovered by the pool {newest.PoolName} ({newest.PoolUuid}), whose copy has "
                + $"version {newest.Versions[vm.Uuid]} "
                + $"where this one has {vm.Version}. "
                + (isUp ? "This one is running: if the other is too, both write. Shut one of them down now." : "This one is not started any more, unless it is taken back (vm-take-back).");
            if (!pool.State.All<MessageRecord>().Any(m => m.Record.ObjUuid == vm.Uuid && m.Record.Body == body))
            {
                await pool.PostAsync(new Announcement.RecoveredElsewhere(vm.Uuid, isUp, body));
            }
        }
    }

    private async Task AnnounceUnprovenAsync()
    {
        var mine = pool.State.All<VmRecord>().Select(v => v.Record)
            .Where(v => v is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false }).ToDictionary(v => v.Uuid);
        foreach (var (uuid, standing) in trust.Standings())
        {
            if (standing is not VolumeStanding.Unproven { Why: var why } || foreign.Find(uuid) is not { } summary)
            {
                continue;
            }

            var named = summary.Versions.Where(v => mine.TryGetValue(v.Key, out var vm) && v.Value > vm.Version).Select(v => mine[v.Key])
                .OrderBy(v => v.Uuid, StringComparer.Ordinal).ToList();
            var vdi = pool.State.FindByUuid<VdiRecord>(uuid);
            if (named.Count == 0 || vdi.IsNull)
            {
                continue;
            }

            var body = $"The volume {uuid} says that the pool {summary.PoolName} ({summary.PoolUuid}) has recovered {named.Count} of this "
                + $"pool's VMs, {named[0].NameLabel} among them, but nothing proves that it is "
                + $"that pool's: {why}. No VM is held back for it. Make sure that none of them runs elsewhere; if it is genuine, say so: "
                + $"pool-param-set uuid={pool.State.Get(pool.Pool).Uuid} other-config:{MetadataTrust.KeyPrefix}{summary.PoolUuid}=KEY with "
                + "the key that the pool itself shows.";
            if (!pool.State.All<MessageRecord>().Any(m => m.Record.ObjUuid == uuid && m.Record.Body == body))
            {
                await pool.PostAsync(new Announcement.VolumeUnproven(uuid, body));
            }
        }
    }

    private async Task<(ForeignSummary Summary, long Version)?> NewestAsync(
        string vmUuid, HashSet<string?> required, CancellationToken cancellationToken)
    {
        var newest = (await LookAsync(required, cancellationToken)).Where(s => s.Versions.ContainsKey(vmUuid))
            .MaxBy(s => s.Versions[vmUuid]);
        return newest is null ? null : (newest, newest.Versions[vmUuid]);
    }

    /// <summary>What the other pools say whose volumes are on attached storage.</summary>
    private async Task<List<ForeignSummary>> LookAsync(HashSet<string?> required, CancellationToken cancellationToken)
    {
        var found = (await Task.WhenAll(pool.Hosts.Local.Attached.All.Select(sr => LookAsync(sr, required, cancellationToken))))
            .SelectMany(s => s).ToList();

        // What nothing proves stops no VM: any guest could write it. It is announced, in AnnounceAsync.
        var own = pool.State.Get(pool.Pool).Uuid;
        var standings = trust.Standings();
        found.RemoveAll(s => s.PoolUuid == own || standings.GetValueOrDefault(s.Claim.VdiUuid) is not VolumeStanding.Proven);
        return found;
    }

    private async Task<List<ForeignSummary>> LookAsync(ISr sr, HashSet<string?> required, CancellationToken cancellationToken)
    {
        var found = new List<ForeignSummary>();
        var uuid = sr.Uuid.ToString();

        // Storage that this VM does not need may be broken, or hang, without keeping it from starting: then what is known of it must do.
        var isRequired = required.Contains(uuid);
        using var limit = new CancellationTokenSource(isRequired ? Timeout.InfiniteTimeSpan : UnneededLimit, pool.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await LookHeldAsync(sr, uuid, found, either.Token);
            return found;
        }
        catch (XenApiException) when (!isRequired)
        {
            // Scans say what is wrong with it.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // As above.
        }

        return _volumes.TryGetValue(uuid, out var known)
            ? [.. known.Volumes.Where(v => !IsOwn(v)).Select(v => foreign.Find(v.Uuid.ToString())).OfType<ForeignSummary>()]
            : found;
    }

    // One at a time, for a whole tier that is started must not read the same volume once for each VM.
    private async Task LookHeldAsync(ISr sr, string uuid, List<ForeignSummary> found, CancellationToken cancellationToken)
    {
        var gate = _looking.GetOrAdd(uuid, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        try
        {
            await LookAsync(sr, found, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    // What can be read is noted before it is said that something can't be.
    private async Task LookAsync(ISr sr, List<ForeignSummary> found, CancellationToken cancellationToken)
    {
        var unreadable = new List<string>();
        foreach (var volume in (await VolumesAsync(sr, cancellationToken))
            .Where(v => !IsOwn(v) && !trust.IsListed(v.Uuid.ToString()) && !MetadataTrust.IsDisk(pool.State, v.Uuid.ToString())))
        {
            var uuid = volume.Uuid.ToString();
            if (volume.Unreadable is { } lost)
            {
                unreadable.Add($"{uuid}: {lost}");
                continue;
            }

            var mark = await sr.GetMarkAsync(volume.Uuid, cancellationToken);
            if (foreign.Known(uuid, mark) is null
                && await foreign.ReadAsync(sr, volume.Uuid, cancellationToken) is MetadataVolume.Unreadable { IsEmpty: false } bad)
            {
                unreadable.Add($"{uuid}: {bad.Reason}");
            }
            else if (foreign.Find(uuid) is { } summary)
            {
                found.Add(summary);
            }
        }

        if (unreadable.Count > 0)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"Whether another pool has recovered this VM is not known, since its metadata on the SR {sr.Uuid} can't be read "
                + $"({string.Join("; ", unreadable)}). "
                + "Have that pool write it anew, or, once you know that its copies are off for good, remove the volume (vdi-destroy).");
        }
    }

    private bool IsOwn(VdiState volume) => Row(volume)?.MetadataOfPool == pool.Pool;

    private VdiRecord? Row(VdiState volume) => pool.State.Find(pool.State.FindByUuid<VdiRecord>(volume.Uuid.ToString()));

    // What can't be read does not say what it is; then it counts what it was when it last could.
    private async Task<IReadOnlyList<VdiState>> VolumesAsync(ISr sr, CancellationToken cancellationToken)
    {
        var (uuid, mark) = (sr.Uuid.ToString(), await sr.GetMarkAsync(null, cancellationToken));
        if (_volumes.TryGetValue(uuid, out var known) && known.Mark == mark)
        {
            return known.Volumes;
        }

        var volumes = (await sr.ScanAsync(cancellationToken))
            .Where(v => v.Unreadable is null ? v.Type == Storage.VdiType.Metadata : Row(v)?.Type == XenApi.VdiType.Metadata).ToList();
        _volumes[uuid] = (mark, volumes);
        return volumes;
    }
}
