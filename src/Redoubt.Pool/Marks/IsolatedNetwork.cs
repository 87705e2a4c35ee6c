using System.Security.Cryptography;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>A network that carries only the VMs on it: the host has no address there and nothing leads out of it. Pure.</summary>
public static class IsolatedNetwork
{
    private const string Key = "isolated";

    /// <summary>The record of an isolated network of a test.</summary>
    internal static NetworkRecord Of(string label, string name) => new()
    {
        NameLabel = TestMarks.Name(label, name),
        NameDescription = "Carries the VMs of a test failover and nothing else.",
        OtherConfig = new NetworkRecord().OtherConfig.SetItem(TestMarks.Label, label).SetItem(TestMarks.Of, name).SetItem(Key, "true"),
    };

    /// <summary>Whether a network is one of a test's.</summary>
    internal static bool Is(NetworkRecord network) => network.OtherConfig.GetValueOrDefault(Key) == "true";

    /// <summary>
    /// Whether a network leads nowhere and is carried by the pool itself: one of a test's, or one that was made without a bridge of the
    /// host's.
    /// </summary>
    public static bool IsInternal(NetworkRecord network) =>
        Is(network) || network.Bridge.Length == 0 || network.Bridge == BridgeName(network);

    /// <summary>
    /// The name of an internal network's bridge on this host: 15 bytes, as Linux allows, and another for every network.
    /// </summary>
    internal static string BridgeName(NetworkRecord network) =>
        (Is(network) ? "rdt" : "rdn") + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(network.Uuid)).AsSpan(0, 6));
}
