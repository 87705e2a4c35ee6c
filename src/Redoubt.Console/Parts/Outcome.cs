namespace Redoubt.Console;

/// <summary>How something went, for a notice.</summary>
/// <param name="Kind"><c>ok</c>, <c>warn</c> or <c>bad</c>.</param>
/// <param name="Text">In words.</param>
public sealed record Outcome(string Kind, string Text);
