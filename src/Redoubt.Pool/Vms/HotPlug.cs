using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Gives running guests devices, and takes some from them.
/// <code>
/// plug     1 noted in current_operations   the VM runs, nothing else is under way with it
///          2 the disk attached             let go again whatever fails
///          3 marked attached               with the check that no other VM has the disk
///          4 the guest is given it         if not, 3 is taken back
/// unplug   1 noted, 4 the guest lets it go, 3 marked, 2 let go
/// </code>
/// So a guest never has a device that its record does not say it has. A daemon that dies in between, and a guest that lets a device go
/// long after it was asked, leave records that say more: they are held true to the guest by <see cref="SettleAsync"/>.
/// </summary>
internal sealed class HotPlug(PoolServices pool)
{
    private readonly VmDisks _disks = new(pool);
    private readonly ILogger _log = pool.Loggers.CreateLogger<HotPlug>();

    /// <summary>Gives the VM's guest a disk, or, of a CD drive that it has, what is to be in it.</summary>
    /// <param name="call">The call.</param>
    /// <param name="reference">The drive.</param>
    /// <param name="like">What the drive is to be when it has it: with the disk that is to be in it.</param>
    /// <exception cref="XenApiException">It has not got it, and nothing has changed.</exception>
    public async Task GiveAsync(CallContext call, Ref<VbdRecord> reference, VbdRecord like)
    {
        var (vm, before) = (pool.State.Get(like.Vm), pool.State.Get(reference));
        var (at, uuid) = (pool.Hosts.Of(vm), VmRows.Uuid(vm));
        VdiAttachment? attached = null;
        try
        {
            var hypervisor = at.Hypervisor;
            attached = await _disks.AttachAsync(at, like, call.Cancellation);
            var source = attached.Source;
            await pool.Database.WriteAsync(
                tx =>
                {
                    VmChecks.RequireState(like.Vm, tx.Get(like.Vm), VmPowerState.Running, VmPowerState.Paused);
                    VmDisks.RequireFree(tx.State, tx.Get(reference) with { Vdi = like.Vdi, Empty = false }, "VBD.plug");
                    DeviceRows.Update(tx, reference, b => b with { Vdi = like.Vdi, Empty = false, CurrentlyAttached = true });
                },
                call.Cancellation);
            at.Disks.Add(uuid, attached);
            attached = null;
            var drive = DomainPlan.Drive(vm, like, new Dictionary<Ref<VdiRecord>, DiskSource> { [like.Vdi] = source });
            try
            {
                // One at a time of each guest: what QEMU is handed for one it must not take for the other.
                using var turn = await pool.Gates.EnterAsync(vm.Uuid, CancellationToken.None);

                // Not with the caller's token: what the hypervisor has begun it ends, and then it must be written down.
                await (drive.IsCdrom
                    ? hypervisor.ChangeMediumAsync(uuid, drive, CancellationToken.None)
                    : hypervisor.PlugDiskAsync(uuid, drive, CancellationToken.None));
            }
            catch (HypervisorException refused) when (refused.Failure != HypervisorFailure.NotAnswering)
            {
                await pool.Database.WriteSurelyAsync(tx => TakeBack(tx, reference, before));
                await at.Disks.PruneAsync(pool, uuid);
                throw Explain(refused, at, like.Vm, reference.Opaque, like.Vdi);
            }
            catch (HypervisorException silent)
            {
                // Whether the guest will have it is not known: it stays marked, until the guest can be asked.
                throw Explain(silent, at, like.Vm, reference.Opaque, like.Vdi);
            }
        }
        finally
        {
            if (attached is not null)
            {
                await attached.DisposeAsync();
            }
        }
    }

