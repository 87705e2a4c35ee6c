using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The disks that hold the memory of suspended VMs: raw ones, for the hypervisor writes its own format into them. They lie beside the VM's
/// disks, so that whatever copies those to another site copies this too.
/// </summary>
internal sealed class SuspendImages(PoolServices pool, VdiCalls vdis)
{
    /// <summary>The key of <c>VDI.other_config</c> with the UUID of the VM that an image was made for here, or resumed from here.</summary>
    public const string OwnerKey = "suspend-image-of";

    /// <summary>
    /// What a saved guest takes beyond its memory: its devices and its description. The memory of the screen is the largest part.
    /// </summary>
    private const long BeyondMemoryBytes = 64 << 20;

    private readonly VmDisks _disks = new(pool);

    /// <summary>
    /// The SR for a VM's image: what somebody chose for the VM, the pool or the host; else the one with its first disk; else the pool's
    /// default. A copy made by a test keeps to its own disks. Pure.
    /// </summary>
    /// <exception cref="XenApiException"><c>VM_NO_SUSPEND_SR</c>.</exception>
    public static Ref<SrRecord> ChooseSr(DatabaseState state, Ref<VmRecord> reference, PoolRecord pool, HostRecord host)
    {
        var vm = state.Get(reference);
        Ref<SrRecord>[] chosen = TestMarks.IsOfTest(vm.OtherConfig) ? [] : [vm.SuspendSr, pool.SuspendImageSr, host.SuspendImageSr];
        var first = vm.Vbds.Select(state.Get).Where(b => b is { Type: VbdType.Disk, Empty: false } && state.Find(b.Vdi) is not null)
            .OrderBy(b => DeviceNumber.Parse(b.Userdevice)).Select(b => state.Get(b.Vdi).Sr).FirstOrDefault();
        var sr = chosen.Append(first).Append(pool.DefaultSr).FirstOrDefault(s => state.Find(s) is not null);
        return sr.IsNull ? throw new XenApiException("VM_NO_SUSPEND_SR", reference.Opaque) : sr;
    }

    /// <summary>Makes the image that a VM is to be suspended into, and notes it in the VM.</summary>
    /// <exception cref="XenApiException"><c>VM_NO_SUSPEND_SR</c>, <c>SR_FULL</c>, or what keeps the SR from having it; nothing has
    /// changed.</exception>
    public async Task<(Ref<VdiRecord> Vdi, VdiDevice Device)> CreateAsync(CallContext call, Ref<VmRecord> reference)
    {
        var vm = pool.State.Get(reference);
        var empty = await DescribeAsync(call, reference);
        var image = await vdis.CreateAsync(call, empty with
        {
            NameLabel = $"{vm.NameLabel}, suspended",
            NameDescription = "The memory of a suspended VM. It goes when the VM is resumed or shut down.",
            OtherConfig = VdiRecordDefaults.NoConfig.Add(OwnerKey, vm.Uuid),
        });
        try
        {
            var device = await _disks.OpenAsync(pool.Hosts.Of(vm), reference, image, call.Cancellation);
            try
            {
                await pool.Database.WriteAsync(tx => tx.Update(reference, v => v with { SuspendVdi = image }), call.Cancellation);
                return (image, device);
            }
            catch
            {
                await device.DisposeAsync();
                throw;
            }
        }
        catch
        {
            await Undoing.TryAsync(
                pool, Cls.Vdi, pool.State.Find(image)?.Uuid ?? "",
                "The disk that a VM was to be suspended into is still there: remove it (vdi-destroy).",
                () => RemoveAsync(image));
            throw;
        }
    }

    /// <summary>
    /// Makes the image that the memory of a VM is kept in while it runs on; it stays noted as being made (<see cref="DisksInMaking"/>)
    /// until the caller ends that.
    /// </summary>
    /// <inheritdoc cref="CreateAsync" path="/exception"/>
    public async Task<Ref<VdiRecord>> MakeAsync(CallContext call, Ref<VmRecord> reference) => await vdis.CreateAsync(
        call,
        await DescribeAsync(call, reference) with
        {
            NameLabel = $"{pool.State.Get(reference).NameLabel}, checkpoint",
            NameDescription = "The memory of a VM at the moment of a checkpoint. It goes with that.",
        },
        isWhole: false);

