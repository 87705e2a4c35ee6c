using System.Collections.Immutable;
using System.Globalization;
using System.Xml.Linq;
using Redoubt.XenApi;

namespace Redoubt.Compute;

/// <summary>
/// Describes a domain by a definition that was kept of it: what its record can't say is as it was, the machine, the processor, the buses
/// and addresses of its devices; what lies elsewhere now is as the record says: disks, networks, firmware, console. Pure.
/// </summary>
/// <remarks>
/// The definition may come from storage that anybody has written to, so nothing is taken over but what is listed here by name, and no value
/// with a path in it. So it names no file, no device and no program of this host, whatever it says.
/// </remarks>
internal static class KeptDomain
{
    private static readonly string[] KeptOfDomain = ["iothreads", "iothreadids", "clock", "pm"];

    private static readonly string[] KeptOfOs = ["bootmenu", "bios"];

    // What is only there with an accelerator is left out without.
    private static readonly string[] FeaturesOfKvm = ["hyperv", "kvm", "pvspinlock", "pmu"];

    private static readonly string[] KeptFeatures =
    [
        "acpi", "apic", "pae", "viridian", "hyperv", "kvm", "pvspinlock", "pmu", "vmport", "smm", "ioapic", "vmcoreinfo", "hap", "privnet",
    ];

    private static readonly string[] KeptDevices =
        ["controller", "input", "video", "sound", "watchdog", "panic", "memballoon", "iommu", "vsock", "hub"];

    private static readonly string[] KeptOfDisk =
        ["address", "serial", "wwn", "vendor", "product", "geometry", "blockio", "iotune", "boot"];

    private static readonly string[] KeptOfNic = ["address", "boot", "rom", "link", "coalesce", "bandwidth", "model", "driver"];

    private static readonly string[] KeptOfDriver =
        ["cache", "io", "discard", "detect_zeroes", "error_policy", "rerror_policy", "iothread", "queues", "queue_size", "copy_on_read"];

    /// <summary>Describes <paramref name="config"/> by the definition that it has.</summary>
    /// <exception cref="FormatException">The definition can't be read.</exception>
    internal static XElement Build(DomainConfig config, DomainPlatform platform)
    {
        var kept = DomainDefinition.Root(config.Definition!);
        var made = DomainXml.Describe(config, platform);
        Sizes(made, kept, config);
        OperatingSystem(made, kept, config, platform);
        Processor(made, kept, config, platform);
        made.Element("features")!.ReplaceWith(Features(kept, platform));
        foreach (var name in KeptOfDomain)
        {
            if (kept.Element(name) is { } element && Clean(element) is { } clean && HasFewThreads(kept))
            {
                made.Element(name)?.Remove();
                made.Element("on_poweroff")!.AddBeforeSelf(clean);
            }
        }

        if (SystemInformation(kept, config) is { } sysinfo)
        {
            // What the guest reads there of the pool is beside what it always found there.
            if (DomainXml.FirmwareStrings(made) is { Count: > 0 } strings)
            {
                var entries = new XElement(
                    "oemStrings", sysinfo.Element("oemStrings")?.Elements(),
                    strings.Select(s => new XElement("entry", XmlText.CleanLine(s))));
                sysinfo.Element("oemStrings")?.Remove();
                sysinfo.Add(entries);
            }

            made.Elements("sysinfo").Remove();
            made.Element("os")!.Elements("smbios").Remove();
            made.Element("os")!.Add(new XElement("smbios", new XAttribute("mode", "sysinfo")));
            made.Element("os")!.AddBeforeSelf(sysinfo);
        }

        Devices(made, kept, config);
        return made;
    }

