namespace Redoubt.Recovery;

/// <summary>A VM's network interface.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Position">Which of the VM's interfaces it is.</param>
/// <param name="NetworkUuid">The network it is on; empty if the database does not know it.</param>
/// <param name="Mac">Its hardware address.</param>
public sealed record VifFacts(string Uuid, string Position, string NetworkUuid, string Mac);
