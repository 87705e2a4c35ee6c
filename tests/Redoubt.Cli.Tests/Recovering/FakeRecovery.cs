using System.Collections.Immutable;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests.Recovering;

/// <summary>The messages of the class <c>recovery</c>, over a plan and a run that a test writes down.</summary>
internal sealed class FakeRecovery
{
    public const string Run = "00000000-0000-4000-8000-0000000000aa";
    public const string Digest = "5ca1ab1e";

    private static readonly PlanObject Target = new(ObjectKind.Pool, Scene.PoolUuid, "site one");
    private static readonly PlanObject Web = new(ObjectKind.Vm, Scene.WebUuid, "web");

    private readonly List<RunRecord> _states = [];
    private int _state;

    public FakeRecovery(FakePool pool)
    {
        pool.On("recovery.plan", a => Answer(new PlannedRecovery(Read(a[0]), PlanOf(Read(a[0])), Digest, null)));
        foreach (var message in new[] { "recovery.start", "recovery.start_test" })
        {
            pool.On(message, a =>
            {
                Started = Read(a[0]);
                return FakeDatabase.Text(a[1]) == Digest ? new WireString(Run) : throw new XenApiException("DR_PLAN_CHANGED", "");
            });
        }

        pool.On("recovery.get_run", _ => new WireString(State.ToJson()));
        pool.On("recovery.wait_run", _ =>
        {
            _state = Math.Min(_state + 1, _states.Count - 1);
            return new WireString(State.ToJson());
        });
        foreach (var message in new[] { "answer", "pause", "cancel", "undo", "resume", "clean_up_test" })
        {
            pool.On($"recovery.{message}", _ => new WireString(""));
        }

        pool.On("recovery.get_runs", _ => Answer(Runs));
        pool.On("recovery.get_plans", _ => Answer(new PlanCatalog([.. Plans], [])));
        pool.On("recovery.save_plan", a =>
        {
            Saved = (FakeDatabase.Text(a[0]), Read(a[1]));
            return new WireString("");
        });
    }

    /// <summary>The findings of every plan; those that block are gone once they are to be resolved.</summary>
    public ImmutableArray<Finding> Findings { get; set; } = [];

    public List<SavedPlan> Plans { get; } = [];

    public List<RunSummary> Runs { get; } = [];

    public RecoveryRequest? Started { get; private set; }

    public (string Name, RecoveryRequest Request)? Saved { get; private set; }

    private RunRecord State => _states[_state];

    /// <summary>Has the run go through these phases.</summary>
    public FakeRecovery Through(params RunPhase[] phases)
    {
        foreach (var phase in phases)
        {
            _states.Add(Record(phase) with { Revision = _states.Count });
        }

        return this;
    }

    /// <summary>Has the run ask something in its last phase so far.</summary>
    public FakeRecovery Asking(string question, params string[] answers)
    {
        _states[^1] = _states[^1] with { Question = new(question, [.. answers]) };
        return this;
    }

    /// <summary>Has the run be one that is taken back.</summary>
    public FakeRecovery Backward()
    {
        for (var i = 0; i < _states.Count; i++)
        {
            _states[i] = _states[i] with { IsBackward = true };
        }

        return this;
    }

    /// <summary>Has something be wrong with the run in its last phase so far.</summary>
    public FakeRecovery Failing(string why)
    {
        _states[^1] = _states[^1] with
        {
            Failure = why,
            Vms = [_states[^1].Vms[0] with { Vm = Web with { Name = why }, Phase = VmPhase.Failed, Error = why }],
        };
        return this;
    }

    public static Finding Block(string code, FixKind? fix = null) => new()
    {
        Severity = Severity.Block,
        Code = code,
        Object = Target,
        Sentence = $"Because of {code}.",
        Advice = "Mend it.",
        Fix = fix is { } kind ? new(kind, "mend it") : null,
    };

    private static WireString Answer<T>(T value) => new(RecoveryJson.Write(value));

    private static RecoveryRequest Read(WireValue value) => RecoveryRequest.FromJson(FakeDatabase.Text(value));

    private static RunRecord Record(RunPhase phase) => new()
    {
        Uuid = Run,
        Request = new() { Policy = new() { Kind = RecoveryKind.Failover } },
        Plan = new() { Kind = RecoveryKind.Failover, Target = Target, InventoryTakenAt = DateTimeOffset.UnixEpoch },
        StartedBy = "root",
        StartedAt = DateTimeOffset.UnixEpoch,
        EndedAt = phase.IsFinal() ? DateTimeOffset.UnixEpoch.AddSeconds(9) : null,
        Phase = phase,
        Revision = 0,
        Vms = [phase == RunPhase.Succeeded ? new(Web, Web.Uuid, VmPhase.Healthy, null, null, DateTimeOffset.UnixEpoch, null) : new(Web, Web.Uuid, VmPhase.Started, null, null, null, null)],
    };

    private RecoveryPlan PlanOf(RecoveryRequest request) => new()
    {
        Kind = request.Policy.Kind,
        Target = Target,
        InventoryTakenAt = DateTimeOffset.UnixEpoch,
        Findings = [.. Findings.Where(f => !request.Policy.Resolve.Contains(f.Code))],
        Steps = [new StartTier(0, [Web], false, 8)],
    };
}
