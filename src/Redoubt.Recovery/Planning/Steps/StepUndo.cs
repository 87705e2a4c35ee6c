namespace Redoubt.Recovery;

/// <summary>How a step is undone, or why it can't or need not be.</summary>
/// <param name="IsPossible">Whether there is something to do.</param>
/// <param name="Text">What, or the reason for nothing.</param>
public sealed record StepUndo(bool IsPossible, string Text)
{
    internal static StepUndo By(string what) => new(true, what);

    internal static StepUndo None(string reason) => new(false, reason);
}
