using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Recreates VMs and vApps from a metadata volume, and removes what was recreated.</summary>
internal static class RecoverActs
{
    private const string Before = "before:";
    private const string ApplianceBefore = "appliance-before";
    private const string Absent = "absent";

    public static Task<StepOutcome> RecoverAsync(StepScope scope, RecoverVm step) => GuardAsync(scope, [step.Vm], async () =>
    {
        var foreign = await scope.Pools.ForeignAsync(scope.State, step.Volume.Uuid, step.At, scope.Token);
        if (!await IsDoneAsync(scope, foreign, [step.Vm]))
        {
            var vm = await foreign.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", [step.Vm.Uuid], scope.Token);
            await NoteTasksAsync(scope);
            if (!await scope.TryExtensionAsync(foreign, "VM.recover_mapped", vm, scope.Target.Session, step.IsForced, NetworkActs.Map(scope)))
            {
                await foreign.CallAsync("VM.recover", [vm, scope.Target.Session, step.IsForced], scope.Token);
            }
        }

        scope.Moved(step.Vm, VmPhase.Recovered, step.Vm.Uuid);
    });

    public static Task<StepOutcome> RecoverAsync(StepScope scope, RecoverAppliance step) => GuardAsync(scope, step.Vms, async () =>
    {
        var foreign = await scope.Pools.ForeignAsync(scope.State, step.Volume.Uuid, step.At, scope.Token);
        scope.Note(ApplianceBefore, (await scope.FindAsync<VmApplianceRecord>(scope.Target, step.Appliance.Uuid)).IsNull ? Absent : "present");
        if (!await IsDoneAsync(scope, foreign, step.Vms))
        {
            var appliance = await foreign.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.get_by_uuid", [step.Appliance.Uuid], scope.Token);
            await NoteTasksAsync(scope);
            if (!await scope.TryExtensionAsync(foreign, "VM_appliance.recover_mapped", appliance, scope.Target.Session, step.IsForced, NetworkActs.Map(scope)))
            {
                await foreign.CallAsync("VM_appliance.recover", [appliance, scope.Target.Session, step.IsForced], scope.Token);
            }
        }

        foreach (var vm in step.Vms)
        {
            scope.Moved(vm, VmPhase.Recovered, vm.Uuid);
        }
    });

    /// <summary>Removes the records that were made, and leaves the disks. What replaced an older copy can't be taken back, and such a step has no undo.</summary>
    public static async Task UndoAsync(StepScope scope, ImmutableArray<PlanObject> vms, PlanObject? appliance)
    {
        foreach (var vm in vms.Where(v => scope.Fact(Before + v.Uuid) == Absent))
        {
            var here = await scope.FindAsync<VmRecord>(scope.Target, vm.Uuid);
            if (here.IsNull)
            {
                continue;
            }

            switch (await GuestPower.StateAsync(scope, scope.Target, here))
            {
                case VmPowerState.Halted:
                    await scope.Target.CallAsync("VM.destroy", [here], scope.Token);
                    scope.Moved(vm, VmPhase.Removed);
                    break;
                case VmPowerState.Suspended:
                    scope.Log($"{vm.Describe()} stays in the target pool: it is suspended, and removing it would destroy its suspended state on the storage.");
                    break;
                case var state:
                    throw new StepFailedException($"{vm.Describe()} is {state.ToString().ToLowerInvariant()} in the target pool and can't be removed. Shut it down, and have the run go on.");
            }
        }

        if (appliance is not null && scope.Fact(ApplianceBefore) == Absent && await scope.FindAsync<VmApplianceRecord>(scope.Target, appliance.Uuid) is { IsNull: false } there
            && (await scope.GetAsync(scope.Target, there)).Vms.IsEmpty)
        {
            await scope.Target.CallAsync("VM_appliance.destroy", [there], scope.Token);
        }

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
        catch (Exception refused) when (refused is StepFailedException || (refused is XenApiException failure && !Failures.IsSessionGone(failure)))
        {
            var error = refused is XenApiException xenApi ? Failures.Describe(xenApi) : refused.Message;
            foreach (var vm in vms)
            {
                scope.Moved(vm, VmPhase.Failed, error: error);
            }

            return new StepOutcome.Failed(error);
        }
    }

    // What was there before is noted first: only so can a repeated step tell what it has made itself.
    private static async Task<bool> IsDoneAsync(StepScope scope, XenApiClient foreign, ImmutableArray<PlanObject> vms)
    {
        var done = true;
        foreach (var vm in vms)
        {
            var here = await scope.FindAsync<VmRecord>(scope.Target, vm.Uuid);
            var version = here.IsNull ? Absent : (await scope.GetAsync(scope.Target, here)).Version.ToString(CultureInfo.InvariantCulture);
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
