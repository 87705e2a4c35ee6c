namespace Redoubt.Server.Metrics;

/// <summary>How often a value was how large, up to now.</summary>
/// <param name="Counts">For each bound, how often it was at most that and more than the one before; at the end, how often more.</param>
/// <param name="Sum">All of them together.</param>
internal sealed record HistogramSnapshot(IReadOnlyList<long> Counts, double Sum)
{
    /// <summary>How often there was one.</summary>
    public long Count => Counts.Sum();
}
