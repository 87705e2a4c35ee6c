namespace Redoubt.Recovery;

/// <summary>
/// Does a step, or takes it back. Each is thin and can be repeated from any point: it looks what is there, does what is missing, and what
/// it could not find again it has noted in the journal first.
/// </summary>
internal static class StepActs
{
    private const string StorageKey = "storage";
    private const string BackKey = "storage-back";
    private const string Yes = "done";

    public static async Task<StepOutcome> DoAsync(StepScope scope, RecoveryStep step)
    {
        var outcome = await ActAsync(scope, step);
        if (step is RecoverVm or RecoverAppliance or StartTier && outcome is not StepOutcome.Ask)
        {
            await ServerWarnings.NoteAsync(scope);
        }

        return outcome;
    }

    private static async Task<StepOutcome> ActAsync(StepScope scope, RecoveryStep step) => step switch
    {
        FenceSource fence => await FenceActs.DoAsync(scope, fence),
        FinalSync sync => await SyncAsync(scope, sync),
        WaitForOperator wait => Wait(scope, wait),
        AttachStorage attach => await StorageActs.AttachAsync(scope, attach),
        CloneForTest clone => await TestActs.CloneAsync(scope, clone),
        CopyDisks copy => await DiskCopyActs.CopyAsync(scope, copy),
        RecoverVm one when scope.State.IsTest => await TestActs.RecoverAsync(scope, [one.Vm], one.Volume, one.At),
        RecoverAppliance all when scope.State.IsTest => await TestActs.RecoverAsync(scope, all.Vms, all.Volume, all.At),
        RecoverVm one => await RecoverActs.RecoverAsync(scope, one),
        RecoverAppliance all => await RecoverActs.RecoverAsync(scope, all),
        MapNetworks map => await NetworkActs.MapAsync(scope, map),
        HandOver handOver => await HandOverActs.DoAsync(scope, handOver),
        StartTier start => await StartActs.StartAsync(scope, start),
        WaitHealthy wait => await HealthActs.WaitAsync(scope, wait),
        Protect protect => await StorageActs.ProtectAsync(scope, protect),
        CleanUp cleanUp when scope.State.IsTest => await TestActs.CleanUpAsync(scope, cleanUp),
        CleanUp cleanUp => await StorageActs.LetGoAsync(scope, cleanUp),
        ApplyFix fix => await FixActs.DoAsync(scope, fix),
        RunHookStep hook => await HookAsync(scope, hook),
        _ => throw new StepFailedException($"This version knows no step {step.GetType().Name}."),
    };

    public static async Task<StepOutcome> UndoAsync(StepScope scope, RecoveryStep step)
    {
        switch (step)
        {
            case FenceSource fence: await FenceActs.UndoAsync(scope, fence); break;
            case WaitForOperator wait: return WaitBack(scope, wait);
            case AttachStorage attach: await StorageActs.UndoAttachAsync(scope, attach); break;
            case CloneForTest clone: await TestActs.RemoveClonesAsync(scope, [clone.Sr.Uuid]); break;
            case CopyDisks copy: await DiskCopyActs.UndoAsync(scope, copy); break;
            case RecoverVm one when scope.State.IsTest: await TestActs.RemoveVmsAsync(scope, [one.Vm.Uuid]); break;
            case RecoverAppliance all when scope.State.IsTest:
                await TestActs.RemoveVmsAsync(scope, [.. all.Vms.Select(v => v.Uuid)]);
                break;
            case RecoverVm one: await RecoverActs.UndoAsync(scope, [one.Vm], null); break;
            case RecoverAppliance all: await RecoverActs.UndoAsync(scope, all.Vms, all.Appliance); break;
            case MapNetworks when scope.State.IsTest: await TestActs.RemoveNetworksAsync(scope); break;
            case HandOver handOver: await HandOverActs.UndoAsync(scope, handOver); break;
            case StartTier start: await StartActs.UndoAsync(scope, start); break;
            case Protect protect: await StorageActs.UndoProtectAsync(scope, protect); break;
            case ApplyFix fix: await FixActs.UndoAsync(scope, fix); break;
            default: throw new StepFailedException($"There is no undo of {step.Key}, though the plan says so.");
        }

        return new StepOutcome.Done();
    }

    private static async Task<StepOutcome> SyncAsync(StepScope scope, FinalSync step)
    {
        var source = await scope.Pools.SourceAsync(scope.State, step.Pool, scope.Token);
        await source.RunTaskAsync("pool.sync_database", [], cancellationToken: scope.Token);
        return new StepOutcome.Done();
    }

    private static StepOutcome Wait(StepScope scope, WaitForOperator step) => scope.Answer(StorageKey) switch
    {
        null => new StepOutcome.Ask(
            StorageKey,
            $"The VMs are off at their source, and its last state is written. Has the array brought it over for {Names(step)}, and is it "
                + "writable here, and only here?",
            [Yes, RunDecision.Stop]),
        Yes => new StepOutcome.Done(),
        _ => new StepOutcome.Failed($"{scope.State.Operator} stopped the hand-over."),
    };

    private static StepOutcome WaitBack(StepScope scope, WaitForOperator step) =>
        scope.Answer(StorageKey) != Yes || scope.Answer(BackKey) is not null
        ? new StepOutcome.Done()
        : new StepOutcome.Ask(
            BackKey, $"The hand-over is taken back. Is {Names(step)} writable at the source again, and only there?", [Yes]);

    private static async Task<StepOutcome> HookAsync(StepScope scope, RunHookStep step)
    {
        var (code, output) = await Scripts.RunAsync(
            scope, scope.Config.HooksDirectory, step.Hook.Script, scope.State.Request.Policy.Limits.HookTimeout, null, []);
        if (output.Length > 0)
        {
            scope.Log($"{step.Hook.Script}: {output}");
        }

        return code == 0 ? new StepOutcome.Done() : new StepOutcome.Failed($"The script {step.Hook.Script} ended with {code}.");
    }

    private static string Names(WaitForOperator step) => string.Join(", ", step.Srs.Select(s => s.Name.Length > 0 ? s.Name : s.Uuid));
}
