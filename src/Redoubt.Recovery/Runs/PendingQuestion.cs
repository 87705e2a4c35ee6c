using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>A question that nobody has answered yet.</summary>
/// <param name="Step">The step that needs the answer.</param>
/// <param name="Key">Under which of the step's facts the answer is kept.</param>
/// <param name="Text">The question.</param>
/// <param name="Answers">The answers that it takes.</param>
/// <param name="At">Since when.</param>
internal sealed record PendingQuestion(int Step, string Key, string Text, ImmutableArray<string> Answers, DateTimeOffset At)
{
    /// <summary>The name of the fact that an answer becomes.</summary>
    public static string FactOf(string key) => "answer:" + key;
}
