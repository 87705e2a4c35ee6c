using System.Collections.Immutable;

namespace Redoubt.Pool;

/// <summary>What another pool's metadata volume says, as far as this pool must know it at any moment.</summary>
/// <param name="Mark">The volume's mark before it was read.</param>
/// <param name="PoolUuid">The pool.</param>
/// <param name="PoolRef">The pool's reference there.</param>
/// <param name="PoolName">The pool's name.</param>
/// <param name="Generation">The generation of its database.</param>
/// <param name="Versions">How often each of its VMs has been recovered, by UUID.</param>
/// <param name="Claim">What it says of itself, by which it is judged.</param>
internal sealed record ForeignSummary(
    string Mark, string PoolUuid, string PoolRef, string PoolName, long Generation, ImmutableDictionary<string, long> Versions,
    VolumeClaim Claim);
