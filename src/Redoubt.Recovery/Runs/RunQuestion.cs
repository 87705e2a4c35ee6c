using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What a run waits for a person to say.</summary>
/// <param name="Text">The question.</param>
/// <param name="Answers">The answers that it takes.</param>
public sealed record RunQuestion(string Text, ImmutableArray<string> Answers);
