using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>How one host reaches an SR.</summary>
/// <param name="HostUuid">The host.</param>
/// <param name="IsAttached">Whether the SR is attached there.</param>
/// <param name="DeviceConfig">How it is reached. Secrets are masked: see <see cref="DeviceConfigs"/>.</param>
public sealed record PbdFacts(string HostUuid, bool IsAttached, ImmutableSortedDictionary<string, string> DeviceConfig);
