using Microsoft.Extensions.Logging;

namespace Redoubt.Recovery;

/// <summary>
/// What has happened in one run: in memory, where the next event is decided on it, and in the journal, which is what others are shown.
/// Deciding takes no time and is done by one at a time; writing takes a flush, and whoever comes to it first writes for all.
/// <code>
/// decide ─► noted ─► [ journal ] ─► written ─► shown
///              └ others decide meanwhile, and share the next flush
/// </code>
/// All members may be called by several threads at once.
/// </summary>
internal sealed class RunLedger(RunJournal journal, TimeProvider time, ILogger log, RunState state)
{
    // A flush of a busy disk takes milliseconds; nobody who looks at a run sees the difference, and a tier's VMs share one.
    private static readonly TimeSpan OutcomeDelay = TimeSpan.FromMilliseconds(20);

    private readonly object _gate = new();
    private readonly List<RunEvent> _unwritten = [];
    private RunState _state = state;
    private RunState _written = state;
    private (RunState Of, RunSummary Summary)? _summary;
    private bool _isWriting;
    private bool _isFlushPlanned;
    private Exception? _broken;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What has happened, for what decides and acts.</summary>
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

    /// <summary>The same in a line, added up once for each state: everybody who looks asks for every run's.</summary>
    public RunSummary Summary
    {
        get
        {
            lock (_gate)
            {
                if (_summary is not var (of, summary) || !ReferenceEquals(of, _written))
                {
                    _summary = (_written, summary = _written.ToSummary());
                }

                return summary;
            }
        }
    }

    /// <summary>Whether the journal can't be written, so that nothing more is done.</summary>
    public bool IsBroken
    {
        get
        {
            lock (_gate)
            {
                return _broken is not null;
            }
        }
    }

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

    /// <summary>Writes down what happened: it, and all that was noted before, is durable when this returns.</summary>
    /// <param name="decide">What happens in the state as it is; null: nothing. Must neither wait nor call back.</param>
    /// <returns>The state with it.</returns>
    /// <exception cref="RunRefusedException">The journal can't be written.</exception>
    public RunState Write(Func<RunState, RunEvent?> decide)
    {
        RunState decided;
        lock (_gate)
        {
            // Before the state is judged, which may be ahead of a journal that can't be written.
            RequireUnbroken();
            Hold(decide(_state));
            decided = _state;
        }

        Flush();
        return decided;
    }

    /// <inheritdoc cref="Write(Func{RunState, RunEvent})"/>
    /// <param name="happened">What happened.</param>
    public void Write(RunEvent happened) => Write(_ => happened);

    /// <summary>Writes down, with whatever is written next and a moment later at most, what costs nothing to find out again.</summary>
    /// <exception cref="RunRefusedException">The journal can't be written.</exception>
    public void Note(RunEvent happened)
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
    }

    /// <summary>Writes what was noted; where that can't be done, <see cref="Observe"/> says so.</summary>
    public void FlushQuietly()
    {
        try
        {
            Flush();
        }
        catch (Exception) when (IsBroken)
        {
            // Observe says so, and nothing more is done.
        }
    }

    // To be called with the gate closed.
    private void Hold(RunEvent? happened)
    {
        RequireUnbroken();
        if (happened is not null)
        {
            var stamped = happened with { At = time.GetUtcNow() };
            _state = RunTransitions.Apply(_state, stamped);
            _unwritten.Add(stamped);
        }
    }

    // To be called with the gate closed.
    private void RequireUnbroken()
    {
        if (_broken is not null)
        {
            throw new RunRefusedException($"The journal of runs can't be written ({_broken.Message}). See to it, and restart the daemon.");
        }
    }

    private void Flush()
    {
        List<RunEvent> batch;
        RunState upTo;
        lock (_gate)
        {
            while (_isWriting)
            {
                Monitor.Wait(_gate);
            }

            RequireUnbroken();
            if (_unwritten.Count == 0)
            {
                return;
            }

            (batch, upTo, _isWriting) = ([.. _unwritten], _state, true);
            _unwritten.Clear();
        }

        try
        {
            journal.Append(upTo.Uuid, batch);
        }
        catch (Exception broken)
        {
            // What is in the file now is not known, so nothing after it is to be trusted either.
            Wrote(_written, broken);
            throw;
        }

        Wrote(upTo, null);
        batch.ForEach(happened => Tell(upTo, happened));
    }

    private void Tell(RunState run, RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.Ended { Phase: RunPhase.Succeeded }:
                log.LogInformation("Run {Run} ({Kind}) of {By} succeeded", run.Uuid, run.Plan.Kind, run.StartedBy);
                break;
            case RunEvent.Ended ended:
                // A run that somebody stopped or took back did as it was told.
                log.Log(
                    ended.Phase is RunPhase.Cancelled or RunPhase.Undone ? LogLevel.Information : LogLevel.Error,
                    "Run {Run} ({Kind}) of {By} ended as {Phase}: {Failure}",
                    run.Uuid, run.Plan.Kind, run.StartedBy, ended.Phase, ended.Failure);
                break;
            case RunEvent.Interrupted interrupted:
                log.LogError(
                    "Run {Run} ({Kind}) of {By} was interrupted: {Reason}", run.Uuid, run.Plan.Kind, run.StartedBy, interrupted.Reason);
                break;
        }
    }

    private void Wrote(RunState upTo, Exception? broken)
    {
        lock (_gate)
        {
            (_written, _broken, _isWriting) = (upTo, broken, false);
            Monitor.PulseAll(_gate);
            _changed.SetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
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
}
