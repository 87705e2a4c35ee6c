using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What another site said when it was asked about a VM.</summary>
/// <param name="Site">What the site is called here.</param>
/// <param name="PoolUuid">Its pool.</param>
/// <param name="PoolName">That pool's name.</param>
/// <param name="Silence">Why it could not be asked; null if it answered.</param>
/// <param name="Vm">The VM as it is there; null if that pool does not have it, or did not answer.</param>
public sealed record SiteAnswer(string Site, string PoolUuid, string PoolName, string? Silence, VmRecord? Vm)
{
    /// <summary>Whether a name that somebody used means this site: its own, or its pool's name or UUID.</summary>
    public bool IsNamed(string name) => name == Site || name == PoolUuid || name == PoolName;
}
