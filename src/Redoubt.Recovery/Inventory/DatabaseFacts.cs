using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What one pool's database says, as far as a recovery needs it. Objects name each other by UUID.</summary>
public sealed record DatabaseFacts
{
    /// <summary>The pool.</summary>
    public required PoolFacts Pool { get; init; }

    /// <summary>
    /// The latest moment that the database records of anything; the database is at least as new. Null if it records none.
    /// </summary>
    public DateTimeOffset? NewestMoment { get; init; }

    /// <summary>Its hosts.</summary>
    public ImmutableArray<HostFacts> Hosts { get; init; } = [];

    /// <summary>Its networks.</summary>
    public ImmutableArray<NetworkFacts> Networks { get; init; } = [];

    /// <summary>Its SRs.</summary>
    public ImmutableArray<SrFacts> Srs { get; init; } = [];

    /// <summary>Its disks.</summary>
    public ImmutableArray<VdiFacts> Vdis { get; init; } = [];

    /// <summary>Its vApps.</summary>
    public ImmutableArray<ApplianceFacts> Appliances { get; init; } = [];

    /// <summary>Its VMs.</summary>
    public ImmutableArray<VmFacts> Vms { get; init; } = [];

    /// <summary>The secrets in it that can't be opened where it is read; none if the server can't tell, as xapi can't.</summary>
    public ImmutableArray<ClosedSecretFacts> ClosedSecrets { get; init; } = [];

    internal DatabaseFacts Sorted() => this with
    {
        Hosts = [.. Hosts.OrderBy(h => h.Uuid, StringComparer.Ordinal)],
        Networks = [.. Networks.OrderBy(n => n.Uuid, StringComparer.Ordinal)],
        Srs = [.. Srs.OrderBy(s => s.Uuid, StringComparer.Ordinal)
            .Select(s => s with { Pbds = [.. s.Pbds.OrderBy(p => p.HostUuid, StringComparer.Ordinal)] })],
        Vdis = [.. Vdis.OrderBy(v => v.Uuid, StringComparer.Ordinal)],
        Appliances = [.. Appliances.OrderBy(a => a.Uuid, StringComparer.Ordinal)],
        Vms = [.. Vms.OrderBy(v => v.Uuid, StringComparer.Ordinal).Select(v => v with
        {
            Vbds = [.. v.Vbds.OrderBy(b => b.Position, StringComparer.Ordinal).ThenBy(b => b.Uuid, StringComparer.Ordinal)],
            Vifs = [.. v.Vifs.OrderBy(i => i.Position, StringComparer.Ordinal).ThenBy(i => i.Uuid, StringComparer.Ordinal)],
        })],
    };
}
