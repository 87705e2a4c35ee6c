namespace Redoubt.Recovery;

/// <summary>A host, and what it has left.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsEnabled">Whether it accepts VMs.</param>
/// <param name="IsLive">Whether its pool hears from it.</param>
/// <param name="CpuCount">Its processors; null if it does not say.</param>
/// <param name="MemoryTotalBytes">Its memory.</param>
/// <param name="MemoryFreeBytes">What of it is free; null if that could not be learnt.</param>
public sealed record HostFacts(
    string Uuid, string Name, bool IsEnabled, bool IsLive, long? CpuCount, long MemoryTotalBytes, long? MemoryFreeBytes);
