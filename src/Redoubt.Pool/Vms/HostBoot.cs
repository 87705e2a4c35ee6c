using System.Collections.Immutable;

namespace Redoubt.Pool;

/// <summary>What is kept of the host's last boot.</summary>
/// <param name="Boot">The kernel's identity of the boot.</param>
/// <param name="Waiting">The UUIDs of the VMs that are still to be started with it.</param>
internal sealed record HostBoot(string Boot, ImmutableHashSet<string> Waiting);
