using System.Security.Cryptography;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>A network that carries only the VMs on it: the host has no address there and nothing leads out of it. Pure.</summary>
internal static class IsolatedNetwork
{
    private const string Key = "isolated";

    /// <summary>The record of an isolated network of a test.</summary>
    public static NetworkRecord Of(string label, string name) => new()
    {
        NameLabel = TestMarks.Name(label, name),
        NameDescription = "Carries the VMs of a test failover and nothing else.",
        OtherConfig = new NetworkRecord().OtherConfig.SetItem(TestMarks.Label, label).SetItem(TestMarks.Of, name).SetItem(Key, "true"),
    };

    /// <summary>Whether a network is isolated.</summary>
    public static bool Is(NetworkRecord network) => network.OtherConfig.GetValueOrDefault(Key) == "true";

    /// <summary>
    /// The name of the network's bridge on this host: 15 bytes, as Linux allows, and another for every network.
    /// </summary>
    public static string BridgeName(NetworkRecord network) => "rdt" + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(network.Uuid)).AsSpan(0, 6));
}
