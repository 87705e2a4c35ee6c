namespace Redoubt.Inspection;

/// <summary>A VM's network interface.</summary>
/// <param name="Device">Its number.</param>
/// <param name="Mac">Its address.</param>
/// <param name="NetworkUuid">The network it is on; null if that is gone.</param>
/// <param name="NetworkNameLabel">That network's name.</param>
public sealed record InterfaceSummary(string Device, string Mac, string? NetworkUuid, string? NetworkNameLabel);