    /// <summary>Has the VM's guest let a disk go, or what is in a CD drive of it.</summary>
    /// <exception cref="XenApiException">
    /// <c>DEVICE_DETACH_REJECTED</c>, <c>DEVICE_DETACH_TIMEOUT</c>: the guest still has it, and nothing has changed.
    /// </exception>
    public async Task TakeAsync(CallContext call, Ref<VbdRecord> reference)
    {
        var drive = pool.State.Get(reference);
        var (at, vm) = (pool.Hosts.Of(pool.State.Get(drive.Vm)), pool.State.Get(drive.Vm));
        var (uuid, isCd) = (VmRows.Uuid(vm), drive.Type == VbdType.Cd);
        var disk = DomainPlan.Drive(vm, drive with { Vdi = default, Empty = true }, new Dictionary<Ref<VdiRecord>, DiskSource>());
        var result = UnplugResult.Gone;
        try
        {
            if (isCd)
            {
                await at.Hypervisor.ChangeMediumAsync(uuid, disk, CancellationToken.None);
            }
            else
            {
                result = await at.Hypervisor.UnplugDiskAsync(uuid, disk, call.Cancellation);
            }
        }
        catch (HypervisorException refused)
        {
            throw Explain(refused, at, drive.Vm, reference.Opaque, drive.Vdi);
        }

        Require(result, "VBD", reference.Opaque);
        await pool.Database.WriteSurelyAsync(
            tx =>
            {
                if (tx.Find(reference) is not null)
                {
                    DeviceRows.Update(
                        tx, reference, b => isCd ? b with { Vdi = default, Empty = true } : b with { CurrentlyAttached = false });
                }
            });
        await at.Disks.PruneAsync(pool, uuid);
    }

    /// <summary>Gives the VM's guest a network interface.</summary>
    /// <exception cref="XenApiException">It has not got it, and nothing has changed.</exception>
    public async Task GiveAsync(Ref<VifRecord> reference)
    {
        var vif = pool.State.Get(reference);
        var (at, vm) = (pool.Hosts.Of(pool.State.Get(vif.Vm)), pool.State.Get(vif.Vm));
        var nic = await NicAsync(at, vif);
        await pool.Database.WriteAsync(
            tx =>
            {
                VmChecks.RequireState(vif.Vm, tx.Get(vif.Vm), VmPowerState.Running, VmPowerState.Paused);
                DeviceRows.Update(tx, reference, v => v with { CurrentlyAttached = true });
            },
            CancellationToken.None);
        try
        {
            await at.Hypervisor.PlugNicAsync(VmRows.Uuid(vm), nic, CancellationToken.None);
        }
        catch (HypervisorException refused)
        {
            if (refused.Failure != HypervisorFailure.NotAnswering)
            {
                await pool.Database.WriteSurelyAsync(
                    tx =>
                    {
                        if (tx.Find(reference) is not null)
                        {
                            DeviceRows.Update(tx, reference, v => v with { CurrentlyAttached = false });
                        }
                    });
            }

            throw Explain(refused, at, vif.Vm, reference.Opaque, default);
        }
    }

    /// <summary>Has the VM's guest let a network interface go.</summary>
    /// <inheritdoc cref="TakeAsync(CallContext, Ref{VbdRecord})" path="/exception"/>
    public async Task TakeAsync(CallContext call, Ref<VifRecord> reference)
    {
        var vif = pool.State.Get(reference);
        var (at, vm) = (pool.Hosts.Of(pool.State.Get(vif.Vm)), pool.State.Get(vif.Vm));
        try
        {
            var nic = await NicAsync(at, vif);
            Require(await at.Hypervisor.UnplugNicAsync(VmRows.Uuid(vm), nic, call.Cancellation), "VIF", reference.Opaque);
        }
        catch (HypervisorException refused)
        {
            throw Explain(refused, at, vif.Vm, reference.Opaque, default);
        }

        await pool.Database.WriteSurelyAsync(
            tx =>
            {
                if (tx.Find(reference) is not null)
                {
                    DeviceRows.Update(tx, reference, v => v with { CurrentlyAttached = false });
                }
            });
    }

