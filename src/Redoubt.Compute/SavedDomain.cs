using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>
/// Fits the description of a guest that was saved, perhaps on another host, to this host. Pure. What the guest can see (machine, processor,
/// addresses) is kept from the saved one, since its memory holds drivers for exactly that; what only the host sees (files, bridges,
/// sockets) is taken from a fresh one.
/// </summary>
/// <remarks>
/// The file lies on storage, and whoever writes there may have written it. So nothing is kept of the saved description but what is known to
/// name nothing of this host: files, programs and rights in it are dropped, and a device of a kind that no guest of ours has is refused.
/// </remarks>
internal static class SavedDomain
{
    private static readonly HashSet<XName> OfDomains =
    [
        "name", "uuid", "genid", "title", "memory", "currentMemory", "vcpu", "vcpus", "cpu", "os", "features", "clock", "on_poweroff",
        "on_reboot",
        "on_crash", "pm", "devices", DomainXml.Qemu + "commandline",
    ];

    private static readonly HashSet<XName> OfBoots =
        ["type", "loader", "nvram", "boot", "kernel", "initrd", "cmdline", "bootmenu", "bios", "firmware"];

    // What each kind of device keeps of itself, and of its attributes.
    private static readonly Dictionary<XName, (HashSet<XName> Elements, HashSet<XName> Attributes)> OfDevices = new()
    {
        ["emulator"] = ([], []),
        ["disk"] = (["driver", "auth", "source", "target", "readonly", "boot", "alias", "address"], ["type", "device"]),
        ["controller"] = (["model", "target", "master", "alias", "address"], ["type", "index", "model", "ports", "vectors"]),
        ["interface"] = (["mac", "source", "model", "rom", "boot", "alias", "address"], ["type"]),
        ["serial"] = (["source", "target", "alias", "address"], ["type"]),
        ["console"] = (["source", "target", "alias", "address"], ["type"]),
        ["channel"] = (["source", "target", "alias", "address"], ["type"]),
        ["input"] = (["alias", "address"], ["type", "bus", "model"]),
        ["graphics"] = ([], []),
        ["audio"] = ([], ["id", "type"]),
        ["video"] = (["model", "alias", "address"], []),
        ["memballoon"] = (["stats", "alias", "address"], ["model", "autodeflate", "freePageReporting"]),
        ["tpm"] = (["backend", "alias", "address"], ["model"]),
        ["rng"] = (["backend", "alias", "address"], ["model"]),
    };

    /// <summary>
    /// The saved description with what this host has. A device that the guest did not have when it was saved it has not now either: it was
    /// unplugged before, or has been added since, and can be plugged when the guest runs.
    /// </summary>
    /// <param name="saved">libvirt's description in the file.</param>
    /// <param name="config">What the guest would be started with here.</param>
    /// <param name="platform">What this host gives its guests.</param>
    /// <exception cref="HypervisorException"><see cref="HypervisorFailure.ConfigInvalid"/>: the VM lacks devices now that it had when it
    /// was saved.</exception>
    internal static string Adapt(string saved, DomainConfig config, DomainPlatform platform)
    {
        var domain = XElement.Parse(saved);
        var has = GuestDevices.Of(domain);
        config = config with
        {
            Disks = [.. config.Disks.Where(d => d.IsCdrom ? has.Cdroms.ContainsKey(d.Device) : has.Disks.Contains(d.Device))],
            Nics = [.. config.Nics.Where(n => has.Macs.Contains(n.Mac.ToLowerInvariant()))],
        };
        var here = XElement.Parse(DomainXml.Build(config, platform));
        var strings = DomainXml.FirmwareStrings(domain);
        Strip(domain, OfDomains, ["type"]);
        var (devices, devicesHere) = (domain.Element("devices")!, here.Element("devices")!);
        foreach (var device in devices.Elements().ToList())
            Strip(device, devicesHere, config);
        Replace(domain, here, "title");
        Replace(devices, devicesHere, "emulator");
        Boot(domain.Element("os")!, here.Element("os")!);
        Disks(devices, devicesHere, config);
        foreach (var nic in devices.Elements("interface"))
            Nic(nic, devicesHere.Elements("interface").FirstOrDefault(other => Mac(other) == Mac(nic)));
        Lines(devices, devicesHere);
        foreach (var device in devices.Elements().Where(e => e.Name.LocalName is "rng" or "tpm"))
            Replace(device, devicesHere.Element(device.Name)!, "backend");
        Screen(devices, devicesHere);
        Segments(domain, here, config);
        DomainXml.AddFirmwareStrings(domain, strings); // What the guest has read at its start.
        return domain.ToString(SaveOptions.DisableFormatting);
    }

