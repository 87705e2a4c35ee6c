namespace Redoubt.Recovery;

/// <summary>A step in the chart of a run's time.</summary>
/// <param name="Name">Which step.</param>
/// <param name="From">When it was begun, counted from the decision.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Forecast">How long it should have taken; null if nobody knew.</param>
/// <param name="IsWell">Whether it ended as it should.</param>
internal sealed record ReportBar(string Name, TimeSpan From, TimeSpan Took, TimeSpan? Forecast, bool IsWell);