    /// <summary>Connects a network interface that the VM's guest has to another network, and writes that down.</summary>
    /// <exception cref="XenApiException">It is where it was.</exception>
    public async Task MoveAsync(Ref<VifRecord> reference, Ref<NetworkRecord> network)
    {
        var vif = pool.State.Get(reference);
        var (at, vm) = (pool.Hosts.Of(pool.State.Get(vif.Vm)), pool.State.Get(vif.Vm));
        var nic = await NicAsync(at, vif with { Network = network });
        if ((await NicAsync(at, vif)).Segment is not null)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "The interface is on an internal network that is a segment of QEMU's own here, from which no running guest can be moved. "
                    + "Shut the VM down for it.");
        }

        await pool.Database.WriteAsync(tx => tx.Update(reference, v => v with { Network = network }), CancellationToken.None);
        try
        {
            await at.Hypervisor.MoveNicAsync(VmRows.Uuid(vm), nic, CancellationToken.None);
        }
        catch (HypervisorException refused)
        {
            if (refused.Failure != HypervisorFailure.NotAnswering)
            {
                await pool.Database.WriteSurelyAsync(
                    tx =>
                    {
                        if (tx.Find(reference) is not null)
                        {
                            tx.Update(reference, v => v with { Network = vif.Network });
                        }
                    });
            }

            throw Explain(refused, at, vif.Vm, reference.Opaque, default);
        }
    }

    /// <summary>
    /// Holds the records of a VM's devices true to its guest: what is marked attached, and the guest has not, is marked so no more. What is
    /// being done with a device is left to whoever does it.
    /// </summary>
    public async Task SettleAsync(HostLink at, Guid uuid, CancellationToken cancellationToken)
    {
        var reference = pool.State.FindByUuid<VmRecord>(uuid.ToString("D"));
        if (pool.State.Find(reference) is not { } vm || !IsQuiet(vm) || !pool.Hosts.IsAt(at, vm))
        {
            return;
        }

        var vbds = vm.Vbds.Select(b => (Ref: b, Before: pool.State.Get(b)))
            .Where(b => b.Before is { CurrentlyAttached: true, CurrentOperations.IsEmpty: true }).ToList();
        var vifs = vm.Vifs.Select(v => (Ref: v, Before: pool.State.Get(v)))
            .Where(v => v.Before is { CurrentlyAttached: true, CurrentOperations.IsEmpty: true }).ToList();
        if (await at.Hypervisor.FindDevicesAsync(uuid, cancellationToken) is not { } found)
        {
            return;
        }

        await pool.Database.WriteAsync(
            tx =>
            {
                if (tx.Find(reference) is not { } now || !IsQuiet(now))
                {
                    return;
                }

                foreach (var (vbd, before) in vbds.Where(b => Unchanged(tx.Find(b.Ref), b.Before)))
                {
                    var slot = DeviceNumber.Parse(before.Userdevice) ?? -1;
                    if (before.Type == VbdType.Cd ? !found.Cdroms.ContainsKey(slot) : !found.Disks.Contains(slot))
                    {
                        DeviceRows.Update(tx, vbd, b => b with { CurrentlyAttached = false });
                    }
                    else if (before is { Type: VbdType.Cd, Empty: false } && !found.Cdroms[slot])
                    {
                        DeviceRows.Update(tx, vbd, b => b with { Vdi = default, Empty = true });
                    }
                }

                foreach (var (vif, before) in vifs.Where(v => Unchanged(tx.Find(v.Ref), v.Before)))
                {
                    if (!found.Macs.Contains(before.Mac.ToLowerInvariant()))
                    {
                        DeviceRows.Update(tx, vif, v => v with { CurrentlyAttached = false });
                    }
                }
            },
            cancellationToken);
        await at.Disks.PruneAsync(pool, uuid);
    }

    /// <summary>The same for every VM with a guest at a host that answered when the host was opened.</summary>
    public async Task SettleAllAsync(HostLink at, CancellationToken cancellationToken)
    {
        foreach (var uuid in pool.State.All<VmRecord>().Where(v => IsQuiet(v.Record)).Select(v => VmRows.Uuid(v.Record))
            .Where(v => !at.Hypervisor.Silent.Contains(v)).ToList())
        {
            await SettleIfToldAsync(at, uuid, cancellationToken);
        }
    }

    /// <summary>The same of one VM; if its guest can't be asked, its records stay as they were last seen.</summary>
    public async Task SettleIfToldAsync(HostLink at, Guid uuid, CancellationToken cancellationToken)
    {
        try
        {
            await SettleAsync(at, uuid, cancellationToken);
        }
        catch (HypervisorException silent) when (silent.Failure is HypervisorFailure.NotAnswering or HypervisorFailure.Refused)
        {
            // One guest must not keep the others from being taken up.
            _log.LogWarning("Which devices guest {Uuid} has could not be asked: {Message}", uuid, silent.Message);
        }
    }

    // One that restarts is the same guest, and lets go then what it had not: nobody gives it anything or takes anything from it meanwhile.
    private static bool IsQuiet(VmRecord vm) => vm is
    {
        PowerState: VmPowerState.Running or VmPowerState.Paused, IsControlDomain: false, IsASnapshot: false,
    } && vm.CurrentOperations.Values.All(o => o is VmOperations.CleanReboot or VmOperations.HardReboot);

    private static bool Unchanged(VbdRecord? now, VbdRecord before) => now is { CurrentlyAttached: true, CurrentOperations.IsEmpty: true }
        && now.Userdevice == before.Userdevice && now.Vdi == before.Vdi;

    private static bool Unchanged(VifRecord? now, VifRecord before) =>
        now is { CurrentlyAttached: true, CurrentOperations.IsEmpty: true } && now.Network == before.Network;

    private static void TakeBack(Database.Transaction tx, Ref<VbdRecord> reference, VbdRecord before)
    {
        if (tx.Find(reference) is not null)
        {
            // A guest that has ended meanwhile has no drive any more, whatever it had before.
            DeviceRows.Update(
                tx, reference,
                b => b with
                {
                    Vdi = before.Vdi,
                    Empty = before.Empty,
                    CurrentlyAttached = b.CurrentlyAttached && before.CurrentlyAttached,
                });
        }
    }

    private async Task<DomainNic> NicAsync(HostLink at, VifRecord vif)
    {
        var network = pool.State.Find(vif.Network);
        var isolated = network is null ? [] : await GuestNetworks.MakeBridgesAsync(at, [network]);
        var nic = DomainPlan.Nic(vif, network, at.Hypervisor.HasBridge, isolated.Contains);
        return nic.Bridge is not null || nic.Segment is not null ? nic : throw new XenApiException(
            "OPERATION_NOT_ALLOWED",
            network is null
                ? "The network of the interface is not known here. Move the interface to a network of this pool (vif-move)."
                : $"The host has no bridge {network.Bridge}, which the network {network.NameLabel} ({network.Uuid}) names. Create it "
                    + $"(ip link add {network.Bridge} type bridge), or move the interface to another network (vif-move).");
    }

    private static void Require(UnplugResult result, string kind, string reference)
    {
        switch (result)
        {
            case UnplugResult.Gone:
                break;
            case UnplugResult.Rejected:
                throw new XenApiException("DEVICE_DETACH_REJECTED", kind, reference, "The guest refuses to let it go.");
            case UnplugResult.Unanswered:
                throw new XenApiException("DEVICE_DETACH_TIMEOUT", kind, reference);
            default:
                throw new InvalidOperationException($"unknown result {result}");
        }
    }

    private static XenApiException Explain(
        HypervisorException e, HostLink at, Ref<VmRecord> vm, string reference, Ref<VdiRecord> disk) => e.Failure switch
        {
            HypervisorFailure.DriveLocked => new(e, "VBD_TRAY_LOCKED", reference),
            HypervisorFailure.DiskInUse when !disk.IsNull => new(e, "VDI_IN_USE", disk.Opaque, "VBD.plug"),
            HypervisorFailure.DiskUnreadable when !disk.IsNull => new(e, "VDI_NOT_AVAILABLE", disk.Opaque),
            _ => GuestFailure.Explain(e, vm, at.Host, null),
        };
}
