namespace Redoubt.Recovery;

/// <summary>A number that a report is judged by.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">The number.</param>
/// <param name="Against">How it stands to its target; empty for what can have none.</param>
internal sealed record ReportFigure(string Name, string Value, string Against);
