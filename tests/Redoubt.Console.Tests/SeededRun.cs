using System.Collections.Immutable;
using Redoubt.Recovery;

namespace Redoubt.Console.Tests;

/// <summary>A run as a journal tells it, for a server to find there.</summary>
internal sealed class SeededRun
{
    public const string Hold = "hold";
    private readonly List<RunEvent> _events = [];
    private DateTimeOffset _at;

    public SeededRun(RecoveryKind kind, int vms = 3, bool keep = false, int minutesAgo = 30)
    {
        _at = TimeProvider.System.GetUtcNow().AddMinutes(-minutesAgo);
        string[] names = ["db", "app", "web"];
        Vms = [.. Enumerable.Range(0, vms).Select(i => new PlanObject(ObjectKind.Vm, $"cafe0000-0000-4000-8000-{i:000000000000}", i < names.Length ? names[i] : $"vm-{i:00000}"))];
        var sr = new PlanObject(ObjectKind.Sr, "5a000000-0000-4000-8000-000000000001", "replicated");
        var volume = new PlanObject(ObjectKind.Vdi, "7d000000-0000-4000-8000-000000000001", "");
        var half = Math.Max(1, vms / 2);
        ImmutableArray<PlanObject> first = Vms[..half], second = Vms[half..];
        ImmutableArray<RecoveryStep> steps =
        [
            kind == RecoveryKind.Test ? new CloneForTest(sr) : kind == RecoveryKind.Failover
                ? new AttachStorage(
                    sr, "file",
                    ImmutableSortedDictionary<string, string>.Empty.Add("location", "/srv/replica")) : new WaitForOperator([sr]),
            new RecoverAppliance(
                new(ObjectKind.Appliance, "a9000000-0000-4000-8000-000000000001", "shop"), Vms[..Math.Min(3, vms)], volume, [], false),
            .. Vms.Skip(3).Select(v => new RecoverVm(v, volume, [], false)),
            new StartTier(0, first, false, 8),
            new WaitHealthy(0, first, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TierFailure.Continue),
            new StartTier(1, second, false, 8),
            new WaitHealthy(1, second, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TierFailure.Continue),
            new RunHookStep(new(Hold, HookMoment.AfterRun)),
            .. kind == RecoveryKind.Test
                ? new RecoveryStep[] { new CleanUp([sr], Vms) }
                : [new RunHookStep(new("announce", HookMoment.AfterRun))],
        ];
        Plan = new()
        {
            Kind = kind,
            Target = new(ObjectKind.Pool, "90000000-0000-4000-8000-000000000001", "paris"),
            InventoryTakenAt = _at,
            Steps = steps,
            Choices =
            [
                .. Vms.Select(v => new VmChoice(
                    v,
                    new(
                        volume.Uuid, "91000000-0000-4000-8000-000000000001", "lyon", 1, 40, _at.AddMinutes(-20),
                        _at.AddMinutes(-minutesAgo / 5)),
                    "it is the newest", [])),
            ],
            Tiers = [new(0, first, TimeSpan.FromSeconds(5)), new(1, second, TimeSpan.FromSeconds(5))],
        };
        Add(
            new RunEvent.Started(
                Uuid,
                new()
                {
                    Policy = new() { Kind = kind, IsSourceDead = kind == RecoveryKind.Failover },
                    KeepTest = keep,
                    Plan = "everything",
                },
                Plan,
                "root",
                [.. steps.Select((_, i) => (TimeSpan?)TimeSpan.FromSeconds(2 + i))]));
    }

    public string Uuid { get; } = Guid.NewGuid().ToString();

    public ImmutableArray<PlanObject> Vms { get; }

    public RecoveryPlan Plan { get; }

    public IReadOnlyList<RunEvent> Events => _events;

    /// <summary>How many steps bring the VMs back and have them well; what comes then is hooks and the clean-up.</summary>
    public int Working => Plan.Steps.Length - 2;

    /// <summary>Adds what happened, some seconds later each.</summary>
    public SeededRun Add(params RunEvent[] events)
    {
        foreach (var happened in events)
        {
            _at = _at.AddSeconds(Plan.Steps.Length > 100 ? 0.01 : 2);
            _events.Add(happened with { At = _at });
        }

        return this;
    }

