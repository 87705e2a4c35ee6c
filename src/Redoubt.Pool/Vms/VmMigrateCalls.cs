using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Moves running VMs to other hosts of the pool.
/// <code>
/// live    1 noted in current_operations
///         2 disks attached at the target, and noted in the VM where it goes
///         3 its memory and devices go there, while it runs; at last it stands still
///         4 it is noted that it is there
///         5 it runs there
///         6 what is left at the source goes
/// else    suspended at one, with its memory on storage between the two; resumed at the other
/// </code>
/// What becomes of a live move that is broken off is <see cref="Moves"/>' to say. In the other the VM is at one host or suspended at each
/// moment, so that nothing of its memory is lost.
/// </summary>
internal sealed partial class VmMigrateCalls(PoolServices pool, VmSuspendCalls suspends, Guests guests, Moves moves)
{
    /// <summary>The key of what <c>host.migrate_receive</c> answers with the host.</summary>
    public const string DestinationHost = "host";

    private const double SendingPart = 0.95;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(3);

    private readonly VmDisks _disks = new(pool);

    [Message("VM.pool_migrate")]
    public async Task PoolMigrateAsync(
        CallContext call, Ref<VmRecord> vm, Ref<HostRecord> host, ImmutableSortedDictionary<string, string> options)
    {
        pool.State.Get(host);
        VmChecks.Require(vm, pool.State.Get(vm), VmOperations.PoolMigrate, VmPowerState.Running);
        if (pool.State.Get(vm).ResidentOn != host)
        {
            await MoveAsync(call, vm, host, IsLive(options) ?? CanBeLive(vm, host));
        }
    }

    /// <summary>Says whether a VM can be moved to a host of this pool, and why not.</summary>
    [Message("VM.assert_can_migrate")]
    public async Task AssertCanMigrateAsync(
        CallContext call, Ref<VmRecord> vm, ImmutableSortedDictionary<string, string> dest, bool live,
        ImmutableSortedDictionary<Ref<VdiRecord>, Ref<SrRecord>> vdiMap,
        ImmutableSortedDictionary<Ref<VifRecord>, Ref<NetworkRecord>> vifMap,
        ImmutableSortedDictionary<string, string> options, ImmutableSortedDictionary<Ref<VgpuRecord>, Ref<GpuGroupRecord>> vgpuMap)
    {
        var state = pool.State;
        state.Get(vm);
        var host = dest.GetValueOrDefault(DestinationHost, "");
        if (state.Find(new Ref<HostRecord>(host)) is null)
        {
            throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "dest", host,
                "VMs move between the hosts of this pool, and this is none of them. To another pool they go as recovery plans have it "
                + "(dr-migrate).");
        }

