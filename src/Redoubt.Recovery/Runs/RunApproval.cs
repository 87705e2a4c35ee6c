namespace Redoubt.Recovery;

/// <summary>That a second person approved of a run, or that whoever started it took that on themselves.</summary>
/// <param name="Id">The request for it.</param>
/// <param name="By">Who approved, or overrode.</param>
/// <param name="At">When.</param>
/// <param name="Statement">What they said.</param>
/// <param name="IsOverride">Whether nobody else was asked.</param>
public sealed record RunApproval(string Id, string By, DateTimeOffset At, string Statement, bool IsOverride);
