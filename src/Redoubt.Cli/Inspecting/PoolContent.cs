namespace Redoubt.Cli.Inspecting;

/// <summary>What is in a database, as far as somebody who has to recover from it needs to know. No secret is in it.</summary>
internal sealed record PoolContent
{
    public required PoolSummary? Pool { get; init; }

    public required IReadOnlyList<HostSummary> Hosts { get; init; }

    public required IReadOnlyList<ApplianceSummary> Appliances { get; init; }

    /// <summary>VMs, also those in vApps; no templates, snapshots or control domains unless <c>--vm</c> names them.</summary>
    public required IReadOnlyList<VmSummary> Vms { get; init; }

    public required IReadOnlyList<SrSummary> Srs { get; init; }

    public required IReadOnlyList<NetworkSummary> Networks { get; init; }

    public required int Templates { get; init; }
}
