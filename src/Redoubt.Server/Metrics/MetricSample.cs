namespace Redoubt.Server.Metrics;

/// <summary>One value of a metric.</summary>
/// <param name="Value">The value.</param>
/// <param name="Labels">What it is the value of.</param>
internal readonly record struct MetricSample(double Value, params (string Name, string Value)[] Labels)
{
    /// <summary>Of something that is so or is not.</summary>
    public static MetricSample Of(bool isSo, params (string Name, string Value)[] labels) => new(isSo ? 1 : 0, labels);
}