    /// <summary>Checks that a suspended VM has an image.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>.</exception>
    public void Require(Ref<VmRecord> reference)
    {
        if (pool.State.Get(reference) is var vm && pool.State.Find(vm.SuspendVdi) is null)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The pool does not know where the suspended state of {vm.NameLabel} ({vm.Uuid}) is. Shut it down (vm-shutdown --force), "
                    + "then start it from its disks.");
        }
    }

    /// <summary>Gives the bytes of a suspended VM's image at a host.</summary>
    /// <exception cref="XenApiException"><c>VM_REQUIRES_SR</c>, <c>VDI_MISSING</c>, <c>OPERATION_NOT_ALLOWED</c>.</exception>
    public Task<VdiDevice> OpenAsync(HostLink at, Ref<VmRecord> reference, CancellationToken cancellationToken)
    {
        Require(reference);
        return _disks.OpenAsync(at, reference, pool.State.Get(reference).SuspendVdi, cancellationToken);
    }

    /// <summary>Gives the bytes of an image that a VM does not have yet.</summary>
    /// <inheritdoc cref="OpenAsync(HostLink, Ref{VmRecord}, CancellationToken)" path="/exception"/>
    public Task<VdiDevice> OpenAsync(HostLink at, Ref<VmRecord> reference, Ref<VdiRecord> image, CancellationToken cancellationToken) =>
        _disks.OpenAsync(at, reference, image, cancellationToken);

    /// <summary>Whether a VM's image holds its whole memory; null: the storage can't be looked at now.</summary>
    public async Task<bool?> IsWholeAsync(Ref<VmRecord> reference)
    {
        try
        {
            var at = pool.Hosts.Of(pool.State.Get(reference));
            await using var device = await OpenAsync(at, reference, CancellationToken.None);
            return await at.Hypervisor.IsSavedAsync(device.Path, CancellationToken.None);
        }
        catch (XenApiException e)
        {
            return e.Code == "VDI_MISSING" || pool.State.Find(pool.State.Get(reference).SuspendVdi) is null ? false : null;
        }
    }

    /// <summary>Makes the content of an image of a VM's memory durable, and notes its size.</summary>
    public async Task SealAsync(Ref<VmRecord> reference, Ref<VdiRecord> image)
    {
        var at = pool.Hosts.Of(pool.State.Get(reference));
        await using (var device = await OpenAsync(at, reference, image, CancellationToken.None))
        {
            await at.Acts.FlushAsync(device.Path, CancellationToken.None);
        }

        var record = pool.State.Get(image);
        var now = await pool.Hosts.Attached(record.Sr, pool.State.Get(record.Sr))
            .StatVdiAsync(SrRows.Uuid(record), CancellationToken.None);
        await pool.Database.WriteAsync(tx => VdiRows.Resize(tx, image, now.VirtualSizeBytes, now.VirtualSizeBytes), CancellationToken.None);
    }

    /// <summary>Notes that a VM will never be resumed from its image again, whatever happens next. Nothing if it has none.</summary>
    public static void GiveUp(Transaction tx, Ref<VmRecord> reference)
    {
        var vm = tx.Get(reference);
        if (tx.Find(vm.SuspendVdi) is not null)
        {
            tx.Update(vm.SuspendVdi, v => v with { OtherConfig = v.OtherConfig.SetItem(OwnerKey, vm.Uuid) });
        }

        tx.Update(reference, v => v with { SuspendVdi = default });
    }

    /// <summary>The images that were given up and are still there.</summary>
    public static IReadOnlyList<(Ref<VdiRecord> Ref, VdiRecord Record)> GivenUp(DatabaseState state)
    {
        var held = state.All<VmRecord>().Select(v => v.Record.SuspendVdi).ToHashSet();
        return
        [
            .. state.All<VdiRecord>().Where(v => v.Record.Type == XenApi.VdiType.Suspend && v.Record.OtherConfig.ContainsKey(OwnerKey)
                && !held.Contains(v.Ref)),
        ];
    }

    /// <summary>
    /// Removes an image that was given up. If that can't be done now, people are told, and the daemon tries again when it starts: what the
    /// VM does next does not depend on it.
    /// </summary>
    public async Task RemoveAsync(Ref<VdiRecord> image)
    {
        if (pool.State.Find(image) is not { } record)
        {
            return;
        }

        try
        {
            await vdis.RemoveAsync(image, CancellationToken.None);
        }
        catch (XenApiException e)
        {
            await pool.PostAsync(new Announcement.SuspendImageLeft(record.Uuid, $"{record.NameLabel} ({record.Uuid})", e.Message));
        }
    }

    // An empty one, with room for all of the VM's memory.
    private async Task<VdiRecord> DescribeAsync(CallContext call, Ref<VmRecord> reference)
    {
        var (state, vm) = (pool.State, pool.State.Get(reference));
        var sr = ChooseSr(state, reference, state.Get(pool.Pool), state.Get(pool.Hosts.Of(vm).Host));
        await RequireSpaceAsync(sr, vm, call.Cancellation);
        return new()
        {
            Sr = sr,
            VirtualSize = vm.MemoryStaticMax + BeyondMemoryBytes,
            Type = XenApi.VdiType.Suspend,
            SmConfig = VdiRecordDefaults.RawSmConfig,
        };
    }

    /// <summary>A full SR would stop every guest that writes to it; rather than find that out, the VM keeps running.</summary>
    private async Task RequireSpaceAsync(Ref<SrRecord> sr, VmRecord vm, CancellationToken cancellationToken)
    {
        var stat = await pool.Hosts.Attached(sr, pool.State.Get(sr)).StatAsync(cancellationToken);
        var (free, needed) = (stat.PhysicalSizeBytes - stat.PhysicalUtilisationBytes, vm.MemoryTarget + BeyondMemoryBytes);
        if (needed > free)
        {
            throw new XenApiException("SR_FULL", $"{needed}", $"{free}");
        }
    }
}
