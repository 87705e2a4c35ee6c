using System.Globalization;
using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>A network interface as libvirt's description of a domain has it.</summary>
public sealed record DefinedNic
{
    /// <summary>Its address.</summary>
    public required string Mac { get; init; }

    /// <summary>What it is connected by: <c>bridge</c>, <c>network</c>, <c>direct</c>, <c>user</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The bridge that it is on, as far as that is known: of libvirt's own network only while the domain runs.</summary>
    public required string? Bridge { get; init; }

    /// <summary>libvirt's own network that it is on; <see langword="null"/>: none.</summary>
    public required string? Network { get; init; }

    /// <summary>The card that the guest sees, <c>virtio</c>.</summary>
    public required string Model { get; init; }

    /// <summary>The largest packet, in bytes; 0: nothing is said.</summary>
    public required int Mtu { get; init; }

    internal static DefinedNic Of(XElement nic)
    {
        var source = nic.Element("source");
        return new()
        {
            Mac = (string?)nic.Element("mac")?.Attribute("address") ?? "",
            Kind = (string?)nic.Attribute("type") ?? "",
            Bridge = (string?)source?.Attribute("bridge"),
            Network = (string?)source?.Attribute("network"),
            Model = (string?)nic.Element("model")?.Attribute("type") ?? "",
            Mtu = int.TryParse(
                (string?)nic.Element("mtu")?.Attribute("size"), NumberStyles.None, CultureInfo.InvariantCulture, out var mtu) ? mtu : 0,
        };
    }
}
