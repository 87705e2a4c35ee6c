using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Moves running VMs to other hosts of the pool, with their memory on storage between the two: suspended at one, resumed at the other. At
/// each moment the VM is at one host or suspended, so that whatever breaks off leaves one of it, and nothing of its memory is lost.
/// </summary>
internal sealed partial class VmMigrateCalls(PoolServices pool, VmSuspendCalls suspends)
{
    [Message("VM.pool_migrate")]
    public async Task PoolMigrateAsync(
        CallContext call, Ref<VmRecord> vm, Ref<HostRecord> host, ImmutableSortedDictionary<string, string> options)
    {
        pool.State.Get(host);
        if (options.GetValueOrDefault("live") is { } live && (!bool.TryParse(live, out var isLive) || isLive))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "VMs do not move between hosts live here: their memory goes by storage, and the guest stands still as long as that takes. "
                + "Repeat this with live=false if it may.");
        }

        VmChecks.Require(vm, pool.State.Get(vm), VmOperations.PoolMigrate, VmPowerState.Running);
        if (pool.State.Get(vm).ResidentOn != host)
        {
            await MoveAsync(call, vm, host);
        }
    }

    /// <summary>Checks that a VM can be moved to a host.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="placement">Where it could run.</param>
    /// <param name="to">The host.</param>
    /// <exception cref="XenApiException">Why it can't; <c>VM_REQUIRES_SR</c> also where its memory would not be reached from
    /// both.</exception>
    public void Require(Ref<VmRecord> vm, Placement placement, Ref<HostRecord> to)
    {
        var (state, record) = (pool.State, pool.State.Get(vm));
        VmChecks.Require(vm, record, VmOperations.Suspend, VmPowerState.Running);
        placement.Require(to);
        var sr = SuspendImages.ChooseSr(state, vm, state.Get(pool.Pool), state.Get(record.ResidentOn));
        var at = state.Get(sr).Pbds.Select(state.Get).Where(p => p.CurrentlyAttached).Select(p => p.Host).ToHashSet();
        if (!at.Contains(record.ResidentOn) || !at.Contains(to))
        {
            throw new XenApiException("VM_REQUIRES_SR", vm.Opaque, sr.Opaque);
        }
    }

    /// <summary>Moves a VM to a host. If it can't be resumed there, it goes on where it was.</summary>
    /// <exception cref="XenApiException">It has not been moved.</exception>
    public async Task MoveAsync(CallContext call, Ref<VmRecord> vm, Ref<HostRecord> to)
    {
        var from = pool.State.Get(vm).ResidentOn;
        Require(vm, Placement.Of(pool.State, vm, await pool.Hosts.LookAsync(pool.Time, call.Cancellation)), to);
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
}
