using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Gives a client that is logged in; whoever asked disposes it.</summary>
/// <param name="site">The site's name; null for the pool of whoever runs the engine.</param>
/// <param name="by">The operator on whose behalf.</param>
/// <param name="cancellationToken">Stops connecting.</param>
public delegate Task<XenApiClient> PoolConnector(string? site, string by, CancellationToken cancellationToken);
