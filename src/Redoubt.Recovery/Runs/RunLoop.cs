using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// Carries one run on: decides what is next, has it in the ledger, does it, and notes what came of it, until there is nothing to do. What
/// to do next is decided in the same breath as it is written down, so that an operator's word never falls in between.
/// </summary>
internal sealed class RunLoop(RunEngineConfig config, RunLedger ledger, TimeProvider time, CancellationToken shutdown)
{
    private long _pokes;
    private volatile CancellationTokenSource? _attempt;

    /// <summary>What has happened in the run.</summary>
    public RunLedger Ledger => ledger;

    /// <summary>Ends when the loop has.</summary>
    public Task Loop { get; private set; } = Task.CompletedTask;

    /// <summary>
    /// Takes an operator's word: what it means is decided on the state as it is, and what follows is begun, before this returns. The task
    /// ends when everybody who waits has been told.
    /// </summary>
    /// <exception cref="RunRefusedException">It can't be done in this state.</exception>
    public Task TellAsync(Func<RunState, RunEvent> decide)
    {
        var isStop = ledger.Write(decide).Phase == RunPhase.Cancelling;
        Poke();

        // Whoever waits goes on at once: not on the thread of who gave the word, who may hold locks.
        return (isStop ? _attempt : null)?.CancelAsync() ?? Task.CompletedTask;
    }

    /// <summary>Carries the run on, if there is something to do.</summary>
    public void Poke()
    {
        if (Interlocked.Increment(ref _pokes) == 1)
        {
            Loop = Task.Run(LoopAsync, CancellationToken.None);
        }
    }

    private async Task LoopAsync()
    {
        long seen;
        do
        {
            seen = Interlocked.Read(ref _pokes);
            await CarryOnAsync();
        }
        while (Interlocked.CompareExchange(ref _pokes, 0, seen) != seen);
    }

    private async Task CarryOnAsync()
    {
        await using var pools = new RunPools(config);
        try
        {
            while (Take() is not RunAction.Rest and var action)
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
        catch (Exception) when (ledger.IsBroken)
        {
            // Without a journal nothing may be done. The ledger says so to whoever looks.
        }
        catch (Exception bug)
        {
            BreakOff(bug);
        }
        finally
        {
            ledger.FlushQuietly();
        }
    }

    // Whatever went wrong, a person can have the run go on, or take it back.
    private void BreakOff(Exception bug)
    {
        try
        {
            ledger.Write(state => state.Phase.IsMoving() ? new RunEvent.Interrupted($"{bug.GetType().Name}: {bug.Message}") : null);
        }
        catch (Exception) when (ledger.IsBroken)
        {
            // The ledger says so to whoever looks.
        }
    }

    private RunAction Take()
    {
        shutdown.ThrowIfCancellationRequested();
        RunAction action = new RunAction.Rest();
        ledger.Write(state => (action = RunDecision.Next(state)) switch
        {
            RunAction.Note(var note) => note,
            RunAction.Do(var step) => new RunEvent.StepIntended(step),
            RunAction.TakeBack(var step) => new RunEvent.UndoIntended(step),
            _ => null,
        });
        return action;
    }

    private async Task RunAsync(RunPools pools, int index, bool isUndo)
    {
        // Not disposed: it may be about to be cancelled, and without a timer it holds nothing. Taking back is not
        // stopped: what asked for it is what stopped the rest.
        var stop = new CancellationTokenSource();
        _attempt = isUndo ? null : stop;
        if (!isUndo && ledger.State.Phase == RunPhase.Cancelling)
        {
            // The word came after the step was begun, and before there was anything to cancel.
            await stop.CancelAsync();
        }

        using var waits = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, shutdown);
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                var target = await pools.TargetAsync(ledger.State, shutdown);
                var scope = new StepScope(config, ledger, time, pools, target, index, waits.Token, shutdown);
                var step = ledger.State.Plan.Steps[index];
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
                Interrupt(index, silent);
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested && !shutdown.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException late) when (!shutdown.IsCancellationRequested)
            {
                // Nobody here cancelled anything: somebody's limit ran out, which says as little as silence does.
                Interrupt(index, late);
                return;
            }
            catch (Exception bug) when (!ledger.IsBroken && bug is not OperationCanceledException)
            {
                Came(index, isUndo, new StepOutcome.Failed($"{bug.GetType().Name}: {bug.Message}"));
                return;
            }
        }
    }

    private void Interrupt(int index, Exception why) =>
        ledger.Write(new RunEvent.Interrupted($"step {index + 1} ({ledger.State.Plan.Steps[index].Key}): {why.Message}"));

    private void Came(int index, bool isUndo, StepOutcome outcome)
    {
        switch (outcome, isUndo)
        {
            // What to do next is decided at once, and an outcome is written with it.
            case (StepOutcome.Done, false): ledger.Note(new RunEvent.StepDone(index)); break;
            case (StepOutcome.Partial(var error), false): ledger.Note(new RunEvent.StepPartial(index, error)); break;
            case (StepOutcome.Failed(var error), false): ledger.Note(new RunEvent.StepFailed(index, error)); break;
            case (StepOutcome.Done, true): ledger.Note(new RunEvent.UndoDone(index)); break;
            case (StepOutcome.Partial(var error), true): ledger.Note(new RunEvent.UndoFailed(index, error)); break;
            case (StepOutcome.Failed(var error), true): ledger.Note(new RunEvent.UndoFailed(index, error)); break;
            case (StepOutcome.Ask ask, _):
                // Whoever cancels needs no answer any more.
                ledger.Write(
                    state => state.Phase == RunPhase.Cancelling ? null : new RunEvent.Asked(index, ask.Key, ask.Text, ask.Answers));
                break;
            default: throw new InvalidOperationException($"A step came to {outcome.GetType().Name}.");
        }
    }
}
