namespace Redoubt.Cli.Serving;

/// <summary>What <c>redoubt doctor</c> has found out about one thing.</summary>
/// <param name="Standing">How it stands.</param>
/// <param name="Subject">What was looked at.</param>
/// <param name="Text">What was found, and what to do about it, in sentences.</param>
internal sealed record DoctorFinding(DoctorStanding Standing, string Subject, string Text);
