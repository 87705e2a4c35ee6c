namespace Redoubt.Inspection;

/// <summary>How a host reaches an SR (a PBD).</summary>
/// <param name="Host">The host's name; null if the host is gone.</param>
/// <param name="Attached">Whether it was attached.</param>
/// <param name="DeviceConfig">The settings; what may be a secret is masked.</param>
public sealed record ConnectionSummary(string? Host, bool Attached, IReadOnlyDictionary<string, string> DeviceConfig);
