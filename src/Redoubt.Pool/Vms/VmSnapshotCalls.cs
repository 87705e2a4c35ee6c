using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Snapshots of VMs: their records and whole copies of their disks, all as they are at one moment.
/// <code>
/// snapshot  1 noted in current_operations
///           2 an empty disk made for each disk, noted as being made    a daemon that dies removes them when it starts again
///           3 the hypervisor copies them at one moment, the guest goes on; what no guest has is copied by its storage
///             with quiesce: the guest's agent holds still before that moment and goes on after it, in one call to the hypervisor
///             a checkpoint: noted in the VM that its guest stands still, which it does until its memory is written into an image as well
///           4 the snapshot, its drives, and the notes gone             in one transaction
/// revert    1 noted in current_operations of both
///           2 the snapshot's disks copied, noted as being made         a VM that runs does so until there are all of them
///             of a checkpoint its memory too, which so is resumed once over the disks that belong to it, however often it is reverted to
///           3 the VM is switched off
///           4 the VM as it was then, on the copies; what they replace noted for removal    in one transaction
///           5 what they replace removed
/// </code>
/// Every image stands alone, so that nothing has to be merged when a snapshot goes, and any of them can be lost without the others.
/// </summary>
internal sealed partial class VmSnapshotCalls(
    PoolServices pool, VdiCalls vdis, VmPowerCalls power, SuspendImages images, Suspensions suspensions)
{
    private const string LeftCopy =
        "A disk that was made for a snapshot, or for a revert to one, before that failed is still there: remove it (vdi-destroy).";

    private const string LeftReplaced =
        "A disk that a VM had before it was reverted to a snapshot is still there. The next start of the daemon tries again.";

    private const string LeftOfSnapshot =
        "A disk of a snapshot that has gone is still there. The next start of the daemon tries again.";

    private readonly CopiedDisks _copied = new(pool, vdis);

    [Message("VM.snapshot")]
    public Task<Ref<VmRecord>> SnapshotAsync(
        CallContext call, Ref<VmRecord> vm, string newName, ImmutableList<Ref<VdiRecord>> ignoreVdis) =>
        TakeAsync(call, vm, newName, ignoreVdis, VmOperations.Snapshot, s => s);

    /// <summary>The same of a guest whose agent holds its file systems still at that moment.</summary>
    [Message("VM.snapshot_with_quiesce")]
    public Task<Ref<VmRecord>> SnapshotWithQuiesceAsync(CallContext call, Ref<VmRecord> vm, string newName) =>
        TakeAsync(call, vm, newName, [], VmOperations.SnapshotWithQuiesce, s => s);

    /// <summary>With the guest's memory as it is at that moment, so that it can go on from there.</summary>
    [Message("VM.checkpoint")]
    public Task<Ref<VmRecord>> CheckpointAsync(CallContext call, Ref<VmRecord> vm, string newName) =>
        TakeAsync(call, vm, newName, [], VmOperations.Checkpoint, s => s);

    /// <summary>Takes a snapshot of a kind.</summary>
    /// <param name="call">The call.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="newName">The snapshot's name.</param>
    /// <param name="ignoreVdis">Disks that are left out.</param>
    /// <param name="operation">Its kind.</param>
    /// <param name="mark">What else is to be said in its record.</param>
    public async Task<Ref<VmRecord>> TakeAsync(
        CallContext call, Ref<VmRecord> vm, string newName, ImmutableList<Ref<VdiRecord>> ignoreVdis, VmOperations operation,
        Func<VmRecord, VmRecord> mark)
    {
        await using var noted = await Operations.BeginAsync(
            pool.Database, call, vm, operation, v => VmChecks.Require(vm, v, operation, [.. AllowedOperations.StatesFor(operation)]));
        var record = pool.State.Get(vm);
        var disks = CopiedDevices.Disks(pool.State, record).Except(ignoreVdis).ToList();
        var kept = new Dictionary<Ref<VdiRecord>, Ref<VdiRecord>>();
        Ref<VdiRecord> memory = default;
        var hasGuest = record.PowerState is not (VmPowerState.Halted or VmPowerState.Suspended);
        try
        {
            if (operation == VmOperations.Checkpoint)
            {
                memory = hasGuest ? await images.MakeAsync(call, vm) : await CopyMemoryAsync(call, vm);
            }

            // A drive that a VM was given while it ran is plugged when it starts again: until then its guest has not the disk.
            List<Ref<VdiRecord>> running = !hasGuest
                ? []
                : disks.Intersect(record.Vbds.Select(pool.State.Get).Where(b => b.CurrentlyAttached).Select(b => b.Vdi)).ToList();
            var at = pool.Time.GetUtcNow();
            await _copied.CopyAsync(call, [.. disks.Except(running)], default, kept);
            if (hasGuest)
            {
                at = await CopyRunningAsync(call, vm, running, kept, operation, memory);
            }

            return await pool.Database.WriteAsync(tx => Keep(tx, vm, newName, kept, memory, at, mark), call.Cancellation);
        }
        catch
        {
            await Undoing.TryAsync(
                pool, Cls.Vm, record.Uuid, "The guest stands still for a checkpoint that has failed: let it go on (vm-unpause).",
                () => suspensions.LetGoOnAsync(vm));
            await _copied.RemoveAsync(memory.IsNull ? kept.Values : kept.Values.Append(memory), LeftCopy);
            throw;
        }
    }

    private Task<Ref<VdiRecord>> CopyMemoryAsync(CallContext call, Ref<VmRecord> suspended)
    {
        images.Require(suspended);
        var image = pool.State.Get(suspended).SuspendVdi;
        return vdis.CopyAsync(call, image, pool.State.Get(image).Sr, isWhole: false, _ => Task.CompletedTask);
    }

    /// <summary>Removes a snapshot with its disks; a disk that another VM has as well stays.</summary>
    /// <exception cref="XenApiException">
    /// Its removal is blocked, or it is in use, by whoever reads one of its disks too (<c>VDI_IN_USE</c>,
    /// <c>OTHER_OPERATION_IN_PROGRESS</c>); all of it is there still.
    /// </exception>
    public async Task RemoveAsync(CallContext call, Ref<VmRecord> snapshot)
    {
        await using var noted = await Operations.BeginAsync(
            pool.Database, call, snapshot, VmOperations.Destroy,
            v => VmChecks.Require(snapshot, v, VmOperations.Destroy, VmPowerState.Halted, VmPowerState.Suspended));
        var held = new Stack<IAsyncDisposable>();
        try
        {
            foreach (var disk in OwnDisks(pool.State, snapshot))
            {
                await pool.Served.WaitUnreadAsync(disk, "destroy", call.Cancellation);
                held.Push(await Operations.BeginAsync(pool.Database, call, disk, VdiOperations.Destroy, (_, _) => { }));
            }

            var disks = await pool.Database.WriteAsync(tx => Remove(tx, snapshot), call.Cancellation);
            await _copied.RemoveAsync(disks, LeftOfSnapshot);
        }
        finally
        {
            while (held.TryPop(out var operation))
            {
                await operation.DisposeAsync();
            }
        }
    }

    [Message("VM.revert")]
    public async Task RevertAsync(CallContext call, Ref<VmRecord> snapshot)
    {
        var then = pool.State.Get(snapshot);
        var vm = then.SnapshotOf;
        if (!then.IsASnapshot || pool.State.Find(vm) is null)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", then.IsASnapshot
                    ? "The VM that this is a snapshot of is gone. Make another one of it (VM.clone)."
                    : "This is no snapshot of a VM.");
        }

        await using var noted = await Operations.BeginAsync(
            pool.Database, call, vm, VmOperations.Reverting, v => RequireRevertible(vm, v));
        await using var held = await Operations.BeginAsync(
            pool.Database, call, snapshot, VmOperations.Revert,
            v => VmChecks.Require(snapshot, v, VmOperations.Revert, VmPowerState.Halted, VmPowerState.Suspended));
        var copies = new Dictionary<Ref<VdiRecord>, Ref<VdiRecord>>();
        IReadOnlyList<Ref<VdiRecord>> replaced;
        try
        {
            then = pool.State.Get(snapshot);
            var disks = CopiedDevices.Disks(pool.State, then);
            if (then.PowerState == VmPowerState.Suspended)
            {
                images.Require(snapshot);
            }

            await _copied.CopyAsync(call, IsKept(then) ? [.. disks, then.SuspendVdi] : disks, default, copies);
            await power.SwitchOffAsync(call, vm);
            replaced = await pool.Database.WriteAsync(tx => Revert(tx, vm, snapshot, copies), call.Cancellation);
        }
        catch
        {
            await _copied.RemoveAsync(copies.Values, LeftCopy);
            throw;
        }

        await _copied.RemoveAsync(replaced, LeftReplaced);
    }

    /// <summary>One that has a guest is switched off, so whoever has blocked that has blocked this.</summary>
    private static void RequireRevertible(Ref<VmRecord> vm, VmRecord record)
    {
        VmChecks.Require(vm, record, VmOperations.Reverting, record.PowerState);
        if (record.PowerState != VmPowerState.Halted)
        {
            VmChecks.Require(vm, record, VmOperations.HardShutdown, VmPowerState.Running, VmPowerState.Paused, VmPowerState.Suspended);
        }
    }

    private async Task<DateTimeOffset> CopyRunningAsync(
        CallContext call, Ref<VmRecord> vm, List<Ref<VdiRecord>> disks, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> kept,
        VmOperations operation, Ref<VdiRecord> memory)
    {
        var state = pool.State;
        var record = state.Get(vm);
        var host = pool.Hosts.Of(record);
        var attached = new List<VdiAttachment>();
        DateTimeOffset at;
        try
        {
            var copies = new List<DiskCopy>();
            foreach (var disk in disks)
            {
                kept[disk] = await vdis.CreateLikeAsync(call, disk);
                attached.Add(await AttachAsync(host, kept[disk], call.Cancellation));
                var device = record.Vbds.Select(state.Get).First(b => b.Vdi == disk && b.CurrentlyAttached).Userdevice;
                copies.Add(new(DeviceNumber.Parse(device) ?? throw new XenApiException("INVALID_DEVICE", device), attached[^1].Source));
            }

            at = pool.Time.GetUtcNow();
            var (uuid, hypervisor) = (VmRows.Uuid(record), host.Hypervisor);
            await (operation switch
            {
                VmOperations.Checkpoint => KeepMemoryAsync(call, vm, host, memory, copies),
                VmOperations.SnapshotWithQuiesce =>
                    hypervisor.CopyQuietDisksAsync(uuid, copies, call.Task.ReportAsync, call.Cancellation),
                _ => hypervisor.CopyDisksAsync(uuid, copies, call.Task.ReportAsync, call.Cancellation),
            });
        }
        catch (HypervisorException e) when (e.Message.Contains("No space left on device", StringComparison.Ordinal))
        {
            var sr = state.Get(state.Get(memory.IsNull ? disks[0] : memory).Sr);
            var free = Math.Max(0, sr.PhysicalSize - sr.PhysicalUtilisation);
            throw new XenApiException(e, "SR_FULL", $"{disks.Sum(d => state.Get(d).PhysicalUtilisation)}", $"{free}");
        }
        catch (HypervisorException e)
        {
            throw GuestFailure.Explain(e, vm, host.Host, null);
        }
        finally
        {
            await GuestDisks.LetGoAsync(attached);
        }

        foreach (var disk in disks)
        {
            await vdis.SettleAsync(kept[disk]);
        }

        if (!memory.IsNull)
        {
            await images.SealAsync(vm, memory);
        }

        return at;
    }

    private async Task KeepMemoryAsync(
        CallContext call, Ref<VmRecord> vm, HostLink host, Ref<VdiRecord> memory, IReadOnlyList<DiskCopy> copies)
    {
        await using var device = await images.OpenAsync(host, vm, memory, call.Cancellation);
        await pool.Database.WriteAsync(
            tx =>
            {
                if (tx.Get(vm).PowerState == VmPowerState.Running)
                {
                    tx.Update(vm, v => v with { OtherConfig = v.OtherConfig.SetItem(Suspensions.HeldKey, "true") });
                }
            },
            call.Cancellation);
        await host.Hypervisor.CheckpointAsync(
            VmRows.Uuid(pool.State.Get(vm)), device.Path, copies, call.Task.ReportAsync, call.Cancellation);
    }

    /// <summary>Whether a snapshot has the memory of its VM.</summary>
    private static bool IsKept(VmRecord snapshot) => snapshot.PowerState == VmPowerState.Suspended;

    private async Task<VdiAttachment> AttachAsync(HostLink host, Ref<VdiRecord> disk, CancellationToken cancellationToken)
    {
        var vdi = pool.State.Get(disk);
        var sr = host.Attached.Get(vdi.Sr, pool.State.Get(vdi.Sr));
        var image = await sr.AttachVdiAsync(SrRows.Uuid(vdi), SrAccess.ReadWrite, cancellationToken);
        if (image.Source.LocalPath is not null)
        {
            return image;
        }

        await image.DisposeAsync();
        throw new XenApiException("SR_OPERATION_NOT_SUPPORTED", vdi.Sr.Opaque);
    }

    private static Ref<VmRecord> Keep(
        Transaction tx, Ref<VmRecord> vm, string name, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> kept, Ref<VdiRecord> memory,
        DateTimeOffset at, Func<VmRecord, VmRecord> mark)
    {
        var source = tx.Get(vm);
        var made = NewVm.Create(tx, mark(NewVm.SnapshotOf(vm, source, name, at)) with
        {
            PowerState = memory.IsNull ? VmPowerState.Halted : VmPowerState.Suspended,
            SuspendVdi = memory,
        });
        CopiedDevices.CopyDrives(tx, source, made, kept);
        CopiedDevices.CopyInterfaces(tx, source, made, keepsAddresses: true);
        VirtualTpms.Copy(tx, made, tx.State, source, isSame: true);
        foreach (var (disk, copy) in kept)
        {
            tx.Update(copy, c => c with
            {
                IsASnapshot = true,
                SnapshotOf = disk,
                SnapshotTime = at,
                CbtEnabled = tx.Get(disk).CbtEnabled,
            });
        }

        CopiedDevices.EndMaking(tx, memory.IsNull ? kept.Values : kept.Values.Append(memory));
        tx.Update(vm, v => v with { Parent = made, OtherConfig = v.OtherConfig.Remove(Suspensions.HeldKey) });
        return made;
    }

    // What nobody else has, its memory included.
    private static List<Ref<VdiRecord>> OwnDisks(DatabaseState state, Ref<VmRecord> snapshot)
    {
        var record = state.Get(snapshot);
        var disks = CopiedDevices.Disks(state, record).Where(
            d => state.Get(d).IsASnapshot && state.Get(d).Vbds.All(b => state.Get(b).Vm == snapshot)).ToList();
        if (IsKept(record) && state.Find(record.SuspendVdi) is not null)
        {
            disks.Add(record.SuspendVdi);
        }

        return disks;
    }

    /// <returns>The disks that nobody has any more.</returns>
    private static List<Ref<VdiRecord>> Remove(Transaction tx, Ref<VmRecord> snapshot)
    {
        var disks = OwnDisks(tx.State, snapshot);
        VmRows.Destroy(tx, snapshot);
        foreach (var disk in disks)
        {
            DisksInMaking.Begin(tx, tx.Get(disk).Sr, SrRows.Uuid(tx.Get(disk)));
        }

        return disks;
    }

    /// <returns>The disks that the VM has no more.</returns>
    private static List<Ref<VdiRecord>> Revert(
        Transaction tx, Ref<VmRecord> vm, Ref<VmRecord> snapshot, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> copies)
    {
        var (now, then) = (tx.Get(vm), tx.Get(snapshot));
        VmChecks.RequireState(vm, now, VmPowerState.Halted);
        if (!CopiedDevices.Disks(tx.State, then).All(copies.ContainsKey) || (IsKept(then) && !copies.ContainsKey(then.SuspendVdi)))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", "The snapshot's disks were changed while they were being copied. Revert to it again.");
        }

        // What the snapshot does not know of, as a disk that the VM was given since or one that it shares, is taken from the VM and not
        // destroyed. One that came with a recovery knows of none: storage does not keep what a disk is a snapshot of.
        var replacing = copies.Where(c => !tx.Get(c.Key).SnapshotOf.IsNull).ToDictionary(c => tx.Get(c.Key).SnapshotOf, c => c.Value);
        var replaced = CopiedDevices.Disks(tx.State, now).Where(
            d => replacing.ContainsKey(d) && tx.Get(d).Vbds.All(b => tx.Get(b).Vm == vm)).ToList();
        VmRows.DeleteDevices(tx, now);
        CopiedDevices.CopyDrives(tx, then, vm, copies);
        CopiedDevices.CopyInterfaces(tx, then, vm, keepsAddresses: true);
        VirtualTpms.Copy(tx, vm, tx.State, then, isSame: true);
        VmRows.Update(tx, vm, v => NewVm.AsItWas(tx, v, then) with
        {
            Parent = snapshot,
            PowerState = IsKept(then) ? VmPowerState.Suspended : VmPowerState.Halted,
            SuspendVdi = IsKept(then) ? copies[then.SuspendVdi] : default,
        });
        CopiedDevices.EndMaking(tx, copies.Values);
        foreach (var old in replaced)
        {
            // What has changed since a snapshot is found by reading, whatever the disk is made of.
            tx.Update(replacing[old], n => n with { CbtEnabled = tx.Get(old).CbtEnabled });
            foreach (var other in tx.Get(old).Snapshots)
            {
                tx.Update(other, s => s with { SnapshotOf = replacing[old] });
            }

            DisksInMaking.Begin(tx, tx.Get(old).Sr, SrRows.Uuid(tx.Get(old)));
        }

        return replaced;
    }
}
