using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>What only a test failover does. Everything that it makes bears the run's label, so that all of it is found again.</summary>
internal static class TestActs
{
    private const string Clone = "clone:";

    public static async Task<StepOutcome> CloneAsync(StepScope scope, CloneForTest step)
    {
        var sr = await StorageActs.FindSrAsync(scope, step.Sr);
        var clone = step.Disks.IsEmpty
            ? new(Text(await scope.Target.CallRawAsync("SR.clone_for_test", [sr, scope.State.TestLabel], scope.Token)))
            : (Ref<SrRecord>)(await scope.Target.RunTaskAsync(
                "SR.copy_for_test", [sr, scope.State.TestLabel, step.Disks.Select(d => d.Uuid).ToImmutableList()],
                cancellationToken: scope.Token))!;
        scope.Note(Clone + step.Sr.Uuid, (await scope.GetAsync(scope.Target, clone)).Uuid);
        return new StepOutcome.Done();
    }

    /// <summary>Makes copies of VMs beside whatever exists.</summary>
    public static Task<StepOutcome> RecoverAsync(StepScope scope, ImmutableArray<PlanObject> vms, PlanObject volume, string? at) => GuardEachAsync(scope, vms, async vm =>
    {
        var foreign = await scope.Pools.ForeignAsync(scope.State, volume.Uuid, at, scope.Token);
        var theirs = await foreign.Vm.GetByUuidAsync(vm.Uuid, scope.Token);

        // What leads to nothing is left out, which only a disk may that is not there and that the operator agreed to go without.
        var dropped = scope.State.Plan.Findings.Where(f => f.Code == "disk-dropped").Select(f => (Name: f.Object.Uuid, Value: ""));
        var clones = scope.Facts(Clone).Concat(dropped).DistinctBy(c => c.Name)
            .ToImmutableSortedDictionary(c => c.Name, c => c.Value, StringComparer.Ordinal);
        var copy = new Ref<VmRecord>(Text(await foreign.CallRawAsync(
            "VM.recover_for_test", [theirs, scope.Target.Session, scope.State.TestLabel, NetworkActs.Map(scope), clones], scope.Token)));
        scope.Moved(vm, VmPhase.Recovered, (await scope.GetAsync(scope.Target, copy)).Uuid);
    });

    public static async Task RemoveVmsAsync(StepScope scope, IReadOnlyCollection<string> uuids)
    {
        foreach (var (vm, record) in await scope.Target.GetAllRecordsAsync<VmRecord>(scope.Token))
        {
            if (!IsMine(scope, record.OtherConfig) || !uuids.Contains(record.OtherConfig.GetValueOrDefault(Marks.TestOf, "")))
            {
                continue;
            }

            // A suspended copy has its state on the clone, which goes too.
            if (record.PowerState != VmPowerState.Halted)
            {
                await scope.Target.Vm.HardShutdownAsync(vm, scope.Token);
            }

            await scope.Target.Vm.DestroyAsync(vm, scope.Token);
        }

        foreach (var progress in scope.State.Vms.Where(v => uuids.Contains(v.Vm.Uuid) && v.TargetUuid is not null && v.Phase != VmPhase.Removed))
        {
            scope.Moved(progress.Vm, VmPhase.Removed);
        }
    }

    public static async Task RemoveNetworksAsync(StepScope scope)
    {
        foreach (var (network, _) in (await scope.Target.GetAllRecordsAsync<NetworkRecord>(scope.Token))
            .Where(n => IsMine(scope, n.Value.OtherConfig)))
        {
            await scope.Target.Network.DestroyAsync(network, scope.Token);
        }
    }

    public static async Task RemoveClonesAsync(StepScope scope, IReadOnlyCollection<string> uuids)
    {
        foreach (var (sr, _) in (await scope.Target.GetAllRecordsAsync<SrRecord>(scope.Token))
            .Where(s => IsMine(scope, s.Value.OtherConfig) && uuids.Contains(s.Value.OtherConfig.GetValueOrDefault(Marks.TestOf, ""))))
        {
            await scope.Target.CallRawAsync("SR.destroy_test_clone", [sr], scope.Token);
        }
    }

    /// <summary>The end of a test: everything that it made is removed, and it is looked whether that is so.</summary>
    public static async Task<StepOutcome> CleanUpAsync(StepScope scope, CleanUp step)
    {
        if (scope.State.Request.KeepTest && scope.Answer(CleanUpKey) is null)
        {
            return new StepOutcome.Ask(
                CleanUpKey,
                $"The test is up, and left for inspection; its VMs are those named [{scope.State.TestLabel}] …. Shall it be cleaned up?",
                [CleanUpAnswer]);
        }

        await RemoveVmsAsync(scope, [.. step.Vms.Select(v => v.Uuid)]);
        await RemoveNetworksAsync(scope);
        await RemoveClonesAsync(scope, [.. step.Srs.Select(s => s.Uuid)]);
        await StorageActs.LetGoAsync(scope);
        foreach (var fix in scope.State.Plan.Steps.OfType<ApplyFix>().Reverse())
        {
            await FixActs.UndoAsync(scope.Of(fix), fix);
        }

        var left = (await scope.Target.GetAllRecordsAsync<VmRecord>(scope.Token)).Values.Where(v => IsMine(scope, v.OtherConfig))
            .Select(v => "VM " + v.NameLabel)
            .Concat(
                (await scope.Target.GetAllRecordsAsync<NetworkRecord>(scope.Token)).Values.Where(n => IsMine(scope, n.OtherConfig))
                    .Select(n => "network " + n.NameLabel))
            .Concat(
                (await scope.Target.GetAllRecordsAsync<SrRecord>(scope.Token)).Values.Where(s => IsMine(scope, s.OtherConfig))
                    .Select(s => "SR " + s.NameLabel)).ToList();
        return left.Count == 0 ? new StepOutcome.Done() : new StepOutcome.Failed($"Still there: {string.Join(", ", left)}.");
    }

    public const string CleanUpKey = "clean-up";
    public const string CleanUpAnswer = "clean-up";

    private static async Task<StepOutcome> GuardEachAsync(StepScope scope, ImmutableArray<PlanObject> vms, Func<PlanObject, Task> act)
    {
        var failed = new List<string>();
        foreach (var vm in vms)
        {
            if (await RecoverActs.GuardAsync(scope, [vm], () => act(vm)) is StepOutcome.Failed failure)
            {
                failed.Add($"{vm.Name}: {failure.Error}");
            }
        }

        return failed.Count == 0 ? new StepOutcome.Done()
            : failed.Count == vms.Length ? new StepOutcome.Failed(string.Join("; ", failed))
            : new StepOutcome.Partial(string.Join("; ", failed));
    }

    public static bool IsMine(StepScope scope, ImmutableSortedDictionary<string, string> otherConfig) =>
        otherConfig.GetValueOrDefault(Marks.Test) == scope.State.TestLabel;

    private static string? Text(WireValue value) => value is WireString text ? text.Value : null;
}
