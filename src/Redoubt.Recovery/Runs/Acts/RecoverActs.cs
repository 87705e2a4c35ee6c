using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Recreates VMs and vApps from a metadata volume, and removes what was recreated.</summary>
internal static class RecoverActs
{
    private const string Before = "before:";
    private const string Made = "made:";
    private const string Snapshot = "snapshot:";
    private const string ApplianceBefore = "appliance-before";
    private const string Absent = "absent";

    public static Task<StepOutcome> RecoverAsync(StepScope scope, RecoverVm step) => GuardAsync(scope, [step.Vm], async () =>
    {
        var foreign = await scope.Pools.ForeignAsync(scope.State, step.Volume.Uuid, step.At, scope.Token);
        if (!await IsDoneAsync(scope, foreign, [step.Vm]))
        {
            var vm = await foreign.Vm.GetByUuidAsync(step.Vm.Uuid, scope.Token);
            await NoteTasksAsync(scope);
            if (await scope.OffersAsync(foreign, "VM.recover_mapped"))
            {
                await foreign.Vm.RecoverMappedAsync(
                    vm, scope.Target.Session, step.IsForced, NetworkActs.Map(scope), DiskCopyActs.Map(scope, [step.Vm]), scope.Token);
            }
            else
            {
                await PlainRecovery.DoAsync(
                    scope, foreign, [step.Vm], () => foreign.Vm.RecoverAsync(vm, scope.Target.Session, step.IsForced, scope.Token));
            }
        }

        await RecoveredAsync(scope, step.Vm);
    });

    public static Task<StepOutcome> RecoverAsync(StepScope scope, RecoverAppliance step) => GuardAsync(scope, step.Vms, async () =>
    {
        var foreign = await scope.Pools.ForeignAsync(scope.State, step.Volume.Uuid, step.At, scope.Token);
        scope.Note(
            ApplianceBefore, (await scope.FindAsync<VmApplianceRecord>(scope.Target, step.Appliance.Uuid)).IsNull ? Absent : "present");
        if (!await IsDoneAsync(scope, foreign, step.Vms))
        {
            var appliance = await foreign.VmAppliance.GetByUuidAsync(step.Appliance.Uuid, scope.Token);
            await NoteTasksAsync(scope);
            if (await scope.OffersAsync(foreign, "VM_appliance.recover_mapped"))
            {
                await foreign.VmAppliance.RecoverMappedAsync(
                    appliance, scope.Target.Session, step.IsForced, NetworkActs.Map(scope), DiskCopyActs.Map(scope, step.Vms), scope.Token);
            }
            else
            {
                await PlainRecovery.DoAsync(
                    scope, foreign, step.Vms,
                    () => foreign.VmAppliance.RecoverAsync(appliance, scope.Target.Session, step.IsForced, scope.Token));
            }
        }

        foreach (var vm in step.Vms)
        {
            await RecoveredAsync(scope, vm);
        }
    });

    /// <summary>
    /// Removes the records that were made, and leaves the disks. What replaced an older copy can't be taken back, and such a step has no
    /// undo.
    /// </summary>
    public static async Task UndoAsync(StepScope scope, ImmutableArray<PlanObject> vms, PlanObject? appliance)
    {
        foreach (var vm in vms.Where(v => scope.Fact(Before + v.Uuid) == Absent))
        {
            var here = await scope.FindAsync<VmRecord>(scope.Target, vm.Uuid);
            if (here.IsNull)
            {
                continue;
            }

            var record = await scope.GetAsync(scope.Target, here);
            if (scope.Fact(Made + vm.Uuid) is { } made && made != Text(record.Version))
            {
                scope.Log(
                    $"{vm.Describe()} stays in the target pool: its version is {record.Version}, and this run had made version {made}. It "
                        + "was recovered anew since.");
                continue;
            }

            switch (record.PowerState)
            {
                case VmPowerState.Halted:
                    await DestroySnapshotsAsync(scope, vm, record);
                    await scope.Target.Vm.DestroyAsync(here, scope.Token);
                    scope.Moved(vm, VmPhase.Removed);
                    break;
                case VmPowerState.Suspended:
                    scope.Log(
                        $"{vm.Describe()} stays in the target pool: it is suspended, and removing it would destroy its "
                            + "suspended state on the storage.");
                    break;
                case var state:
                    throw new StepFailedException(
                        $"{vm.Describe()} is {state.ToString().ToLowerInvariant()} in the target pool and can't be removed. Shut it down, "
                            + "and have the run go on.");
            }
        }

        if (appliance is not null && scope.Fact(ApplianceBefore) == Absent
            && await scope.FindAsync<VmApplianceRecord>(scope.Target, appliance.Uuid) is { IsNull: false } there
            && (await scope.GetAsync(scope.Target, there)).Vms.IsEmpty)
        {
            await scope.Target.VmAppliance.DestroyAsync(there, scope.Token);
        }

        await PlainRecovery.RemoveStandInsAsync(scope);
        await StorageActs.LetGoOfPermanentAsync(scope);
    }