    /// <summary>
    /// The bus that QEMU is told to put cards on past libvirt, and the slots there that nothing has, from the last one down.
    /// </summary>
    internal static (string Bus, ImmutableArray<int> Slots) FreeSlots(DomainConfig config)
    {
        if (config.Definition is null)
            return ("pci.0", [.. Enumerable.Range(0, 30).Select(i => 31 - i)]);
        var kept = DomainDefinition.Root(config.Definition);
        var taken = kept.Descendants("address").Where(a => (string?)a.Attribute("type") == "pci" && Hex(a, "bus") == 0)
            .Select(a => Hex(a, "slot")).ToHashSet();

        // On a machine of this kind its own bridge to ISA is in the last slot.
        var isExpress = (string?)kept.Element("os")?.Element("type")?.Attribute("machine") is { } machine
            && (machine == "q35" || machine.StartsWith("pc-q35-", StringComparison.Ordinal));
        return (
            isExpress ? "pcie.0" : "pci.0",
            [.. Enumerable.Range(2, isExpress ? 29 : 30).Reverse().Where(slot => !taken.Contains(slot))]);
    }

    private static int Hex(XElement address, string name) => int.TryParse(
        ((string?)address.Attribute(name) ?? "").Replace("0x", "", StringComparison.Ordinal), NumberStyles.HexNumber,
        CultureInfo.InvariantCulture, out var number) ? number : 0;

    // As many as somebody would give a machine, and not as many as would hold up a host.
    private static bool HasFewThreads(XElement kept) => (Number(kept.Element("iothreads")?.Value) ?? 0) <= 64
        && (kept.Element("iothreadids")?.Elements().Count() ?? 0) <= 64;

    // Whoever gave the VM other memory or processors since means them, and the cells and sockets of before don't fit those.
    private static void Sizes(XElement made, XElement kept, DomainConfig config)
    {
        if (IsSame(kept, config) && kept.Element("vcpu") is { } vcpu)
        {
            var (count, current) = (Number(vcpu.Value), Number((string?)vcpu.Attribute("current")));
            made.Element("vcpu")!.ReplaceWith(new XElement(
                "vcpu", current is { } now && now < count ? new XAttribute("current", now) : null, count));
        }
    }

    private static bool IsSame(XElement kept, DomainConfig config) => Number(kept.Element("vcpu")?.Value) is { } count
        && (Number((string?)kept.Element("vcpu")!.Attribute("current")) ?? count) == config.Vcpus
        && count == (config.MostVcpus ?? config.Vcpus);

    private static void OperatingSystem(XElement made, XElement kept, DomainConfig config, DomainPlatform platform)
    {
        var (os, theirs) = (made.Element("os")!, kept.Element("os"));
        if (platform.Accelerator == Accelerator.Test || theirs is null)
            return;
        if (theirs.Element("type") is { } type)
        {
            foreach (var name in new[] { "arch", "machine" })
            {
                if ((string?)type.Attribute(name) is { } value && IsWord(value))
                    os.Element("type")!.SetAttributeValue(name, value);
            }
        }

        foreach (var name in KeptOfOs)
        {
            if (theirs.Element(name) is { } element && Clean(element) is { } clean)
                os.Add(clean);
        }

        var definition = DomainDefinition.Parse(config.Definition!);
        if (config.Firmware == Firmware.Uefi && definition.HasSecureBoot)
        {
            // Which image that is, libvirt finds by its descriptors, as always; its keys are in the variables.
            os.Element("firmware")!.ReplaceWith(new XElement(
                "firmware",
                new XElement("feature", new XAttribute("enabled", "yes"), new XAttribute("name", "secure-boot")),
                new XElement("feature", new XAttribute("enabled", "yes"), new XAttribute("name", "enrolled-keys"))));
            os.Element("nvram")?.AddBeforeSelf(new XElement("loader", new XAttribute("secure", "yes")));
        }

        // An order of its devices' own and one of kinds exclude each other.
        if (config.Kernel is null && kept.Element("devices")!.Elements().Any(d => d.Element("boot") is not null))
            os.Elements("boot").Remove();
    }

