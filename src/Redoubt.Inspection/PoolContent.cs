namespace Redoubt.Inspection;

/// <summary>What is in a database, as far as somebody who has to recover from it needs to know. No secret is in it.</summary>
public sealed record PoolContent
{
    /// <summary>Whose it is; null if no pool is in it.</summary>
    public required PoolSummary? Pool { get; init; }

    /// <summary>The hosts, by name.</summary>
    public required IReadOnlyList<HostSummary> Hosts { get; init; }

    /// <summary>The vApps, by name.</summary>
    public required IReadOnlyList<ApplianceSummary> Appliances { get; init; }

    /// <summary>VMs, also those in vApps; no templates, snapshots or control domains unless they are asked for by name.</summary>
    public required IReadOnlyList<VmSummary> Vms { get; init; }

    /// <summary>The SRs, by name.</summary>
    public required IReadOnlyList<SrSummary> Srs { get; init; }

    /// <summary>The networks, by name.</summary>
    public required IReadOnlyList<NetworkSummary> Networks { get; init; }

    /// <summary>How many templates there are.</summary>
    public required int Templates { get; init; }
}
