namespace Redoubt.Recovery;

/// <summary>Which network of the target stands for one of the source: as the policy says, else of the same name, else on the same bridge.</summary>
internal sealed class NetworkMap(RecoveryPolicy policy, DatabaseIndex target)
{
    /// <summary>The networks of the target that the name in the policy, or the network itself, leads to; the first is the one.</summary>
    public IReadOnlyList<NetworkFacts> Find(NetworkFacts theirs)
    {
        var networks = target.Facts.Networks;
        if (Told(theirs) is { } told)
        {
            return [.. networks.Where(n => n.Uuid == told || n.Name == told)];
        }

        var named = networks.Where(n => n.Name == theirs.Name).ToList();
        return named.Count > 0 ? named : [.. networks.Where(n => theirs.Bridge.Length > 0 && n.Bridge == theirs.Bridge)];
    }

    /// <summary>What the policy says of a network, or null.</summary>
    public string? Told(NetworkFacts theirs)
    {
        var map = policy.Kind == RecoveryKind.Test ? policy.TestNetworks : policy.Networks;
        return map.GetValueOrDefault(theirs.Uuid) ?? map.GetValueOrDefault(theirs.Name);
    }
}
