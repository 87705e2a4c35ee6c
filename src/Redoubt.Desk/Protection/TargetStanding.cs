using System.Collections.Immutable;
using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>How something with targets stands to them now.</summary>
/// <param name="Subject">What kind of thing it is.</param>
/// <param name="Uuid">Its UUID; of a plan, its pool's.</param>
/// <param name="Name">Its name.</param>
public sealed record TargetStanding(TargetSubject Subject, string Uuid, string Name)
{
    /// <summary>How old the state is that a disaster now would leave behind; null without a target.</summary>
    public TargetMeasure? Rpo { get; init; }

    /// <summary>How long the last test or run took that had it; null without a target.</summary>
    public TargetMeasure? Rto { get; init; }

    /// <summary>Targets of it that can't be read, as they are written.</summary>
    public ImmutableArray<string> Garbled { get; init; } = [];

    /// <summary>Its targets.</summary>
    public RecoveryTargets Targets => new(Rpo?.Target, Rto?.Target);

    /// <summary>Whether any target is not kept.</summary>
    public bool IsExceeded => Rpo?.Verdict == TargetVerdict.Exceeded || Rto?.Verdict == TargetVerdict.Exceeded;

    /// <summary>It in words: <c>VM db</c>.</summary>
    public string Describe() => $"{Word} {Name}";

    private string Word => Subject switch
    {
        TargetSubject.Plan => "Plan",
        TargetSubject.Appliance => "vApp",
        TargetSubject.Vm => "VM",
    };
}
