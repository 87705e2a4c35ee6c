using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>A VM's drive.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Position">Where the guest has it (<c>userdevice</c>).</param>
/// <param name="Type">Disk, CD or floppy.</param>
/// <param name="VdiUuid">What is in it; empty if nothing is.</param>
public sealed record VbdFacts(string Uuid, string Position, VbdType Type, string VdiUuid);
