using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Storage to look at that need not be attached.</summary>
/// <param name="Type">The kind of storage.</param>
/// <param name="DeviceConfig">How it is reached.</param>
public sealed record StorageProbe(string Type, ImmutableSortedDictionary<string, string> DeviceConfig)
{
    /// <summary>Asks a pool what SRs are there; nothing is attached or written.</summary>
    /// <param name="api">A session at the pool.</param>
    /// <param name="host">The host that looks.</param>
    /// <param name="cancellationToken">Stops waiting for the answer.</param>
    /// <exception cref="FormatException">The answer is not what drivers write.</exception>
    public async Task<ImmutableArray<ProbedSrFacts>> AskAsync(
        XenApiClient api, Ref<HostRecord> host, CancellationToken cancellationToken)
    {
        // Without metadata=true the drivers for block devices name UUIDs only.
        var smConfig = ImmutableSortedDictionary<string, string>.Empty.Add("metadata", "true");
        return ProbeAnswer.Parse(await api.Sr.ProbeAsync(host, DeviceConfig, Type, smConfig, cancellationToken));
    }
}