        foreach (var (vdi, sr) in vdiMap.Where(m => state.Get(m.Key).Sr != m.Value))
        {
            throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "vdi_map", vdi.Opaque, "A disk stays on its SR when its VM moves, which both hosts reach.");
        }

        foreach (var (vif, network) in vifMap.Where(m => state.Get(m.Key).Network != m.Value))
        {
            throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "vif_map", vif.Opaque, "An interface stays on its network when its VM moves (vif-move).");
        }

        Require(
            vm, Placement.Of(state, vm, await pool.Hosts.LookAsync(pool.Time, call.Cancellation)), new Ref<HostRecord>(host), live);
    }

    /// <summary>Checks that a VM can be moved to a host.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="placement">Where it could run.</param>
    /// <param name="to">The host.</param>
    /// <param name="isLive">Whether while it runs.</param>
    /// <exception cref="XenApiException">Why it can't; <c>VM_REQUIRES_SR</c> also where its disks, or else its memory, would not be reached
    /// from both.</exception>
    public void Require(Ref<VmRecord> vm, Placement placement, Ref<HostRecord> to, bool isLive)
    {
        var (state, record) = (pool.State, pool.State.Get(vm));
        VmChecks.Require(vm, record, isLive ? VmOperations.PoolMigrate : VmOperations.Suspend, VmPowerState.Running);
        placement.Require(to);
        if (isLive)
        {
            foreach (var (host, hypervisor) in Hypervisors(vm, to).Where(h => h.Hypervisor is { Facts.IsEmbedded: false }))
            {
                throw new XenApiException(
                    "VM_MIGRATE_FAILED", vm.Opaque, record.ResidentOn.Opaque, to.Opaque,
                    $"The guests of {state.Get(host).NameLabel} can't move while they run: its hypervisor is {hypervisor!.Facts.Uri}, and "
                    + "not its daemon's own. Have it stand still meanwhile (vm-migrate live=false).");
            }

            var disks = record.Vbds.Select(state.Get).Where(b => b is { CurrentlyAttached: true, Empty: false });
            foreach (var local in disks.Select(b => state.Find(b.Vdi)).OfType<VdiRecord>().Where(d => !state.Get(d.Sr).Shared))
            {
                throw new XenApiException("VM_REQUIRES_SR", vm.Opaque, local.Sr.Opaque);
            }

            return;
        }

        var sr = SuspendImages.ChooseSr(state, vm, state.Get(pool.Pool), state.Get(record.ResidentOn));
        var at = Placement.PluggedAt(state, sr);
        if (!at.Contains(record.ResidentOn) || !at.Contains(to))
        {
            throw new XenApiException("VM_REQUIRES_SR", vm.Opaque, sr.Opaque);
        }
    }

    /// <summary>Moves a VM to a host. If that can't be done, it goes on where it was.</summary>
    /// <exception cref="XenApiException">It has not been moved.</exception>
    public async Task MoveAsync(CallContext call, Ref<VmRecord> vm, Ref<HostRecord> to, bool isLive)
    {
        Require(vm, Placement.Of(pool.State, vm, await pool.Hosts.LookAsync(pool.Time, call.Cancellation)), to, isLive);
        await (isLive ? MoveLiveAsync(call, vm, to) : MoveSuspendedAsync(call, vm, to));
    }

    /// <summary>Whether a VM can run on while it moves, as far as the hypervisors of both hosts go: the daemons' own.</summary>
    public bool CanBeLive(Ref<VmRecord> vm, Ref<HostRecord> to) =>
        Hypervisors(vm, to).All(h => h.Hypervisor is { Facts.IsEmbedded: true });

    // Null: it does not answer.
    private IEnumerable<(Ref<HostRecord> Host, IHypervisor? Hypervisor)> Hypervisors(Ref<VmRecord> vm, Ref<HostRecord> to) =>
        new[] { pool.State.Get(vm).ResidentOn, to }.Select(h => (h, pool.Hosts.Find(h)?.Current));

    // Null: nothing is said, and it runs on meanwhile if it can.
    private static bool? IsLive(ImmutableSortedDictionary<string, string> options) =>
        options.GetValueOrDefault("live") is not { } live
            ? null
            : bool.TryParse(live, out var isLive) ? isLive : throw new XenApiException("INVALID_VALUE", "live", live);

    private async Task MoveSuspendedAsync(CallContext call, Ref<VmRecord> vm, Ref<HostRecord> to)
    {
        var from = pool.State.Get(vm).ResidentOn;
        await suspends.SuspendAsync(call, vm);
        try
        {
            await suspends.ResumeOnAsync(call, vm, to, startPaused: false, force: false);
        }
        catch
        {
            await Undoing.TryAsync(
                pool, Cls.Vm, pool.State.Find(vm)?.Uuid ?? "",
                "The VM could not be moved to another host, and is suspended now: resume it (vm-resume).",
                () => suspends.ResumeOnAsync(
                    CallContext.OfDaemon(pool, CancellationToken.None), vm, from, startPaused: false, force: false));
            throw;
        }
    }

    private async Task MoveLiveAsync(CallContext call, Ref<VmRecord> vm, Ref<HostRecord> to)
    {
        Exception? failure = null;
        await using (await Operations.BeginAsync(
            pool.Database, call, vm, VmOperations.PoolMigrate,
            v => VmChecks.Require(vm, v, VmOperations.PoolMigrate, VmPowerState.Running)))
        {
            var record = pool.State.Get(vm);
            var (source, target, uuid) = (pool.Hosts.Of(record), pool.Hosts.At(to, record), VmRows.Uuid(record));
            if (source.Host == to)
            {
                return;
            }

            DomainPlan? plan = null;
            var isSwitched = false;
            try
            {
                plan = await PrepareAsync(call, source, target, vm);
                var consoleStart = await target.Acts.MeasureConsoleLogAsync(uuid, CancellationToken.None);
                await SendAsync(call, source, target, plan.Config);
                isSwitched = true; // As long as it is not known that it is not.
                await SwitchAsync(vm, source, target, plan, consoleStart, () => isSwitched = false);
            }
            catch (Exception e)
            {
                await (isSwitched ? LetRunAsync(target, vm) : TakeBackAsync(source, target, vm));
                failure = plan is null ? e : Explain(e, vm, source, target, plan);
            }
        }

        // What came of its guest while nobody wrote that down.
        if (pool.State.Find(vm) is { } moved && pool.Hosts.Find(Hosts.PlaceOf(moved)) is { Current: not null })
        {
            await Undoing.TryAsync(
                pool, Cls.Vm, moved.Uuid,
                "What the guest does after a move could not be seen. That is looked at when its host is found anew.",
                () => guests.RefreshAsync(VmRows.Uuid(moved), null, CancellationToken.None));
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Step 2.</summary>
    private async Task<DomainPlan> PrepareAsync(CallContext call, HostLink source, HostLink target, Ref<VmRecord> vm)
    {
        var record = pool.State.Get(vm);
        VirtualTpms.RequireOpen(pool.State, record);
        if (record.Vtpms.Count > 0 && !target.Acts.KeepsTpms)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", $"The VM {record.NameLabel} has a virtual TPM, which the hypervisor of that host gives no guest.");
        }

        var kernel = await HostPlaces.FindAsync(target, vm, record, DomainPlan.KernelOf(record), call.Cancellation);
        var isolated = await GuestNetworks.MakeBridgesAsync(
            target, record.Vifs.Select(pool.State.Get).Select(v => pool.State.Find(v.Network)).OfType<NetworkRecord>());
        var attached = await _disks.AttachAsync(target, vm, call.Cancellation, ofGuest: true);
        try
        {
            var plan = await pool.Database.WriteAsync(
                tx =>
                {
                    var made = DomainPlan.For(
                        tx.State, vm, attached.ToDictionary(d => d.Key, d => d.Value.Source), target.PathsOf(VmRows.Uuid(record)),
                        target.Hypervisor.HasBridge, isolated.Contains, paused: true, ofGuest: true);
                    if (tx.Get(vm).ResidentOn != source.Host)
                    {
                        throw new XenApiException("OPERATION_NOT_ALLOWED", "The VM is on another host by now. Repeat the command.");
                    }

                    Moves.Begin(tx, vm, target.Host);
                    return made with { Config = made.Config with { Kernel = kernel } };
                },
                call.Cancellation);
            await target.Disks.KeepAsync(plan.Config.Uuid, attached.Values);
            return plan;
        }
        catch
        {
            await GuestDisks.LetGoAsync(attached.Values);
            throw;
        }
    }

    /// <summary>Step 3. When this returns, the guest stands still at both hosts; if it fails, it goes on at the source by itself.</summary>
    private async Task SendAsync(CallContext call, HostLink source, HostLink target, DomainConfig config)
    {
        var uuid = config.Uuid;

        // What the target may have of the firmware is of an earlier time.
        await FirmwareFiles.RemoveAsync(target, uuid);
        await guests.LayFirmwareAsync(target, pool.State.FindByUuid<VmRecord>(uuid.ToString("D")));
        var guest = await source.Hypervisor.BeginMigrationAsync(uuid, call.Cancellation);
        await using var leaving = await source.OpenMigrationAsync(uuid, isArriving: false, call.Cancellation);
        await using var arriving = await target.OpenMigrationAsync(uuid, isArriving: true, call.Cancellation);
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        var receiving = target.Hypervisor.ReceiveAsync(config, guest, CancellationToken.None);
        var sending = source.Hypervisor.SendAsync(uuid, part => call.Task.ReportAsync(part * SendingPart), broken.Token);
        var carrying = leaving.CopyToAsync(arriving, 1 << 20, CancellationToken.None);
        try
        {
            // While all goes well, the target is through first, then the source is told so. Where the line ends before, the target must not
            // wait for more, and the source is about to say why.
            if (await Task.WhenAny(receiving, sending, carrying) != receiving)
            {
                await arriving.DisposeAsync();
                await sending.WaitAsync(EndLimit, pool.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await (sending.IsFaulted || sending.IsCanceled ? sending : carrying);
                throw new IOException("the line to the other host has ended");
            }

            await receiving;
            await leaving.WriteAsync(MigratingGuest.IsThere, CancellationToken.None);
            await sending;
        }
        catch (Exception first)
        {
            // Whichever failed, the others end with their line. The source knows best why, if it does.
            await broken.CancelAsync();
            await leaving.DisposeAsync();
            await arriving.DisposeAsync();
            await Task.WhenAll(sending, carrying).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await EndReceivingAsync(target, uuid, receiving);
            call.Cancellation.ThrowIfCancellationRequested();
            var why = new[] { receiving, sending }.Select(t => t.Exception?.InnerException).OfType<HypervisorException>().ToList();
            throw why.Find(e => e.Failure == HypervisorFailure.ConnectionFailed)
                ?? why.Find(e => e.Failure == HypervisorFailure.NotAnswering)
                ?? first as HypervisorException ?? why.FirstOrDefault() ?? first;
        }
    }

    // With its line it ends by itself, but where its QEMU hangs.
    private async Task EndReceivingAsync(HostLink target, Guid uuid, Task receiving)
    {
        await receiving.WaitAsync(EndLimit, pool.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!receiving.IsCompleted && target.Current is { } hypervisor)
        {
            await Undoing.TryAsync(
                pool, Cls.Vm, $"{uuid:D}",
                $"The VM is not moved; what was made of it on {pool.State.Find(target.Host)?.NameLabel} does not end.",
                () => hypervisor.DestroyAsync(uuid, CancellationToken.None));
            await receiving.WaitAsync(EndLimit, pool.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Steps 4 to 6. That the guest may run at the target is written down before it does.</summary>
    private async Task SwitchAsync(
        Ref<VmRecord> vm, HostLink source, HostLink target, DomainPlan plan, long consoleStart, Action refused)
    {
        var uuid = plan.Config.Uuid;
        await pool.Database.WriteSurelyAsync(
            tx =>
            {
                try
                {
                    Moves.Switch(tx, vm, source.Host, target.Host);
                    tx.Update(vm, v => v with
                    {
                        OtherConfig = v.OtherConfig.SetItem(ConsoleLog.StartKey, consoleStart.ToString(CultureInfo.InvariantCulture)),
                    });
                    ConsoleRows.Make(tx, vm, plan.Config, pool.Url);
                }
                catch
                {
                    refused();
                    throw;
                }
            });
        try
        {
            await target.Hypervisor.UnpauseAsync(uuid, CancellationToken.None);
        }
        catch (HypervisorException locked) when (locked.Failure == HypervisorFailure.Refused)
        {
            // The other may still have a disk locked: it goes first then.
            await moves.SettleAsync(target, vm);
        }

        await moves.NoteAsync(target, uuid);
        await Undoing.TryAsync(
            pool, Cls.Vm, $"{uuid:D}",
            $"The VM was moved, and runs; on {pool.State.Find(source.Host)?.NameLabel} its guest of before, which stands still, could not "
                + "be removed yet. That is done when the host is found anew.",
            () => moves.RemoveRemnantAsync(source, vm));
    }

    // Everything is at the target, and it runs there or nowhere.
    private Task LetRunAsync(HostLink target, Ref<VmRecord> vm) => Undoing.TryAsync(
        pool, Cls.Vm, pool.State.Find(vm)?.Uuid ?? "",
        $"The VM is on {pool.State.Find(target.Host)?.NameLabel} now, and may stand still there. "
        + "That is seen to when the host is found anew.",
        () => moves.SettleAsync(target, vm));

    private async Task TakeBackAsync(HostLink source, HostLink target, Ref<VmRecord> vm)
    {
        if (pool.State.Find(vm) is not { } record || !Moves.IsNoted(record))
        {
            return;
        }

        var name = pool.State.Find(target.Host)?.NameLabel;
        if (target.Current is not null)
        {
            await Undoing.TryAsync(
                pool, Cls.Vm, record.Uuid,
                $"The VM was not moved; what was made of it on {name} could not be removed yet. That is done when the host is found anew.",
                () => moves.RemoveRemnantAsync(target, vm));
        }

        if (source.Current is not null)
        {
            await Undoing.TryAsync(
                pool, Cls.Vm, record.Uuid,
                "The VM was not moved, and may stand still where it is. That is seen to when the host is found anew.",
                () => moves.SettleAsync(source, vm));
        }
    }

    private static Exception Explain(Exception e, Ref<VmRecord> vm, HostLink source, HostLink target, DomainPlan plan) => e switch
    {
        HypervisorException { Failure: HypervisorFailure.ConnectionFailed } lost => new XenApiException(
            lost, "HOST_OFFLINE", (source.Current is null ? source : target).Host.Opaque),
        HypervisorException { Failure: HypervisorFailure.Refused or HypervisorFailure.NotAnswering } refused => new XenApiException(
            refused, "VM_MIGRATE_FAILED", vm.Opaque, source.Host.Opaque, target.Host.Opaque, refused.Message),
        HypervisorException refused => GuestFailure.Explain(refused, vm, target.Host, plan),
        IOException broken => new XenApiException(
            broken, "VM_MIGRATE_FAILED", vm.Opaque, source.Host.Opaque, target.Host.Opaque, broken.Message),
        _ => e,
    };
}
