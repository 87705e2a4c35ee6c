using System.Collections.Immutable;
using System.Net;

namespace Redoubt.Agreement;

/// <summary>How the etcd member of a host is to run.</summary>
public sealed record EtcdMemberConfig
{
    /// <summary>The host's UUID; the member's name.</summary>
    public required string HostUuid { get; init; }

    /// <summary>Where it keeps what is its own, certificates among it; made if it is not there.</summary>
    public required string Directory { get; init; }

    /// <summary>Where the other members reach it.</summary>
    public required IPEndPoint Peer { get; init; }

    /// <summary>All members of the cluster by name, with this one, when it starts for the first time.</summary>
    public required ImmutableSortedDictionary<string, Uri> Cluster { get; init; }

    /// <summary>Whether the cluster is there already, and this member has been added to it.</summary>
    public required bool IsJoining { get; init; }

    /// <summary>Where the other members reach it, as a URL.</summary>
    public Uri PeerUrl => new($"https://{Peer}");
}
