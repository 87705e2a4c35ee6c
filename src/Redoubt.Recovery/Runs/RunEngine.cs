using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Redoubt.Recovery;

/// <summary>
/// Carries out plans, and keeps a journal of it from which a run is resumed, undone and reported. It decides purely
/// (<see cref="RunTransitions"/>, <see cref="RunDecision"/>), acts thinly (<see cref="StepActs"/>), and writes down first.
/// <code>
/// plan ─► StartAsync ─► started ─► [ intended ─► act ─► outcome ] for each step ─► ended
///                          └──────────── every one of them in the journal before the next thing happens
/// </code>
/// All members may be called by several threads at once.
/// </summary>
public sealed class RunEngine : IAsyncDisposable
{
    // What a thousand VMs do would otherwise keep a processor busy with telling it.
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);

    private readonly RunEngineConfig _config;
    private readonly RunJournal _journal;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly List<RunLoop> _runs = [];
    private readonly CancellationTokenSource _shutdown = new();
    private bool _isDisposed;

    private RunEngine(RunEngineConfig config, RunJournal journal, TimeProvider time)
    {
        _config = config;
        _journal = journal;
        _time = time;
    }

    /// <summary>
    /// Opens the journal. A run that a dead daemon left behind is interrupted, until somebody resumes or undoes it; a test that was not to
    /// be kept is cleaned up. What waits for a person goes on waiting, and what was paused stays so.
    /// </summary>
    /// <exception cref="FormatException">The journal was written by a newer version.</exception>
    public static Task<RunEngine> OpenAsync(RunEngineConfig config, TimeProvider time, CancellationToken cancellationToken) =>
        OpenAsync(config, time, null, cancellationToken);

    internal static Task<RunEngine> OpenAsync(
        RunEngineConfig config, TimeProvider time, Action<RunEvent, bool>? watch, CancellationToken cancellationToken) =>
        Task.Run(() => Open(config, time, watch), cancellationToken);

    /// <summary>Checks that a journal can be used, before anything is changed.</summary>
    /// <param name="path">The journal; one that is not there is made when it is opened.</param>
    /// <param name="isNew">Whether it may be one that was begun, and nothing more.</param>
    /// <exception cref="InvalidDataException">It can't be used; says why.</exception>
    public static void Check(string path, bool isNew)
    {
        if (!File.Exists(path) || (isNew && new FileInfo(path).Length == 0))
        {
            return;
        }

        DirectoryInfo? copy = null;
        try
        {
            // On a copy: SQLite can't look at a database with a log beside it without writing to both.
            copy = Directory.CreateTempSubdirectory("redoubt-runs-");
            var copied = Path.Combine(copy.FullName, "runs.db");
            foreach (var suffix in new[] { "", "-wal" }.Where(s => File.Exists(path + s)))
            {
                File.Copy(path + suffix, copied + suffix);
            }

            RunJournal.Check(copied);
            using var journal = RunJournal.Open(copied, null);
            foreach (var events in journal.Read())
            {
                _ = events.Aggregate((RunState?)null, RunTransitions.Apply);
            }
        }
        catch (Exception unusable) when (unusable is not OutOfMemoryException)
        {
            // Events that do not follow from each other make the fold throw whatever it likes; to an operator it is all damage.
            throw new InvalidDataException($"{path} can't be used: {unusable.Message.TrimEnd('.')}.", unusable);
        }
        finally
        {
            copy?.Delete(recursive: true);
        }
    }

    /// <summary>Lays the whole journal before the hosts of a pool that begins to have several. To be called within <c>Keep</c>.</summary>
    public void Lay(RunAgreement agreement) => _journal.Lay(agreement);

    /// <summary>Starts a run and answers its UUID as soon as that is in the journal.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="plan">The plan, as the operator has seen it.</param>
    /// <param name="by">Who decided; the run acts on their behalf.</param>
    /// <param name="cancellationToken">Not used once the run is in the journal.</param>
    /// <exception cref="RunRefusedException">The plan is blocked or empty, or another run has some of the VMs.</exception>
    public Task<string> StartAsync(RecoveryRequest request, RecoveryPlan plan, string by, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            RunChecks.RequireStartable(request, plan, _runs.Select(r => r.Ledger.Written));
            var forecasts = StepForecast.Of(plan, Ended());
            var started = new RunEvent.Started(Guid.NewGuid().ToString(), request, plan, by, forecasts) { At = _time.GetUtcNow() };
            _journal.Append(started.Uuid, [started]);
            _config.Log.LogInformation("Run {Run} ({Kind}) of {By} starts", started.Uuid, plan.Kind, by);
            var run = Carry(RunTransitions.Apply(null, started));
            _runs.Add(run);
            run.Poke();
            return Task.FromResult(started.Uuid);
        }
    }

    /// <summary>How long a plan should take, by the runs there have been; every one of its steps is in it, in their order.</summary>
    public PlanForecast Forecast(RecoveryPlan plan)
    {
        List<RunState> ended;
        lock (_gate)
        {
            ended = [.. Ended()];
        }

        return PlanForecast.Of(plan, ended);
    }

    /// <summary>All runs, the newest first.</summary>
    public IReadOnlyList<RunSummary> List()
    {
        lock (_gate)
        {
            return [.. Enumerable.Reverse(_runs).Select(r => r.Ledger.Summary)];
        }
    }

    /// <summary>How long it took until some VMs were where they were wanted, in the runs that are over and had them.</summary>
    /// <param name="vms">Their UUIDs at the source.</param>
    public IReadOnlyList<VmRto> RtosOf(IReadOnlySet<string> vms)
    {
        ArgumentNullException.ThrowIfNull(vms);
        lock (_gate)
        {
            return [.. _runs.Select(r => r.Ledger.Written).Where(s => s.Phase.IsFinal()).SelectMany(s =>
                s.Vms.Where(v => vms.Contains(v.Vm.Uuid)).Select(v => new VmRto(
                    s.Uuid, v.Vm.Uuid, s.IsReached(v) ? v.ReachedAt(s.Request.Policy) - s.StartedAt : null)))];
        }
    }

    /// <summary>A run, or null if there is none of that UUID.</summary>
    public RunRecord? Find(string uuid) => FindRun(uuid)?.Ledger.Observe().Record;

    /// <summary>
    /// The run's state now if its revision is past the given one, and then after each change. States in between are left out: as long as it
    /// goes on by itself there are at most four a second, while its end, or that it waits for somebody, is told at once. Ends with a final
    /// phase.
    /// </summary>
    /// <exception cref="RunRefusedException">There is no such run.</exception>
    public IAsyncEnumerable<RunRecord> WatchAsync(string uuid, long afterRevision, CancellationToken cancellationToken) =>
        WatchAsync(GetRun(uuid), afterRevision, isEndless: false, cancellationToken);

    /// <summary>The same without an end: a run that is over may still be undone.</summary>
    /// <exception cref="RunRefusedException">There is no such run.</exception>
    public IAsyncEnumerable<RunRecord> FollowAsync(string uuid, long afterRevision, CancellationToken cancellationToken) =>
        WatchAsync(GetRun(uuid), afterRevision, isEndless: true, cancellationToken);

    /// <summary>
    /// Has a run begin nothing new: it ends what is under way, and then stays where it is until it is resumed, cancelled or undone, also
    /// over restarts. A run that is being taken back can be paused too.
    /// </summary>
    /// <exception cref="RunRefusedException">There is no such run, or nothing is under way in it.</exception>
    public Task PauseAsync(string uuid, string by, CancellationToken cancellationToken) =>
        TellAsync(uuid, state => RunChecks.Pause(state, by), cancellationToken);

    /// <summary>Has an interrupted or paused run go on, in the direction in which it went.</summary>
    /// <exception cref="RunRefusedException">There is no such run, or it was neither interrupted nor paused.</exception>
    public Task ResumeAsync(string uuid, string by, CancellationToken cancellationToken) =>
        TellAsync(uuid, state => RunChecks.Resume(state, by), cancellationToken);

    /// <summary>Takes a run back: the steps that have an undo, the last one first.</summary>
    /// <exception cref="RunRefusedException">There is no such run, it can't be undone now, or a later run has some of its VMs.</exception>
    public Task UndoAsync(string uuid, string by, CancellationToken cancellationToken)
    {
        // No run may start between the look at them and the order.
        lock (_gate)
        {
            var later = _runs.Select(r => r.Ledger.State).SkipWhile(s => s.Uuid != uuid).Skip(1).ToList();
            return TellAsync(uuid, state => RunChecks.Undo(state, by, later), cancellationToken);
        }
    }

    /// <summary>
    /// Stops a run before its next step. A test is cleaned up; a hand-over that has started nothing yet is taken back; whatever else was
    /// done stays.
    /// </summary>
    /// <exception cref="RunRefusedException">There is no such run, or nothing to stop.</exception>
    public Task CancelAsync(string uuid, string by, CancellationToken cancellationToken) =>
        TellAsync(uuid, state => RunChecks.Cancel(state, by), cancellationToken);

    /// <summary>Answers the run's question.</summary>
    /// <exception cref="RunRefusedException">There is no such run, it asks nothing, or that is none of its answers.</exception>
    public Task AnswerAsync(string uuid, string answer, string by, CancellationToken cancellationToken) =>
        TellAsync(uuid, state => RunChecks.Answer(state, answer, by), cancellationToken);

    /// <summary>Removes a test that was left up.</summary>
    /// <exception cref="RunRefusedException">There is no such run, or it is no test that is up.</exception>
    public Task CleanUpTestAsync(string uuid, string by, CancellationToken cancellationToken) =>
        TellAsync(uuid, state => RunChecks.CleanUp(state, by), cancellationToken);

    /// <summary>The run's report, as far as the run has come.</summary>
    /// <exception cref="RunRefusedException">There is no such run.</exception>
    public string Report(string uuid, ReportFormat format) => RunReport.Of(GetRun(uuid).Ledger.Written).Write(format);

    /// <summary>Stops runs where they are; they are interrupted when the journal is opened again.</summary>
    public async ValueTask DisposeAsync()
    {
        List<RunLoop> runs;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            (_isDisposed, runs) = (true, [.. _runs]);
        }

        await _shutdown.CancelAsync();
        await Task.WhenAll(runs.Select(r => r.Loop));
        _journal.Dispose();
        _shutdown.Dispose();
    }

    /// <summary>Ends when a run has stopped doing anything and has ended its sessions.</summary>
    internal Task SettleAsync(string uuid) => GetRun(uuid).Loop;

    private static RunEngine Open(RunEngineConfig config, TimeProvider time, Action<RunEvent, bool>? watch)
    {
        var journal = RunJournal.Open(config.JournalPath, watch, config.Keep);
        try
        {
            var engine = new RunEngine(config, journal, time);
            foreach (var events in journal.Read())
            {
                var state = events.Aggregate((RunState?)null, RunTransitions.Apply)!;
                engine._runs.Add(engine.Carry(state));
            }

            foreach (var run in engine._runs)
            {
                foreach (var happened in RunChecks.AfterDeath(run.Ledger.State))
                {
                    run.Ledger.Write(happened);
                }
            }

            // Only when all is written: an engine that can't be opened must not have begun anything.
            engine._runs.ForEach(r => r.Poke());

            return engine;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    private RunLoop Carry(RunState state) => new(_config, new RunLedger(_journal, _time, _config.Log, state), _time, _shutdown.Token);

    // The newest first.
    private IEnumerable<RunState> Ended() => _runs.Select(r => r.Ledger.Written).Where(s => s.Phase.IsFinal()).Reverse();

    private async IAsyncEnumerable<RunRecord> WatchAsync(
        RunLoop run, long afterRevision, bool isEndless, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var (record, changed) = run.Ledger.Observe();
            if (record.Revision > afterRevision)
            {
                if (record.Phase.IsMoving())
                {
                    await GatherAsync(run, cancellationToken);
                    (record, changed) = run.Ledger.Observe();
                }

                afterRevision = record.Revision;
                yield return record;
            }

            if (record.Phase.IsFinal() && !isEndless)
            {
                yield break;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task GatherAsync(RunLoop run, CancellationToken cancellationToken)
    {
        var pause = Task.Delay(WatchInterval, _time, cancellationToken);
        for (var now = run.Ledger.Look(); now.Phase.IsMoving() && !pause.IsCompleted; now = run.Ledger.Look())
        {
            await Task.WhenAny(pause, now.Changed);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private Task TellAsync(string uuid, Func<RunState, RunEvent> decide, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return GetRun(uuid).TellAsync(decide);
    }

    private RunLoop? FindRun(string uuid)
    {
        lock (_gate)
        {
            return _runs.Find(r => r.Ledger.Written.Uuid == uuid);
        }
    }

    private RunLoop GetRun(string uuid) =>
        FindRun(uuid) ?? throw new RunRefusedException($"There is no run {uuid}. dr-run-list has them all.");
}
