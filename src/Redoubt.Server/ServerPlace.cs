using Redoubt.Database;
using Redoubt.Server.Membership;
using Redoubt.Storage;

namespace Redoubt.Server;

/// <summary>The place of a server among the hosts of its pool.</summary>
/// <param name="Seat">Whose it is: hosts join and leave by it.</param>
/// <param name="HostUuid">Which host of the pool this is; null in a pool of one.</param>
/// <param name="Agree">Has the hosts of the pool agree to a batch of changes; null in a pool of one.</param>
internal sealed record ServerPlace(Seat Seat, string? HostUuid, AgreeToBatch? Agree)
{
    /// <summary>Has the hosts of the pool agree to what is kept beside the database; null in a pool of one.</summary>
    public PoolAgreement? AgreeToFiles { get; init; }

    /// <summary>The UUIDs of the hosts that an operator takes for dead as this one takes the pool over.</summary>
    public IReadOnlyList<string> Dead { get; init; } = [];
}
