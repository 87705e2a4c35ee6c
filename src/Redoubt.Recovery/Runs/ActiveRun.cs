using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// One run: its state, which only this changes, and the loop that carries it on. What is intended is in the journal before it is done;
/// what came of it shares the next flush, a moment later, and is shown to nobody before that. What to do next is decided in the same
/// breath as it is written down, so that an operator's word never falls in between.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "A source without a timer holds nothing, and one that is disposed can't be cancelled.")]
internal sealed class ActiveRun(RunEngineConfig config, RunJournal journal, TimeProvider time, RunState state, CancellationToken shutdown)
{
    // A flush of a busy disk takes milliseconds; nobody who looks at a run sees the difference, and a tier's VMs share one.
    private static readonly TimeSpan OutcomeDelay = TimeSpan.FromMilliseconds(20);

    // Taken before the gate, by whoever writes the journal: so batches are in the order of the events, and others add to the next one.
    private readonly Lock _writing = new();
    private readonly Lock _gate = new();
    private readonly List<RunEvent> _unwritten = [];
    private RunState _state = state;
    private RunState _written = state;
    private bool _isFlushPlanned;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _stop = new();
    private bool _isStopAsked;
    private Exception? _broken;
    private bool _isLooping;

    /// <summary>What has happened, for the steps.</summary>
    public RunState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>What the journal has of it, for everybody else.</summary>
    public RunState Written
    {
        get
        {
            lock (_gate)
            {
                return _written;
            }
        }
    }

    public RunEngineConfig Config => config;

    public TimeProvider Time => time;

    /// <summary>Ends when the loop has.</summary>
    public Task Loop { get; private set; } = Task.CompletedTask;

    /// <summary>The state now, and a task that ends at the next change.</summary>
    public (RunRecord Record, Task Changed) Observe()
    {
        lock (_gate)
        {
            var record = _written.ToRecord();
            return (_broken is null || _written.Phase.IsFinal() ? record : record with
            {
                Phase = RunPhase.Interrupted,
                Failure = $"The journal can't be written, so nothing more is done: {_broken.Message} See to it, and restart the daemon.",
                Question = null,
                Revision = record.Revision + 1,
            }, _changed.Task);
        }
    }

    /// <summary>The phase as <see cref="Observe"/> has it, and a task that ends at the next change.</summary>
    public (RunPhase Phase, Task Changed) Look()
    {
        lock (_gate)
        {
            return (_broken is null || _written.Phase.IsFinal() ? _written.Phase : RunPhase.Interrupted, _changed.Task);
        }
    }

    /// <summary>
    /// Writes down what happened; it is durable when this returns. But how a VM moved, and a line of the log, is so a moment later: a step
    /// that is repeated finds out again what came of it.
    /// </summary>
    public void Write(RunEvent happened)
    {
        if (happened is RunEvent.VmMoved or RunEvent.Logged)
        {
            lock (_gate)
            {
                Hold(happened);
                if (!_isFlushPlanned)
                {
                    _isFlushPlanned = true;
                    _ = FlushSoonAsync();
                }
            }

            return;
        }

        lock (_writing)
        {
            Append(happened);
        }
    }

    /// <summary>
    /// Takes an operator's word: what it means is decided on the state as it is, and what follows is begun, before this returns. The task
    /// ends when everybody who waits has been told.
    /// </summary>
    /// <exception cref="RunRefusedException">It can't be done in this state.</exception>
    public Task TellAsync(Func<RunState, RunEvent> decide)
    {
        CancellationTokenSource? stop = null;
        lock (_writing)
            lock (_gate)
            {
                if (_broken is not null)
                {
                    throw new RunRefusedException($"The journal of runs can't be written ({_broken.Message}). See to it, and restart the daemon.");
                }

                Append(decide(_state));
                if (_state.Phase == RunPhase.Cancelling)
                {
                    (stop, _isStopAsked) = (_stop, true);
                }

                Start();
            }

        // Whoever waits goes on at once, and takes the locks: so not under them, nor on the thread of who gave the word, who may hold others.
        return stop?.CancelAsync() ?? Task.CompletedTask;
    }

    /// <summary>Carries the run on, if there is something to do.</summary>
    public void Poke()
    {
        lock (_gate)
        {
            Start();
        }
    }

    private void Start()
    {
        if (!_isLooping && !shutdown.IsCancellationRequested && RunDecision.Next(_state) is not RunAction.Rest)
        {
            _isLooping = true;
            Renew();
            Loop = Task.Run(LoopAsync, CancellationToken.None);
        }
    }

    // The old one may be about to be cancelled, so it is left to the collector.
    private void Renew() => (_stop, _isStopAsked) = (new(), false);

    private async Task LoopAsync()
    {
        await using var pools = new RunPools(config);
        try
        {
            while (Take() is { } action)
            {
                switch (action)
                {
                    case RunAction.Do(var step): await RunAsync(pools, step, isUndo: false); break;
                    case RunAction.TakeBack(var step): await RunAsync(pools, step, isUndo: true); break;
                }
            }
        }
        catch (OperationCanceledException) when (shutdown.IsCancellationRequested)
        {
            // The journal says how far it came, and the next one to open it will say that it was interrupted.
        }
        catch (Exception) when (_broken is not null)
        {
            // Without a journal nothing may be done. Observe says so.
        }
        catch (Exception bug)
        {
            BreakOff(bug);
        }
        finally
        {
            FlushQuietly();
        }
    }

    // Whatever went wrong, a person can have the run go on, or take it back.
    private void BreakOff(Exception bug)
    {
        lock (_writing)
            lock (_gate)
            {
                _isLooping = false;
                if (!_state.Phase.IsMoving())
                {
                    return;
                }

                try
                {
                    Append(new RunEvent.Interrupted($"{bug.GetType().Name}: {bug.Message}"));
                }
                catch (Exception) when (_broken is not null)
                {
                    // Observe says so.
                }
            }
    }

