namespace Redoubt.Recovery;

/// <summary>What was on a VM's screen.</summary>
/// <param name="Caption">Which VM's, and when.</param>
/// <param name="Png">A PNG as Base64.</param>
internal sealed record ReportScreen(string Caption, string Png);
