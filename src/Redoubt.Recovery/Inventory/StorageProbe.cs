using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Storage to look at that need not be attached.</summary>
/// <param name="Type">The kind of storage.</param>
/// <param name="DeviceConfig">How it is reached.</param>
public sealed record StorageProbe(string Type, ImmutableSortedDictionary<string, string> DeviceConfig);
