using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Redoubt.Compute;

/// <summary>
/// A network segment that needs neither a bridge nor rights: QEMU sends each frame as a datagram to a multicast group on the loopback
/// interface of the host, and hears what the other members send.
/// </summary>
/// <remarks>
/// Nothing leaves the host, and the host has no address on the segment. Whoever may open sockets on the host could listen, each guest
/// hears every frame, its own included, and all guests of a segment must be on one host.
/// </remarks>
public sealed record IsolatedSegment
{
    [JsonConstructor]
    private IsolatedSegment(string group, int port) => (Group, Port) = (group, port);

    /// <summary>The multicast group, of those that an organisation keeps to itself (239.192.0.0/14).</summary>
    public string Group { get; }

    /// <summary>The UDP port.</summary>
    public int Port { get; }

    /// <summary>The segment of a name; another name has another segment.</summary>
    public static IsolatedSegment Of(string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        var port = 20_000 + (BitConverter.ToUInt16(hash, 4) % 12_000); // Below the ports that Linux gives out by itself.
        return new($"239.{192 + (hash[0] & 3)}.{hash[1]}.{1 + (hash[2] % 254)}", port);
    }
}