    private static void Processor(XElement made, XElement kept, DomainConfig config, DomainPlatform platform)
    {
        var theirs = kept.Element("cpu");
        var isSameKind = platform.Accelerator == Accelerator.Tcg && (string?)kept.Attribute("type") == "qemu";
        if (platform.Accelerator == Accelerator.Kvm || isSameKind)
        {
            made.Element("cpu")?.Remove();
            if (theirs is null || Clean(theirs) is not { } cpu)
                return;
            if (!IsSame(kept, config))
                cpu.Elements().Where(e => e.Name.LocalName is "topology" or "numa").Remove();
            made.Element("features")!.AddAfterSelf(cpu);
        }
        else if (theirs?.Element("topology") is { } topology && IsSame(kept, config) && Clean(topology) is { } clean)
        {
            made.Element("cpu")?.Element("topology")?.ReplaceWith(clean);
        }
    }

    private static XElement Features(XElement kept, DomainPlatform platform) => new(
        "features",
        (kept.Element("features")?.Elements() ?? [])
            .Where(f => KeptFeatures.Contains(f.Name.LocalName)
                && (platform.Accelerator == Accelerator.Kvm || !FeaturesOfKvm.Contains(f.Name.LocalName)))
            .Select(Clean));

    // Guests are licensed by what stands here. Only the UUID is the domain's own.
    private static XElement? SystemInformation(XElement kept, DomainConfig config)
    {
        if (kept.Elements("sysinfo").FirstOrDefault(s => (string?)s.Attribute("type") == "smbios") is not { } theirs)
            return null;
        var sysinfo = new XElement("sysinfo", new XAttribute("type", "smbios"));
        foreach (var group in theirs.Elements().Where(
            g => g.Name.LocalName is "bios" or "system" or "baseBoard" or "chassis" or "oemStrings"))
        {
            sysinfo.Add(new XElement(group.Name.LocalName, group.Elements("entry").Select(e => new XElement(
                "entry",
                (string?)e.Attribute("name") is { } name && IsWord(name) ? new XAttribute("name", name) : null,
                (string?)e.Attribute("name") == "uuid" ? config.Uuid.ToString("D") : XmlText.CleanLine(e.Value)))));
        }

        return sysinfo;
    }

    private static void Devices(XElement made, XElement kept, DomainConfig config)
    {
        var (devices, theirs) = (made.Element("devices")!, kept.Element("devices"));
        if (theirs is null)
            return;
        foreach (var disk in config.Disks)
        {
            var name = DomainXml.Target(disk);
            var element = devices.Elements("disk").First(d => (string?)d.Element("target")!.Attribute("dev") == name);
            if (DomainDefinition.DisksOf(kept).ElementAtOrDefault(disk.Device) is { } before)
                Disk(element, before, disk);
        }

        foreach (var nic in config.Nics)
        {
            var element = devices.Elements("interface")
                .FirstOrDefault(n => string.Equals(
                    (string?)n.Element("mac")!.Attribute("address"), nic.Mac, StringComparison.OrdinalIgnoreCase));
            if (element is not null && DomainDefinition.NicsOf(kept).ElementAtOrDefault(nic.Device) is { } before)
                Nic(element, before);
        }

        foreach (var group in theirs.Elements().Where(d => KeptDevices.Contains(d.Name.LocalName)).GroupBy(d => d.Name.LocalName))
        {
            var clean = group.Where(IsOfNoHost).Select(Clean).OfType<XElement>().ToList();
            if (clean.Count == 0 || (group.Key is "video" or "input" && config.VncSocketPath is null))
                continue;
            if (group.Key != "controller")
                devices.Elements(group.Key).Remove();
            devices.Add(clean);
        }

        // How the guest's memory is counted, the pool goes by.
        var balloon = devices.Element("memballoon");
        if (balloon is not null && (string?)balloon.Attribute("model") != "none" && balloon.Element("stats") is null)
            balloon.AddFirst(new XElement("stats", new XAttribute("period", 10)));
        if (theirs.Element("tpm") is { } tpm && devices.Element("tpm") is { } ours && (string?)tpm.Attribute("model") is { } model
            && model is "tpm-crb" or "tpm-tis")
        {
            ours.SetAttributeValue("model", model);
        }
    }

