namespace Redoubt.Recovery;

/// <summary>A step of a run.</summary>
/// <param name="Number">Its place, from 1.</param>
/// <param name="Key">Which step.</param>
/// <param name="What">What it did.</param>
/// <param name="Phase">How it ended.</param>
/// <param name="Attempts">How often it was begun.</param>
/// <param name="StartedAt">When it was begun first.</param>
/// <param name="Took">How long it took.</param>
/// <param name="WaitedForPeople">How much of that it waited for an answer.</param>
/// <param name="Forecast">How long it should have taken.</param>
/// <param name="Undo">How it would be undone, or why not.</param>
/// <param name="Error">What went wrong.</param>
internal sealed record StepReport(
    int Number, string Key, string What, StepPhase Phase, int Attempts, DateTimeOffset? StartedAt, TimeSpan? Took, TimeSpan WaitedForPeople,
    TimeSpan? Forecast,
    string Undo, string? Error)
{
    public static StepReport Of(int index, RecoveryStep step, StepState state, TimeSpan? forecast) => new(
        index + 1, step.Key, step.What, state.Phase, state.Attempt, state.StartedAt, state.EndedAt - state.StartedAt, state.Waited,
        forecast, step.Undo.Text, state.Error);
}
