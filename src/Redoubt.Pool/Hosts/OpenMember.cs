using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Opens another host of the pool for this one, which coordinates it.</summary>
/// <param name="host">The host.</param>
/// <param name="uuid">Its UUID.</param>
/// <param name="address">Where its daemon is reached.</param>
/// <param name="cancellationToken">Gives up.</param>
/// <returns>What has its hypervisor; it is an <see cref="IHostActs"/> as well.</returns>
/// <exception cref="HypervisorException">It can't be reached, or does not take this host's word.</exception>
public delegate Task<IHypervisor> OpenMember(
    Ref<HostRecord> host, string uuid, string address, CancellationToken cancellationToken);