    // What a device of these kinds can be that is one of the host's.
    private static bool IsOfNoHost(XElement device) => device.Name.LocalName switch
    {
        "input" => (string?)device.Attribute("type") is "tablet" or "mouse" or "keyboard",
        "video" => (string?)device.Element("model")?.Attribute("type") is "vga" or "virtio" or "bochs" or "cirrus" or "qxl" or "ramfb",
        "controller" => (string?)device.Attribute("type") is "usb" or "ide" or "scsi" or "sata" or "virtio-serial" or "pci" or "fdc",
        "vsock" => false, // The host's numbers for guests are its own to give.
        "watchdog" => (string?)device.Attribute("action") is "reset" or "shutdown" or "poweroff" or "pause" or "none" or "inject-nmi",
        _ => true,
    };

    private static void Disk(XElement made, XElement before, DomainDisk disk)
    {
        var target = before.Element("target");
        if ((string?)target?.Attribute("bus") is { } bus and ("virtio" or "scsi" or "sata" or "ide" or "usb"))
        {
            made.Element("target")!.SetAttributeValue("bus", bus);
            foreach (var name in new[] { "removable", "rotation_rate" })
            {
                if ((string?)target!.Attribute(name) is { } value && IsWord(value))
                    made.Element("target")!.SetAttributeValue(name, value);
            }
        }

        if (made.Element("driver") is { } driver && before.Element("driver") is { } theirs)
        {
            // A way past the host's cache and a cache exclude each other, so that all of it is as it was, or nothing.
            driver.Attributes().Where(a => KeptOfDriver.Contains(a.Name.LocalName)).Remove();
            driver.Add(theirs.Attributes().Where(a => KeptOfDriver.Contains(a.Name.LocalName) && IsWord(a.Value))
                .Select(a => new XAttribute(a.Name.LocalName, a.Value)));
        }

        made.Add(before.Elements().Where(e => KeptOfDisk.Contains(e.Name.LocalName)).Select(Clean));
        if (disk.IsCdrom && made.Element("readonly") is null)
            made.Add(new XElement("readonly"));
    }

    private static void Nic(XElement made, XElement before)
    {
        foreach (var element in before.Elements().Where(e => KeptOfNic.Contains(e.Name.LocalName)))
        {
            if (Clean(element) is { } clean)
            {
                clean.Attributes().Where(a => a.Name.LocalName is "file" or "name").Remove();
                made.Elements(element.Name.LocalName).Remove();
                made.Add(clean);
            }
        }
    }

    /// <summary>
    /// A copy in which no value leads anywhere: those with a path in them are left out, and so is what is in another language.
    /// </summary>
    private static XElement? Clean(XElement element)
    {
        if (element.Name.NamespaceName.Length > 0 || element.Name.LocalName is "alias" or "source" or "backend" or "script")
            return null;
        var copy = new XElement(
            element.Name.LocalName,
            element.Attributes().Where(a => a.Name.NamespaceName.Length == 0 && !a.IsNamespaceDeclaration && IsWord(a.Value))
                .Select(a => new XAttribute(a.Name.LocalName, a.Value)),
            element.Elements().Select(Clean));
        if (!element.HasElements && element.Value.Length > 0)
        {
            if (!IsWord(element.Value))
                return null;
            copy.Value = element.Value;
        }

        return copy;
    }

    private static bool IsWord(string value) => value.Length <= 256 && value.All(c => !char.IsControl(c) && c is not ('/' or '\\'))
        && XmlText.Clean(value) == value;

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
