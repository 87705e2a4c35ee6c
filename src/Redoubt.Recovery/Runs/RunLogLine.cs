namespace Redoubt.Recovery;

/// <summary>Something worth knowing that happened in a run.</summary>
/// <param name="At">When.</param>
/// <param name="Text">What.</param>
public sealed record RunLogLine(DateTimeOffset At, string Text);