    private static void Boot(XElement os, XElement here)
    {
        // libvirt finds the firmware of this host again.
        Strip(os, OfBoots, ["firmware"]);
        os.Elements("loader").Where(
            l => !l.Value.StartsWith("/usr/share/", StringComparison.Ordinal) || l.Value.Contains("..", StringComparison.Ordinal)).Remove();
        foreach (var name in new[] { "kernel", "initrd", "nvram" })
        {
            // Without one of ours libvirt chooses a file of variables on this host; the guest's own come with its memory.
            os.Elements(name).Remove();
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
            Replace(disk, other, "auth");
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
        line.AddFirst(here?.Elements().Where(e => e.Name.LocalName is "source" or "log").Select(e => new XElement(e)));
    }

    private static void Screen(XElement devices, XElement here)
    {
        devices.Elements("graphics").Remove();
        devices.Add(here.Elements("graphics").Select(screen => new XElement(screen)));
    }

    /// <summary>QEMU itself was told of these interfaces, so they can't be left in place without what they lead to.</summary>
    private static void Segments(XElement domain, XElement here, DomainConfig config)
    {
        var (was, now) = (domain.Element(DomainXml.Qemu + "commandline"), here.Element(DomainXml.Qemu + "commandline"));
        var (before, after) = (DomainXml.SegmentCards(domain), DomainXml.SegmentCards(here));
        if (!before.SequenceEqual(after))
            throw Changed(config, $"on isolated segments {Names(before)}", $"on isolated segments {Names(after)}");
        was?.Remove();
        if (now is not null)
            domain.Add(new XElement(now));
    }

    private static void Strip(XElement device, XElement here, DomainConfig config)
    {
        if (!OfDevices.TryGetValue(device.Name, out var kept)
            || (device.Name == "input" && (string?)device.Attribute("type") is not ("mouse" or "tablet" or "keyboard"))
            || (device.Name.LocalName is "rng" or "tpm" && here.Element(device.Name) is null)
            || (device.Name == "audio" && (string?)device.Attribute("type") != "none"))
        {
            throw new HypervisorException(
                HypervisorFailure.SavedStateUnusable,
                config.Uuid.ToString("D"),
                $"The suspended state of the VM {config.Name} has a device ({device.Name.LocalName}) that no guest of this pool has.",
                "Whoever wrote it was no hypervisor of this product's. Discard it by switching the VM off (vm-shutdown --force).");
        }

        Strip(device, kept.Elements, kept.Attributes);

        // Of each only one, or a second would stay behind that which is replaced.
        device.Elements().GroupBy(e => e.Name).SelectMany(same => same.Skip(1)).ToList().ForEach(e => e.Remove());
        device.Element("rom")?.Attribute("file")?.Remove();
        if (device.Element("model") is { } model && device.Name != "controller")
            Strip(model, [], ["type", "vram", "vram64", "ram", "vgamem", "heads", "primary"]);
    }

    private static void Strip(XElement element, HashSet<XName> elements, HashSet<XName> attributes)
    {
        element.Elements().Where(e => !elements.Contains(e.Name)).Remove();
        element.Attributes().Where(a => !a.IsNamespaceDeclaration && !attributes.Contains(a.Name)).Remove();
    }

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

    private static string Names(IEnumerable<string> names) =>
        string.Join(", ", names.Order(StringComparer.Ordinal).DefaultIfEmpty("(none)"));

    private static string Target(XElement disk) => (string)disk.Element("target")!.Attribute("dev")!;

    private static string? Mac(XElement nic) => (string?)nic.Element("mac")?.Attribute("address");

    private static string? Channel(XElement channel) => (string?)channel.Element("target")?.Attribute("name");
}
