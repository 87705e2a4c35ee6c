namespace Redoubt.Inspection;

/// <summary>One thing that is wrong.</summary>
/// <param name="Kind">What kind, as a word.</param>
/// <param name="Offset">Where in the file, in bytes.</param>
/// <param name="Explanation">What was found, in words.</param>
public sealed record DamageReport(string Kind, long Offset, string Explanation);