    // Null: there is nothing to do, and the loop ends.
    private RunAction? Take()
    {
        lock (_writing)
            lock (_gate)
            {
                shutdown.ThrowIfCancellationRequested();
                var action = RunDecision.Next(_state);
                switch (action)
                {
                    case RunAction.Rest:
                        Flush();
                        _isLooping = false;
                        return null;
                    case RunAction.Note(var note):
                        Append(note);
                        break;
                    case RunAction.Do(var step):
                        Append(new RunEvent.StepIntended(step));
                        break;
                    case RunAction.TakeBack(var step):
                        Append(new RunEvent.UndoIntended(step));
                        break;
                }

                // Taking back is not stopped: what asked for it is what stopped the rest.
                if (_isStopAsked && _state.Phase != RunPhase.Cancelling)
                {
                    Renew();
                }

                return action;
            }
    }

    private async Task RunAsync(RunPools pools, int index, bool isUndo)
    {
        var stop = _stop.Token;
        using var waits = CancellationTokenSource.CreateLinkedTokenSource(stop, shutdown);
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                var scope = new StepScope(this, pools, await pools.TargetAsync(State, shutdown), index, waits.Token, shutdown);
                var step = State.Plan.Steps[index];
                Came(index, isUndo, isUndo ? await StepActs.UndoAsync(scope, step) : await StepActs.DoAsync(scope, step));
                return;
            }
            catch (XenApiException gone) when (isFirst && Failures.IsSessionGone(gone))
            {
                // A step can be repeated from any point, so a session that ended in it costs nothing.
                await pools.ResetAsync();
            }
            catch (XenApiException refused)
            {
                Came(index, isUndo, new StepOutcome.Failed(Failures.Describe(refused)));
                return;
            }
            catch (StepFailedException failed)
            {
                Came(index, isUndo, new StepOutcome.Failed(failed.Message));
                return;
            }
            catch (XenApiTransportException silent)
            {
                // Whether the last call took effect is not known; repeating the step finds out.
                Write(new RunEvent.Interrupted($"step {index + 1} ({State.Plan.Steps[index].Key}): {silent.Message}"));
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested && !shutdown.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException late) when (!shutdown.IsCancellationRequested)
            {
                // Nobody here cancelled anything: somebody's limit ran out, which says as little as silence does.
                Write(new RunEvent.Interrupted($"step {index + 1} ({State.Plan.Steps[index].Key}): {late.Message}"));
                return;
            }
            catch (Exception bug) when (_broken is null && bug is not OperationCanceledException)
            {
                Came(index, isUndo, new StepOutcome.Failed($"{bug.GetType().Name}: {bug.Message}"));
                return;
            }
        }
    }

    private void Came(int index, bool isUndo, StepOutcome outcome)
    {
        lock (_writing)
            lock (_gate)
            {
                RunEvent? happened = (outcome, isUndo) switch
                {
                    (StepOutcome.Done, false) => new RunEvent.StepDone(index),
                    (StepOutcome.Partial(var error), false) => new RunEvent.StepPartial(index, error),
                    (StepOutcome.Failed(var error), false) => new RunEvent.StepFailed(index, error),
                    (StepOutcome.Done, true) => new RunEvent.UndoDone(index),
                    (StepOutcome.Partial(var error), true) => new RunEvent.UndoFailed(index, error),
                    (StepOutcome.Failed(var error), true) => new RunEvent.UndoFailed(index, error),
                    // Whoever cancels needs no answer any more.
                    (StepOutcome.Ask ask, _) => _state.Phase == RunPhase.Cancelling ? null : new RunEvent.Asked(index, ask.Key, ask.Text, ask.Answers),
                    _ => throw new InvalidOperationException($"A step came to {outcome.GetType().Name}."),
                };
                switch (happened)
                {
                    case RunEvent.Asked: Append(happened); break;
                    // What to do next is decided at once, and an outcome is written with it.
                    case not null: Hold(happened); break;
                }
            }
    }

    // To be called with the right to write, as Flush.
    private void Append(RunEvent happened)
    {
        lock (_gate)
        {
            Hold(happened);
        }

        Flush();
    }

    // To be called with the gate closed.
    private void Hold(RunEvent happened)
    {
        if (_broken is not null)
        {
            throw new InvalidOperationException("The journal is broken.", _broken);
        }

        var stamped = happened with { At = time.GetUtcNow() };
        _state = RunTransitions.Apply(_state, stamped);
        _unwritten.Add(stamped);
    }

    private void Flush()
    {
        List<RunEvent> batch;
        RunState upTo;
        lock (_gate)
        {
            if (_unwritten.Count == 0 || _broken is not null)
            {
                return;
            }

            (batch, upTo) = ([.. _unwritten], _state);
            _unwritten.Clear();
        }

        try
        {
            journal.Append(upTo.Uuid, batch);
        }
        catch (Exception broken)
        {
            // What is in the file now is not known, so nothing after it is to be trusted either.
            lock (_gate)
            {
                _broken = broken;
                Signal();
            }

            throw;
        }

        lock (_gate)
        {
            _written = upTo;
            Signal();
        }
    }

    private async Task FlushSoonAsync()
    {
        await Task.Delay(OutcomeDelay, time);
        lock (_gate)
        {
            _isFlushPlanned = false;
        }

        FlushQuietly();
    }

    private void FlushQuietly()
    {
        try
        {
            lock (_writing)
            {
                Flush();
            }
        }
        catch (Exception) when (_broken is not null)
        {
            // Observe says so, and nothing more is done.
        }
    }

    private void Signal()
    {
        var changed = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }
}
