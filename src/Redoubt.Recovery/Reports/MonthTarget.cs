namespace Redoubt.Recovery;

/// <summary>How something stands to its targets.</summary>
/// <param name="Of">What.</param>
/// <param name="Rpo">To that of its RPO; null without one.</param>
/// <param name="Rto">To that of its RTO; null without one.</param>
public sealed record MonthTarget(string Of, TargetMeasure? Rpo, TargetMeasure? Rto)
{
    /// <summary>Whether any is not kept.</summary>
    public bool IsMissed => Rpo?.Verdict == TargetVerdict.Exceeded || Rto?.Verdict == TargetVerdict.Exceeded;
}