    /// <summary>Turns what a server refuses into VMs that failed: the others are recovered all the same.</summary>
    internal static async Task<StepOutcome> GuardAsync(StepScope scope, ImmutableArray<PlanObject> vms, Func<Task> act)
    {
        try
        {
            await act();
            return new StepOutcome.Done();
        }
        catch (Exception refused) when (refused is StepFailedException
            || (refused is XenApiException failure && !Failures.IsSessionGone(failure)))
        {
            var error = refused is XenApiException xenApi ? Failures.Describe(xenApi) : refused.Message;
            foreach (var vm in vms)
            {
                scope.Moved(vm, VmPhase.Failed, error: error);
            }

            return new StepOutcome.Failed(error);
        }
    }

    // Noted so that taking it back removes what was made here, and nothing that came later.
    private static async Task RecoveredAsync(StepScope scope, PlanObject vm)
    {
        var here = await scope.Target.Vm.GetByUuidAsync(vm.Uuid, scope.Token);
        var record = await scope.GetAsync(scope.Target, here);
        scope.Note(Made + vm.Uuid, Text(record.Version));
        foreach (var snapshot in record.Snapshots)
        {
            scope.Note(Snapshot + await scope.Target.Vm.GetUuidAsync(snapshot, scope.Token), vm.Uuid);
        }

        if (!await scope.OffersAsync(scope.Target, "VM.recover_mapped"))
        {
            await PlainRecovery.DetachAsync(scope, here, record);
        }

        await HandOverActs.LetAsync(scope, scope.Target, here, record.BlockedOperations);
        await TellOfDisksAsync(scope, vm, record);
        scope.Moved(vm, VmPhase.Recovered, vm.Uuid);
    }

    // A disk that was missing when the plan was made may have come with a newer replica meanwhile, and then the server attaches it.
    private static async Task TellOfDisksAsync(StepScope scope, PlanObject vm, VmRecord record)
    {
        var dropped = scope.State.Plan.Findings.Where(
            f => f.Code is "disk-missing" or "disk-dropped" or "suspend-image-missing" && f.Affects.Any(a => a.Uuid == vm.Uuid));
        foreach (var disk in dropped.Select(f => f.Object).Distinct().ToList())
        {
            var there = await scope.FindAsync<VdiRecord>(scope.Target, disk.Uuid);
            var isThere = !there.IsNull
                && (record.SuspendVdi == there || !(await scope.GetAsync(scope.Target, there)).Vbds.Intersect(record.Vbds).IsEmpty);
            scope.Log(isThere
                ? $"{vm.Describe()} was recovered with {disk.Describe()} after all: it was missing when the plan was made, and there "
                    + "when the VM was recovered."
                : $"{vm.Describe()} was recovered without {disk.Describe()}, which was still missing.");
        }
    }

    // Before the VM, as they would outlive it. Those taken here since are somebody's work, and stay.
    private static async Task DestroySnapshotsAsync(StepScope scope, PlanObject vm, VmRecord record)
    {
        foreach (var snapshot in record.Snapshots)
        {
            var made = await scope.GetAsync(scope.Target, snapshot);
            if (scope.Fact(Snapshot + made.Uuid) is null || made.PowerState == VmPowerState.Suspended)
            {
                scope.Log($"The snapshot {made.NameLabel} of {vm.Describe()} stays in the target pool: {(made.PowerState == VmPowerState.Suspended ? "removing it would destroy its suspended state on the storage" : "this run did not make it")}.");
            }
            else
            {
                await scope.Target.Vm.DestroyAsync(snapshot, scope.Token);
            }
        }
    }

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    // What was there before is noted first: only so can a repeated step tell what it has made itself.
    private static async Task<bool> IsDoneAsync(StepScope scope, XenApiClient foreign, ImmutableArray<PlanObject> vms)
    {
        var done = true;
        foreach (var vm in vms)
        {
            var here = await scope.FindAsync<VmRecord>(scope.Target, vm.Uuid);
            var version = here.IsNull ? Absent : Text((await scope.GetAsync(scope.Target, here)).Version);
            scope.Note(Before + vm.Uuid, version);
            done &= !here.IsNull && scope.Fact(Before + vm.Uuid) != version;
        }

        return done;
    }

    private static async Task NoteTasksAsync(StepScope scope)
    {
        var mine = StorageActs.Mine(scope);
        foreach (var (sr, record) in await scope.Target.GetAllRecordsAsync<SrRecord>(scope.Token))
        {
            if (!record.IntroducedBy.IsNull && mine.Contains(record.Uuid))
            {
                await StorageActs.NoteTaskAsync(scope, sr);
            }
        }
    }
}
