using System.Text;

namespace Redoubt.Agreement;

/// <summary>A host that stands for the election, and so has a daemon that runs and reaches the majority. The first one has won.</summary>
/// <param name="Host">Its UUID.</param>
/// <param name="Address">Where clients reach it, with the port.</param>
public sealed record Standing(string Host, string Address)
{
    /// <summary>What stands for it in etcd.</summary>
    internal byte[] Spell() => Encoding.UTF8.GetBytes($"{Host} {Address}");

    /// <summary>What that says.</summary>
    internal static Standing Parse(byte[] bytes) =>
        Encoding.UTF8.GetString(bytes).Split(' ', 2) is [var host, var address]
            ? new(host, address)
            : throw new EtcdException("what stands for a host in the election names none", isRefusal: true);
}
