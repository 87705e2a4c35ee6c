using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>What a step works with: the pools, and the journal for what it must find again.</summary>
internal sealed class StepScope(
    RunEngineConfig config,
    RunLedger ledger,
    TimeProvider time,
    RunPools pools,
    XenApiClient target,
    int index,
    CancellationToken stop,
    CancellationToken token)
{
    /// <summary>How the keys of what a step warns of begin.</summary>
    public const string WarningKey = "warning:";

    public RunState State => ledger.State;

    public XenApiClient Target => target;

    public RunPools Pools => pools;

    public TimeProvider Time => time;

    public RunEngineConfig Config => config;

    /// <summary>
    /// Ends waits: an operator cancels the run, or the engine goes down. Never breaks off a call, which a server would go on with.
    /// </summary>
    public CancellationToken Stop => stop;

    /// <summary>The engine goes down.</summary>
    public CancellationToken Token => token;

    /// <summary>The same for another step.</summary>
    public StepScope Of(RecoveryStep other) => new(config, ledger, time, pools, target, State.Plan.Steps.IndexOf(other), stop, token);

    /// <summary>When this step was begun first.</summary>
    public DateTimeOffset BegunAt => State.Steps[index].StartedAt ?? State.StartedAt;

    /// <summary>What an earlier attempt at this step noted, or null.</summary>
    public string? Fact(string key) => State.Steps[index].Facts.GetValueOrDefault(key);

    /// <summary>What somebody answered to this step's question, or null.</summary>
    public string? Answer(string key) => Fact(PendingQuestion.FactOf(key));

    /// <summary>What any step noted under keys that begin so.</summary>
    public IEnumerable<(string Name, string Value)> Facts(string prefix) => State.Steps.SelectMany(s => s.Facts)
        .Where(f => f.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(f => (f.Key[prefix.Length..], f.Value));

    /// <summary>What this step noted under keys that begin so.</summary>
    public IEnumerable<(string Name, string Value)> OwnFacts(string prefix) => State.Steps[index].Facts
        .Where(f => f.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(f => (f.Key[prefix.Length..], f.Value));

    /// <summary>Notes something durably, once: what is noted already is left.</summary>
    public void Note(string key, string value)
    {
        if (Fact(key) is null)
        {
            ledger.Write(new RunEvent.FactNoted(index, key, value));
        }
    }

    /// <summary>Keeps something for whoever reads of the run, once. Nothing waits for it to be durable.</summary>
    public void Keep(string key, string value)
    {
        if (Fact(key) is null)
        {
            ledger.Note(new RunEvent.FactNoted(index, key, value));
        }
    }

    /// <summary>
    /// Tells people of something that went otherwise than it should, once: it is in the log, and among what needs a person.
    /// </summary>
    public void Warn(string key, string text)
    {
        if (Fact(WarningKey + key) is null)
        {
            Note(WarningKey + key, text);
            Log("Warning: " + text);
        }
    }

    /// <summary>A line of the run's log.</summary>
    public void Log(string text) => ledger.Note(new RunEvent.Logged(text));

    /// <summary>How far a VM has come: a step that is repeated finds out again.</summary>
    public void Moved(PlanObject vm, VmPhase phase, string? targetUuid = null, DateTimeOffset? since = null, string? error = null) =>
        ledger.Note(new RunEvent.VmMoved(vm.Uuid, phase, targetUuid, since, error));

    public VmProgress Vm(PlanObject vm) => State.Vms.First(v => v.Vm.Uuid == vm.Uuid);

    /// <summary>Whether a pool answers a message that not every server has.</summary>
    public async Task<bool> OffersAsync(XenApiClient api, string message) => (await pools.OffersAsync(api, token)).Has(message);

    /// <summary>Waits until the next look at something.</summary>
    public Task WaitAsync() => Task.Delay(Config.PollInterval, Time, stop);

    /// <summary>An object by its UUID, or the null reference.</summary>
    public async Task<Ref<TRecord>> FindAsync<TRecord>(XenApiClient api, string uuid)
        where TRecord : Record, IRecord<TRecord>, new()
    {
        try
        {
            return await api.CallAsync<Ref<TRecord>>($"{TRecord.Declaration.Name}.get_by_uuid", [uuid], token);
        }
        catch (XenApiException missing) when (missing.Code is "UUID_INVALID")
        {
            return default;
        }
    }

    public Task<TRecord> GetAsync<TRecord>(XenApiClient api, Ref<TRecord> reference)
        where TRecord : Record, IRecord<TRecord>, new() =>
        api.CallAsync<TRecord>($"{TRecord.Declaration.Name}.get_record", [reference], token);
}
