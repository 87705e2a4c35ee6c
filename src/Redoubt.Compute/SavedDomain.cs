using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>
/// Fits the description of a guest that was saved, perhaps on another host, to this host. Pure. What the guest can see (machine, processor,
/// addresses) is kept from the saved one, since its memory holds drivers for exactly that; what only the host sees (files, bridges, sockets)
/// is taken from a fresh one.
/// </summary>
internal static class SavedDomain
{
    private static readonly XNamespace Qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    /// <summary>The saved description with what this host has.</summary>
    /// <param name="saved">libvirt's description in the file.</param>
    /// <param name="fresh">What <see cref="DomainXml"/> makes of <paramref name="config"/>.</param>
    /// <param name="config">What the guest would be started with here.</param>
    /// <exception cref="HypervisorException"><see cref="HypervisorFailure.ConfigInvalid"/>: the VM has other devices now than when it was saved.</exception>
    internal static string Adapt(string saved, string fresh, DomainConfig config)
    {
        var (domain, here) = (XElement.Parse(saved), XElement.Parse(fresh));
        var (devices, devicesHere) = (domain.Element("devices")!, here.Element("devices")!);
        Replace(domain, here, "title");
        Replace(devices, devicesHere, "emulator");
        Boot(domain.Element("os")!, here.Element("os")!);
        Disks(devices, devicesHere, config);
        foreach (var nic in devices.Elements("interface"))
            Nic(nic, devicesHere.Elements("interface").FirstOrDefault(other => Mac(other) == Mac(nic)));
        Lines(devices, devicesHere);
        Screen(devices, devicesHere);
        Segments(domain, here, config);
        return domain.ToString(SaveOptions.DisableFormatting);
    }

    private static void Boot(XElement os, XElement here)
    {
        foreach (var name in new[] { "kernel", "initrd", "nvram" })
        {
            // Without one of ours libvirt chooses a file of variables on this host; the guest's own come with its memory.
            os.Element(name)?.Remove();
            if (here.Element(name) is { } ours)
                os.Add(new XElement(ours));
        }
    }

    private static void Disks(XElement devices, XElement here, DomainConfig config)
    {
        var ours = here.Elements("disk").ToDictionary(Target);
        var disks = devices.Elements("disk").ToList();
        if (!disks.Select(Target).ToHashSet().SetEquals(ours.Keys))
            throw Changed(config, $"drives {Names(disks.Select(Target))}", $"drives {Names(ours.Keys)}");
        foreach (var disk in disks)
        {
            var other = ours[Target(disk)];
            disk.SetAttributeValue("type", (string?)other.Attribute("type"));
            disk.Element("backingStore")?.Remove();
            Replace(disk, other, "driver");
            Replace(disk, other, "source");
        }
    }

    /// <summary>An interface for which this host has no bridge stays, for the guest has it; its cable leads nowhere.</summary>
    private static void Nic(XElement nic, XElement? here)
    {
        nic.SetAttributeValue("type", here is null ? "null" : (string?)here.Attribute("type"));
        nic.Element("target")?.Remove();
        nic.Element("source")?.Remove();
        if (here?.Element("source") is { } source)
            nic.Add(new XElement(source));
    }

    private static void Lines(XElement devices, XElement here)
    {
        foreach (var line in devices.Elements().Where(e => e.Name.LocalName is "serial" or "console"))
            Line(line, here.Element("serial"));
        foreach (var channel in devices.Elements("channel"))
            Line(channel, here.Elements("channel").FirstOrDefault(other => Channel(other) == Channel(channel)));
    }

    private static void Line(XElement line, XElement? here)
    {
        line.SetAttributeValue("type", here is null ? "null" : (string?)here.Attribute("type"));
        line.Elements("source").Remove();
        if (here?.Element("source") is { } source)
            line.AddFirst(new XElement(source));
    }

    private static void Screen(XElement devices, XElement here)
    {
        devices.Elements("graphics").Remove();
        devices.Add(here.Elements("graphics").Select(screen => new XElement(screen)));
    }

    /// <summary>QEMU itself was told of these interfaces, so they can't be left in place without what they lead to.</summary>
    private static void Segments(XElement domain, XElement here, DomainConfig config)
    {
        var (was, now) = (domain.Element(Qemu + "commandline"), here.Element(Qemu + "commandline"));
        var (before, after) = (SegmentNics(was), SegmentNics(now));
        if (!before.SequenceEqual(after))
            throw Changed(config, $"on isolated segments {Names(before)}", $"on isolated segments {Names(after)}");
        if (was is not null && now is not null)
            was.ReplaceWith(new XElement(now));
    }

    private static List<string> SegmentNics(XElement? commandLine) =>
        [.. commandLine?.Elements().Attributes("value").Select(word => word.Value).Where(word => word.StartsWith("virtio-net-pci,", StringComparison.Ordinal)) ?? []];

    private static void Replace(XElement into, XElement from, string name)
    {
        var ours = from.Element(name);
        if (into.Element(name) is not { } old)
            into.Add(ours is null ? null : new XElement(ours));
        else if (ours is null)
            old.Remove();
        else
            old.ReplaceWith(new XElement(ours));
    }

    private static HypervisorException Changed(DomainConfig config, string before, string after) => new(
        HypervisorFailure.ConfigInvalid,
        config.Uuid.ToString("D"),
        $"The VM {config.Name} was suspended with {before} and has {after} now, so that its memory does not fit it any more.",
        "Give it the devices back that it had, or discard its suspended state by switching it off (vm-shutdown --force).");

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal).DefaultIfEmpty("(none)"));

    private static string Target(XElement disk) => (string)disk.Element("target")!.Attribute("dev")!;

    private static string? Mac(XElement nic) => (string?)nic.Element("mac")?.Attribute("address");

    private static string? Channel(XElement channel) => (string?)channel.Element("target")?.Attribute("name");
}