    /// <summary>Does the next steps, up to one.</summary>
    public SeededRun Until(int step)
    {
        for (var i = _events.OfType<RunEvent.StepIntended>().Count(); i < step; i++)
        {
            Add(new RunEvent.StepIntended(i));
            Add([.. Plan.Steps[i].Objects.Where(o => o.Kind == ObjectKind.Vm).Select(v => Plan.Steps[i] switch
            {
                RecoverAppliance or RecoverVm => new RunEvent.VmMoved(v.Uuid, VmPhase.Recovered, Guid.NewGuid().ToString()),
                StartTier => new RunEvent.VmMoved(v.Uuid, VmPhase.Started),
                _ => new RunEvent.VmMoved(v.Uuid, VmPhase.Healthy),
            })]);
            Add(new RunEvent.StepDone(i));
        }

        return this;
    }

    public SeededRun Paused(int after) => Until(after).Add(new RunEvent.PauseAsked("root"), new RunEvent.Paused());

    public SeededRun Interrupted(int after) =>
        Until(after).Add(new RunEvent.StepIntended(after), new RunEvent.Interrupted("the daemon ended while it was under way"));

    public SeededRun Succeeded() => Until(Plan.Steps.Length).Add(new RunEvent.Ended(RunPhase.Succeeded, null));

    public SeededRun Partial() => Until(Working - 1).Add(
        new RunEvent.StepIntended(Working - 1),
        new RunEvent.VmMoved(Vms[^2].Uuid, VmPhase.Healthy),
        new RunEvent.VmMoved(Vms[^1].Uuid, VmPhase.Unhealthy, Error: "it did not say \"ready\" on its console within 5 min"),
        new RunEvent.StepPartial(Working - 1, $"{Vms[^1].Name} is not healthy"),
        new RunEvent.Ended(
            RunPhase.Partial, $"{Vms.Length - 1} of {Vms.Length} VMs are as was wanted; 1 steps failed or were done in part"));

    public SeededRun Failed() => Add(new RunEvent.StepIntended(0), new RunEvent.StepFailed(0, "SR_BACKEND_FAILURE: /srv/replica is no directory"), new RunEvent.Interrupted("step 1 failed"),
        new RunEvent.TurnedBack(RunPhase.Failed, "step 1 failed: /srv/replica is no directory"),
        new RunEvent.Ended(RunPhase.Failed, "step 1 failed: /srv/replica is no directory"));

    public SeededRun Cancelled() =>
        Until(3).Add(
            new RunEvent.CancelAsked("root"),
            new RunEvent.Ended(RunPhase.Cancelled, "root cancelled the run; what was done is left as it is"));

    public SeededRun Undone()
    {
        Until(4).Add(new RunEvent.UndoAsked("root"), new RunEvent.TurnedBack(RunPhase.Undone, "root asked for it"));
        for (var i = 3; i >= 0; i--)
        {
            Add(
                Plan.Steps[i].Undo.IsPossible
                    ? [new RunEvent.UndoIntended(i), new RunEvent.UndoDone(i)]
                    : [new RunEvent.UndoPassed(i, Plan.Steps[i].Undo.Text)]);
        }

        return Add([.. Vms.Select(v => new RunEvent.VmMoved(v.Uuid, VmPhase.Removed))]).Add(new RunEvent.Ended(RunPhase.Undone, null));
    }

    public SeededRun Asking() =>
        Add(
            new RunEvent.StepIntended(0),
            new RunEvent.Asked(
                0,
                "storage",
                "The VMs are off at their source, and its last state is written. Has the array brought it over for replicated, and is it "
                    + "writable here, and only here?",
                ["done", "stop"]));

    public SeededRun Up() => Until(Plan.Steps.Length - 1).Add(new RunEvent.StepIntended(Plan.Steps.Length - 1),
        new RunEvent.Asked(
            Plan.Steps.Length - 1, "clean-up", "The test is up, and left for inspection. Shall it be cleaned up?", ["clean-up"]));
}
