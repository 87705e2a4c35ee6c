using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>How doing a step, or taking it back, went.</summary>
internal abstract record StepOutcome
{
    private StepOutcome()
    {
    }

    /// <summary>It is done.</summary>
    public sealed record Done : StepOutcome;

    /// <summary>It is done for some of its VMs.</summary>
    public sealed record Partial(string Error) : StepOutcome;

    /// <summary>It could not be done.</summary>
    public sealed record Failed(string Error) : StepOutcome;

    /// <summary>A person must say something first; then it is repeated.</summary>
    public sealed record Ask(string Key, string Text, ImmutableArray<string> Answers) : StepOutcome;
}
