namespace Redoubt.Recovery;

/// <summary>A step of a run.</summary>
/// <param name="Index">Its place in the plan, from 0.</param>
/// <param name="Step">What it does.</param>
/// <param name="Phase">Where it stands.</param>
/// <param name="Attempt">How often it was begun.</param>
/// <param name="StartedAt">When it was begun first.</param>
/// <param name="EndedAt">When it came to its end, last.</param>
/// <param name="Error">What went wrong; null if nothing did.</param>
/// <param name="Forecast">How long it should take, by what earlier runs took; null if there is nothing to go by.</param>
public sealed record StepRecord(
    int Index, RecoveryStep Step, StepPhase Phase, int Attempt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, string? Error,
    TimeSpan? Forecast);
