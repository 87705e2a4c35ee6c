namespace Redoubt.Agreement;

/// <summary>A member of the cluster, as etcd itself lists it.</summary>
/// <param name="Id">etcd's number for it.</param>
/// <param name="Name">Its name, here the UUID of its host; empty until it has started for the first time.</param>
/// <param name="Url">Where the others reach it.</param>
/// <param name="IsLearner">Whether it has yet to catch up, and has no vote until then.</param>
public sealed record EtcdPeer(ulong Id, string Name, Uri Url, bool IsLearner);
