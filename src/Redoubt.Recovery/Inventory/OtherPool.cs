using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Another pool to ask.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="ConnectAsync">Gives a client that is logged in, which the reader disposes; null if the operator has stated that the pool is
/// dead.</param>
/// <param name="PoolUuid">The pool's UUID, if that is known whether it answers or not.</param>
public sealed record OtherPool(string Name, Func<CancellationToken, Task<XenApiClient>>? ConnectAsync, string? PoolUuid = null);
