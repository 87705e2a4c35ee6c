using System.Globalization;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Recovery;

namespace Redoubt.Cli.Recovering;

/// <summary>
/// Shows a run as it goes on, until it is over, waits for somebody who is not here, or Ctrl-C is pressed, which only stops the showing.
/// </summary>
internal sealed class RunFollower(CommandContext context, RecoveryDaemon daemon)
{
    private readonly Dictionary<int, StepPhase> _steps = [];
    private readonly Dictionary<string, VmPhase> _vms = [];
    private int _logged;

    /// <summary>Follows a run.</summary>
    /// <param name="uuid">The run.</param>
    /// <param name="wanted">The end that was wanted, if it is another one than success.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> FollowAsync(string uuid, RunPhase wanted = RunPhase.Succeeded)
    {
        try
        {
            var run = await daemon.RunAsync(uuid);
            while (true)
            {
                Show(run);
                if (run.Phase.IsFinal() || run.Phase is RunPhase.Interrupted or RunPhase.Paused)
                {
                    return End(run, wanted);
                }

                if (run is { Phase: RunPhase.Waiting, Question: { } question })
                {
                    if (run.IsTestUp())
                    {
                        return Kept(run);
                    }

                    if (await AnswerAsync(run, question) is { } left)
                    {
                        return left;
                    }
                }

                run = await daemon.WaitAsync(uuid, run.Revision);
            }
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            context.Terminal.ErrorLine(
                $"No longer shown here; the run goes on. dr-run-show uuid={uuid} follow=true shows it again, "
                    + $"dr-run-cancel uuid={uuid} stops it.");
            return ExitCode.Interrupted;
        }
    }

    /// <summary>What a run's end means for scripts.</summary>
    public static int CodeOf(RunPhase phase, RunPhase wanted) => phase == wanted ? ExitCode.Success : phase switch
    {
        RunPhase.Succeeded => ExitCode.Success,
        RunPhase.Partial => ExitCode.Partial,
        RunPhase.Waiting or RunPhase.Paused => ExitCode.Waiting,
        RunPhase.Running or RunPhase.Pausing or RunPhase.Interrupted or RunPhase.Cancelling or RunPhase.Undoing or RunPhase.Failed or RunPhase.Cancelled or RunPhase.Undone => ExitCode.RunFailed,
    };

    private void Show(RunRecord run)
    {
        foreach (var step in run.Steps.Where(s => _steps.GetValueOrDefault(s.Index) != s.Phase))
        {
            _steps[step.Index] = step.Phase;
            if (step.Phase != StepPhase.Pending)
            {
                Say(
                    run,
                    $"{Word(step.Phase),-9} {step.Index + 1}/{run.Steps.Length} "
                        + $"{step.Step.What}{Took(step)}{(step.Error is { } error ? $": {error}" : "")}");
            }
        }

        foreach (var vm in run.Vms.Where(v => _vms.GetValueOrDefault(v.Vm.Uuid) != v.Phase))
        {
            _vms[vm.Vm.Uuid] = vm.Phase;
            if (vm.Phase is VmPhase.Started or VmPhase.Healthy or VmPhase.Unchecked or VmPhase.Unhealthy or VmPhase.Failed)
            {
                Say(run, $"{"",-9} {vm.Vm.Describe()} is {vm.Phase.Word()}{(vm.Error is { } error ? $": {error}" : "")}");
            }
        }

        foreach (var line in run.Log.Skip(_logged))
        {
            Say(run, $"{"",-9} {line.Text}", line.At);
        }

        _logged = run.Log.Length;
        context.Terminal.Error.Flush();
    }

    private static string Word(StepPhase phase) => phase switch
    {
        StepPhase.Pending => "",
        StepPhase.Running => "begun",
        StepPhase.Waiting => "waits",
        StepPhase.Done => "done",
        StepPhase.Partial => "partly",
        StepPhase.Failed => "FAILED",
        StepPhase.Skipped => "skipped",
        StepPhase.Undoing => "undoing",
        StepPhase.Undone => "undone",
        StepPhase.UndoFailed => "NOT UNDONE",
    };

