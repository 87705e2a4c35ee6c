using System.Collections.Immutable;
using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>The devices that a guest has now, by which records are held true to it.</summary>
public sealed record GuestDevices
{
    /// <summary>The slots of its disks.</summary>
    public required ImmutableHashSet<int> Disks { get; init; }

    /// <summary>The slots of its CD drives, and whether there is something in them.</summary>
    public required ImmutableDictionary<int, bool> Cdroms { get; init; }

    /// <summary>The MAC addresses of its network interfaces, on bridges and on segments, in small letters.</summary>
    public required ImmutableHashSet<string> Macs { get; init; }

    /// <summary>Reads libvirt's description of a running domain. Pure.</summary>
    internal static GuestDevices Of(XElement domain)
    {
        var disks = domain.Element("devices")!.Elements("disk").ToList();
        return new()
        {
            Disks = [.. disks.Where(d => !IsCdrom(d)).Select(SlotOf).OfType<int>()],
            Cdroms = disks.Where(IsCdrom).Where(d => SlotOf(d) is not null).DistinctBy(SlotOf).ToImmutableDictionary(
                d => SlotOf(d)!.Value, d => d.Element("source")?.HasAttributes == true),
            Macs =
            [
                .. domain.Element("devices")!.Elements("interface").Select(MacOf).OfType<string>(),
                .. DomainXml.SegmentCards(domain).SelectMany(card => card.Split(','))
                    .Where(part => part.StartsWith("mac=", StringComparison.Ordinal)).Select(part => part[4..]),
            ],
        };
    }

    /// <summary>The element of a device in libvirt's description; null: the guest has none such.</summary>
    internal static XElement? Disk(XElement domain, DomainDisk disk) =>
        domain.Element("devices")!.Elements("disk").FirstOrDefault(d => IsCdrom(d) == disk.IsCdrom && SlotOf(d) == disk.Device);

    /// <inheritdoc cref="Disk"/>
    internal static XElement? Nic(XElement domain, string mac) =>
        domain.Element("devices")!.Elements("interface")
            .FirstOrDefault(n => string.Equals(MacOf(n), mac, StringComparison.OrdinalIgnoreCase));

    private static bool IsCdrom(XElement disk) => (string?)disk.Attribute("device") == "cdrom";

    private static string? MacOf(XElement nic) => ((string?)nic.Element("mac")?.Attribute("address"))?.ToLowerInvariant();

    private static int? SlotOf(XElement disk) => (string?)disk.Element("target")?.Attribute("dev") is { Length: > 2 } name
        && name.Skip(2).All(char.IsAsciiLetterLower)
        ? name.Skip(2).Aggregate(0, (sum, letter) => (sum * 26) + letter - 'a' + 1) - 1
        : null;
}
