namespace Redoubt.Recovery;

/// <summary>What can be done about a finding automatically.</summary>
/// <param name="Kind">What.</param>
/// <param name="Text">The same in words, with the command where there is one.</param>
public sealed record Fix(FixKind Kind, string Text);
