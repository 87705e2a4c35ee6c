namespace Redoubt.Recovery;

/// <summary>
/// Which network of the target stands for one of the source: as the policy says, else of the same name, else on the same bridge.
/// </summary>
internal sealed class NetworkMap(RecoveryPolicy policy, DatabaseIndex target)
{
    // A pool may have a network for each VLAN, and each interface asks.
    private readonly ILookup<string, NetworkFacts> _named = target.Facts.Networks.ToLookup(n => n.Name);
    private readonly ILookup<string, NetworkFacts> _words = target.Facts.Networks
        .SelectMany(n => new[] { n.Uuid, n.Name }.Distinct().Select(word => (Word: word, Network: n))).ToLookup(
            n => n.Word, n => n.Network);
    private readonly ILookup<string, NetworkFacts> _bridges = target.Facts.Networks.Where(n => n.Bridge.Length > 0).ToLookup(n => n.Bridge);

    /// <summary>The networks of the target that the name in the policy, or the network itself, leads to; the first is the one.</summary>
    public IReadOnlyList<NetworkFacts> Find(NetworkFacts theirs)
    {
        if (Told(theirs) is { } told)
        {
            return [.. _words[told]];
        }

        return [.. _named.Contains(theirs.Name) ? _named[theirs.Name] : _bridges[theirs.Bridge]];
    }

    /// <summary>What the policy says of a network, or null.</summary>
    public string? Told(NetworkFacts theirs)
    {
        var map = policy.Kind == RecoveryKind.Test ? policy.TestNetworks : policy.Networks;
        return map.GetValueOrDefault(theirs.Uuid) ?? map.GetValueOrDefault(theirs.Name);
    }
}