    private static string Took(StepRecord step) => step switch
    {
        { Phase: StepPhase.Running, Forecast: { } forecast } => $" (about {Seconds(forecast)})",
        { Phase: StepPhase.Done or StepPhase.Partial or StepPhase.Failed, StartedAt: { } from, EndedAt: { } to } =>
            $" ({Seconds(to - from)})",
        _ => "",
    };

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private void Say(RunRecord run, string text, DateTimeOffset? at = null)
    {
        var since = (at ?? context.Time.GetUtcNow()) - run.StartedAt;
        context.Terminal.ErrorLine($"{(since < TimeSpan.Zero ? TimeSpan.Zero : since):hh\\:mm\\:ss}  {text}");
    }

    // Null if it was answered; an exit code if it must be answered by somebody who is not here.
    private async Task<int?> AnswerAsync(RunRecord run, RunQuestion question)
    {
        if (context.Parameters.Find("answer") is { } given)
        {
            if (!question.Answers.Contains(given))
            {
                throw new UsageException(
                    $"The run asks: {question.Text} It takes {string.Join(" or ", question.Answers)}, not '{given}'. It goes on waiting: "
                        + $"dr-run-answer uuid={run.Uuid} answer=");
            }

            context.Terminal.ErrorLine($"{question.Text} {given}");
            await daemon.DoAsync((r, t) => r.AnswerAsync(run.Uuid, given, t));
            return null;
        }

        context.Terminal.ErrorLine(question.Text);
        while (context.Terminal.CanAsk && context.Terminal.Ask($"{string.Join(" or ", question.Answers)}: ")?.Trim() is { } typed)
        {
            if (question.Answers.Contains(typed))
            {
                await daemon.DoAsync((r, t) => r.AnswerAsync(run.Uuid, typed, t));
                return null;
            }
        }

        context.Terminal.ErrorLine($"The run waits: dr-run-answer uuid={run.Uuid} answer={string.Join('|', question.Answers)}");
        context.Terminal.PrintLine(run.Uuid);
        return ExitCode.Waiting;
    }

    private int Kept(RunRecord run)
    {
        var tally = run.Tally();
        context.Terminal.ErrorLine($"The test is up: {tally.ToText()}. It stays until dr-test-cleanup uuid={run.Uuid}");
        context.Terminal.PrintLine(run.Uuid);
        return tally.Well + tally.Unchecked == tally.Total || run.Request.Policy.PowerState != PowerStateAfter.Start
            ? ExitCode.Success
            : ExitCode.Partial;
    }

    private int End(RunRecord run, RunPhase wanted)
    {
        var terminal = context.Terminal;
        if (run.Failure is { } failure)
        {
            terminal.ErrorLine(failure);
        }

        foreach (var warning in run.Warnings)
        {
            terminal.ErrorLine($"Warning: {warning}");
        }

        if (run.Phase == RunPhase.Interrupted)
        {
            terminal.ErrorLine($"It can go on or be taken back: dr-run-resume uuid={run.Uuid}, dr-run-undo uuid={run.Uuid}");
        }

        if (run.Phase == RunPhase.Paused)
        {
            terminal.ErrorLine(
                $"It begins nothing more until somebody says so: dr-run-resume uuid={run.Uuid}, dr-run-cancel uuid={run.Uuid}, "
                    + $"dr-run-undo uuid={run.Uuid}");
        }

        terminal.ErrorLine($"{run.Plan.Kind} {run.Phase.ToString().ToLowerInvariant()}: {run.Tally().ToText()}"
            + $"{(run.EndedAt is { } end ? $" after {Seconds(end - run.StartedAt)}" : "")}. Report: dr-report uuid={run.Uuid}");
        terminal.PrintLine(run.Uuid);
        return CodeOf(run.Phase, wanted);
    }
}
