namespace Redoubt.Compute;

/// <summary>One network interface of a domain (a VIF).</summary>
public sealed record DomainNic
{
    /// <summary>The largest packet of an Ethernet, in bytes.</summary>
    public const int EthernetMtu = 1500;

    /// <summary>The largest packet, in bytes, from 68 to 65535; null for <see cref="EthernetMtu"/>.</summary>
    public int? Mtu { get; init; }

    /// <summary>The slot, from 0 (<c>VIF.device</c>); interfaces appear to the guest in this order.</summary>
    public required int Device { get; init; }

    /// <summary>The MAC address, six hexadecimal pairs with colons.</summary>
    public required string Mac { get; init; }

    /// <summary>The host bridge; <see langword="null"/> leaves the interface out of the domain, as if it were unplugged.</summary>
    public required string? Bridge { get; init; }

    /// <summary>A segment of its own in place of a bridge, on which are only the guests that name it too.</summary>
    public IsolatedSegment? Segment { get; init; }
}
