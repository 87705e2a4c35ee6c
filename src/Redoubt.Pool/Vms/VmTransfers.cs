using Redoubt.Database.Archive;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// VMs with their disks out of the pool and into it, in the form of XenServer's <c>vm-export</c> (XVA), as streams.
/// <code>
/// import  1 the VMs read, which come first
///         2 for each disk that comes one made, noted as being made, and filled
///         3 the VMs made on those disks, and the notes taken away, in one transaction
/// </code>
/// Whatever breaks off before 3 leaves nothing: what was made is removed, by the next daemon if this one dies.
/// </summary>
public sealed class VmTransfers
{
    private readonly PoolServices _pool;
    private readonly VdiCalls _vdis;
    private readonly VmMetadata _metadata;

    internal VmTransfers(PoolServices pool, VdiCalls vdis, VmMetadata metadata) => (_pool, _vdis, _metadata) = (pool, vdis, metadata);

    /// <summary>Writes VMs that are halted, and snapshots, with their disks.</summary>
    /// <param name="call">The call.</param>
    /// <param name="vms">Which.</param>
    /// <param name="target">Where to.</param>
    /// <exception cref="XenApiException">One is not halted, or its storage fails.</exception>
    public async Task ExportAsync(CallContext call, IReadOnlyList<Ref<VmRecord>> vms, Stream target)
    {
        var held = new Stack<IAsyncDisposable>();
        try
        {
            foreach (var vm in vms)
            {
                held.Push(await Operations.BeginAsync(
                    _pool.Database, call, vm, VmOperations.Export, v => VmChecks.Require(vm, v, VmOperations.Export, VmPowerState.Halted)));
            }

            var state = _pool.State;
            var writer = new XvaWriter(target);
            await using var scratch = _pool.OpenScratch("export");
            var disks = await writer.WriteVmsAsync(state, vms, _pool.Time.GetUtcNow(), scratch, _pool.KeyRing, call.Cancellation);
            foreach (var (name, vdi) in disks)
            {
                VdiRows.RequireNoMetadata(vdi, state.Get(vdi));
                await using var reading = await Operations.BeginAsync(
                    _pool.Database, call, vdi, VdiOperations.Copy, (now, _) => VdiRows.RequireUnused(now, vdi, "export"));
                await using var content = await _vdis.ExportAsync(call, vdi, DiskFormat.Raw);
                await writer.WriteDiskAsync(name, content, state.Get(vdi).VirtualSize, call.Cancellation);
            }

            await writer.EndAsync(call.Cancellation);
        }
        finally
        {
            while (held.TryPop(out var one))
            {
                await one.DisposeAsync();
            }
        }
    }

    /// <summary>Makes the VMs of an archive with the disks that are in it, all or none.</summary>
    /// <param name="call">The call.</param>
    /// <param name="archive">The archive; read no further than it goes.</param>
    /// <param name="how">How.</param>
    /// <param name="sr">Where the disks are to lie; null: on the pool's default SR.</param>
    /// <exception cref="XenApiException">It is no archive, is damaged or breaks off, or there is no room: nothing is left.</exception>
    public async Task<VmImportOutcome> ImportAsync(CallContext call, Stream archive, VmImport how, Ref<SrRecord> sr)
    {
        var target = Target(sr);
        using var reader = new XvaReader(archive) { IgnoresChecksums = how.Force };
        VmArchive read;
        await using (var scratch = _pool.OpenScratch("import"))
        {
            read = await reader.ReadVmsAsync(scratch, call.Cancellation);
        }

        var state = _pool.KeyRing.Open(VmArchive.Open([read]));
        var wanted = VmArchive.Vms(state).SelectMany(vm => XvaWriter.DisksOf(state, state.Get(vm))).ToHashSet();
        RequireTold(wanted.Select(state.Get));
        var made = new Dictionary<Ref<VdiRecord>, Ref<VdiRecord>>();
        try
        {
            while (await reader.NextDiskAsync(call.Cancellation) is { } name)
            {
                var theirs = new Ref<VdiRecord>(read.References.GetValueOrDefault(name, RefText.Null));
                if (state.Find(theirs) is not { } vdi || made.ContainsKey(theirs))
                {
                    throw new XenApiException("IMPORT_ERROR_UNEXPECTED_FILE", "a disk of the VMs", XmlText.Clean(name));
                }

                await using var content = reader.OpenDisk(name, vdi.VirtualSize);
                if (wanted.Contains(theirs))
                {
                    made[theirs] = await _vdis.CreateAsync(call, Like(vdi, target), isWhole: false);
                    await _vdis.ImportAsync(call, made[theirs], content, DiskFormat.Raw);
                }
                else
                {
                    // The memory of a VM that was suspended: it fits the processor that it was made on.
                    await content.CopyToAsync(Stream.Null, call.Cancellation);
                }
            }

            if (wanted.Any(d => !made.ContainsKey(d)))
            {
                throw new XenApiException("IMPORT_ERROR_PREMATURE_EOF");
            }

            var disks = made.ToDictionary(d => state.Get(d.Key).Uuid, d => _pool.State.Get(d.Value).Uuid);
            return await _metadata.MakeAsync(
                state, how with { Disks = how.Disks.SetItems(disks) }, tx => CopiedDevices.EndMaking(tx, made.Values), call.Cancellation);
        }
        catch
        {
            foreach (var disk in made.Values)
            {
                await Undoing.TryAsync(
                    _pool, Cls.Vdi, _pool.State.Find(disk)?.Uuid ?? "",
                    "A disk of a VM whose import failed is still there: remove it (vdi-destroy).",
                    () => _vdis.RemoveAsync(disk, CancellationToken.None));
            }

            throw;
        }
    }

    private Ref<SrRecord> Target(Ref<SrRecord> asked)
    {
        var sr = asked.IsNull ? _pool.State.Get(_pool.Pool).DefaultSr : asked;
        if (_pool.State.Find(sr) is not { } record)
        {
            throw new XenApiException("DEFAULT_SR_NOT_FOUND", sr.Opaque);
        }

        if (record.ContentType == "iso")
        {
            throw new XenApiException("SR_OPERATION_NOT_SUPPORTED", sr.Opaque);
        }

        SrRows.Writable(_pool, sr);
        return sr;
    }

    // By their UUIDs the VMs are told which disks are theirs.
    private static void RequireTold(IEnumerable<VdiRecord> disks)
    {
        if (disks.GroupBy(d => d.Uuid).FirstOrDefault(same => same.Key.Length == 0 || same.Count() > 1) is { } wrong)
        {
            throw new XenApiException("IMPORT_ERROR", $"the file is damaged: {wrong.Count()} of its disks have the UUID '{wrong.Key}'");
        }
    }

    private static VdiRecord Like(VdiRecord theirs, Ref<SrRecord> sr) => new()
    {
        NameLabel = theirs.NameLabel,
        NameDescription = theirs.NameDescription,
        Sr = sr,
        VirtualSize = theirs.VirtualSize,
        Type = theirs.Type is XenApi.VdiType.System or XenApi.VdiType.Ephemeral ? theirs.Type : XenApi.VdiType.User,
        Sharable = theirs.Sharable,
        ReadOnly = theirs.ReadOnly,
        OtherConfig = theirs.OtherConfig,
        XenstoreData = theirs.XenstoreData,
        Tags = theirs.Tags,
    };
}
