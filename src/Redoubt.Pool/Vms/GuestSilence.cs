using System.Collections.Immutable;

namespace Redoubt.Pool;

/// <summary>The guests of which nobody knows what they do.</summary>
/// <param name="Vms">The UUIDs of the VMs whose QEMU does not answer.</param>
/// <param name="Unasked">How many others were not asked, since the hypervisor bears no more questions that stay open.</param>
public sealed record GuestSilence(ImmutableSortedSet<string> Vms, int Unasked)
{
    /// <summary>All answer.</summary>
    public static GuestSilence None { get; } = new([], 0);
}
