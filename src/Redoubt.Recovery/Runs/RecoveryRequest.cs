using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What an operator asks for: what is wanted, and where to look. It goes to JSON and back, and can be kept under a name.</summary>
public sealed record RecoveryRequest
{
    /// <summary>What is wanted.</summary>
    public required RecoveryPolicy Policy { get; init; }

    /// <summary>The attached SRs to look at; with no probes either, all of them.</summary>
    public ImmutableArray<string> SrUuids { get; init; } = [];

    /// <summary>Storage to look at that need not be attached.</summary>
    public ImmutableArray<StorageProbe> Probes { get; init; } = [];

    /// <summary>The site that is asked live as the source; null for none.</summary>
    public string? Source { get; init; }

    /// <summary>
    /// The sites that were asked for the plan, by the UUID of their pool, so that the run can ask each again. Whoever plans fills it in.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Sources { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The site that takes the VMs in; null for the pool of whoever runs it.</summary>
    public string? Target { get; init; }

    /// <summary>The name of the saved plan that it came from.</summary>
    public string? Plan { get; init; }

    /// <summary>
    /// The UUID of the pool whose metadata hold that saved plan: plans of two pools may have one name. Null where there is none, and in
    /// runs that were started before it was written down.
    /// </summary>
    public string? PlanPool { get; init; }

    /// <summary>
    /// Who approved of it where two persons are needed. The daemon that starts the run writes it in, whatever the request says.
    /// </summary>
    public RunApproval? Approval { get; init; }

    /// <summary>Whether a test is left up until its clean-up is asked for.</summary>
    public bool KeepTest { get; init; }

    /// <summary>What an inventory must cover so that this can be planned.</summary>
    /// <param name="otherPools">The other pools to ask.</param>
    public InventoryRequest ToInventoryRequest(ImmutableArray<OtherPool> otherPools) => new()
    {
        SrUuids = SrUuids,
        Probes = Probes,
        OtherPools = otherPools,
        At = Policy.PointInTime,
    };

    /// <summary>Whether what was read for this one is all that another must know: they look at the same places.</summary>
    public bool LooksWhere(RecoveryRequest other) =>
        Policy.Kind == other.Policy.Kind && Policy.PointInTime == other.Policy.PointInTime
        && Source == other.Source && Target == other.Target && SrUuids.SequenceEqual(other.SrUuids) && Probes.SequenceEqual(other.Probes);

    /// <summary>The same without the passwords that device configurations may hold.</summary>
    public RecoveryRequest WithoutSecrets() =>
        this with { Probes = [.. Probes.Select(p => p with { DeviceConfig = DeviceConfigs.Mask(p.DeviceConfig) })] };

    /// <summary>The request as JSON. It holds secrets in clear: see <see cref="WithoutSecrets"/>.</summary>
    public string ToJson() => RecoveryJson.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RecoveryRequest FromJson(string json) => RecoveryJson.Read<RecoveryRequest>(json);
}
