using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>What came of a schedule when it was due.</summary>
/// <param name="At">When it was due.</param>
/// <param name="Run">The run that was started; null if none could be.</param>
/// <param name="Failure">Why none could be started; null if one was.</param>
/// <param name="Outcome">How the run ended; null as long as it has not.</param>
public sealed record ScheduleResult(DateTimeOffset At, string? Run, string? Failure, RunPhase? Outcome);
