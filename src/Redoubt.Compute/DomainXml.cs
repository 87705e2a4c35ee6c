using System.Globalization;
using System.Xml.Linq;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Compute;

/// <summary>
/// Writes the libvirt description of a domain. A pure function: the same values give the same text.
/// </summary>
public static class DomainXml
{
    /// <summary>The names of what QEMU is told by itself.</summary>
    internal static readonly XNamespace Qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    private const string SegmentCard = "virtio-net-pci,";

    /// <summary>Describes <paramref name="config"/> as a domain of <paramref name="platform"/>.</summary>
    /// <remarks>The config must be free of <see cref="DomainConfig.Problems"/>.</remarks>
    public static string Build(DomainConfig config, DomainPlatform platform)
    {
        var domain = config.Definition is null ? Describe(config, platform) : KeptDomain.Build(config, platform);
        return new XDocument(domain).ToString(SaveOptions.DisableFormatting);
    }

    /// <summary>The same by these values alone.</summary>
    internal static XElement Describe(DomainConfig config, DomainPlatform platform)
    {
        var title = XmlText.CleanLine(config.Name);
        var domain = new XElement(
            "domain",
            new XAttribute(
                "type", platform.Accelerator switch { Accelerator.Kvm => "kvm", Accelerator.Tcg => "qemu", Accelerator.Test => "test" }),
            new XElement("name", config.Uuid.ToString("D")),
            new XElement("uuid", config.Uuid.ToString("D")),
            string.IsNullOrWhiteSpace(title) ? null : new XElement("title", title),
            Bytes("memory", config.MemoryMaxBytes),
            Bytes("currentMemory", config.MemoryTargetBytes ?? config.MemoryMaxBytes),
            Vcpus(config),
            OperatingSystem(config, platform),
            new XElement("features", new XElement("acpi"), new XElement("apic")),
            Cpu(config, platform),
            new XElement("clock", new XAttribute("offset", "utc")),
            new XElement("on_poweroff", "destroy"),
            new XElement("on_reboot", "restart"),
            new XElement("on_crash", "destroy"),
            Devices(config, platform),
            CommandLine(config, platform));
        if (platform.Accelerator != Accelerator.Test)
            AddFirmwareStrings(domain, config.FirmwareStrings); // The test driver has no firmware.
        return domain;
    }

    private static XElement Bytes(string name, long bytes) => new(name, new XAttribute("unit", "b"), bytes);

    private static XElement Vcpus(DomainConfig config) => config.MostVcpus is { } most && most > config.Vcpus
        ? new("vcpu", new XAttribute("current", config.Vcpus), most)
        : new("vcpu", config.Vcpus);

    /// <summary>Gives a domain lines that its guest finds in the tables of its firmware.</summary>
    internal static void AddFirmwareStrings(XElement domain, IReadOnlyCollection<string> strings)
    {
        if (strings.Count == 0)
            return;
        domain.Element("os")!.Add(new XElement("smbios", new XAttribute("mode", "sysinfo")));
        domain.Add(
            new XElement(
                "sysinfo", new XAttribute("type", "smbios"),
                new XElement("oemStrings", strings.Select(s => new XElement("entry", XmlText.CleanLine(s))))));
    }

    /// <summary>Those that it has.</summary>
    internal static IReadOnlyCollection<string> FirmwareStrings(XElement domain) =>
        [.. domain.Elements("sysinfo").Elements("oemStrings").Elements("entry").Select(e => e.Value)];

    private static XElement OperatingSystem(DomainConfig config, DomainPlatform platform)
    {
        var os = new XElement(
            "os", new XElement("type", new XAttribute("arch", "x86_64"), new XAttribute("machine", platform.Machine), "hvm"));
        if (platform.Accelerator == Accelerator.Test)
            os.Element("type")!.RemoveAttributes(); // The test driver knows one made-up architecture and no machine types.
        if (config.Firmware == Firmware.Uefi)
        {
            // libvirt picks the image by its descriptors, so it need not be known where a distribution puts OVMF.
            os.Add(
                new XAttribute("firmware", "efi"),
                new XElement(
                    "firmware", new XElement("feature", new XAttribute("enabled", "no"), new XAttribute("name", "secure-boot"))),
                config.NvramPath is null ? null : new XElement("nvram", config.NvramPath));
        }

        if (config.Kernel is { } kernel)
        {
            os.Add(
                new XElement("kernel", kernel.KernelPath),
                kernel.InitrdPath is null ? null : new XElement("initrd", kernel.InitrdPath),
                new XElement("cmdline", XmlText.Clean(kernel.Arguments)));
        }
        else
        {
            os.Add(BootDevices(config.BootOrder).Select(device => new XElement("boot", new XAttribute("dev", device))));
        }

        return os;
    }

    private static List<string> BootDevices(string order)
    {
        var devices = order.Distinct()
            .Select(letter => letter switch { 'c' => "hd", 'd' => "cdrom", 'n' => "network", _ => null })
            .OfType<string>()
            .ToList();
        return devices.Count > 0 ? devices : ["hd", "cdrom"];
    }

    private static XElement? Cpu(DomainConfig config, DomainPlatform platform)
    {
        // Under TCG the default model is a processor of 2003, which today's distributions refuse to boot on.
        var mode = platform.Accelerator switch { Accelerator.Kvm => "host-model", Accelerator.Tcg => "maximum", Accelerator.Test => null };
        if (mode is null)
            return null;
        // One socket if nobody says otherwise: desktop editions of Windows use no more than two, whatever they have.
        var all = Math.Max(config.Vcpus, config.MostVcpus ?? 0);
        var cores = config.CoresPerSocket ?? all;
        return new XElement(
            "cpu",
            new XAttribute("mode", mode),
            new XElement(
                "topology", new XAttribute("sockets", all / cores), new XAttribute("cores", cores), new XAttribute("threads", 1)));
    }

    private static XElement Devices(DomainConfig config, DomainPlatform platform) => new(
        "devices",
        platform.EmulatorPath is null ? null : new XElement("emulator", platform.EmulatorPath),
        config.Disks.OrderBy(disk => disk.Device).Select(disk => Disk(config.Uuid, disk)),
        config.Nics.Where(nic => nic.Bridge is not null && nic.Segment is null).OrderBy(nic => nic.Device)
            .Select(nic => Nic(nic, hasBootRom: config.Kernel is null && config.BootOrder.Contains('n'))),
        Serial(config.ConsoleLogPath, config.SerialSocketPath),
        Agent(config.AgentSocketPath),
        Screen(config.VncSocketPath),
        new XElement("memballoon", new XAttribute("model", "virtio"), new XElement("stats", new XAttribute("period", 10))),
        Tpm(config, platform),
        new XElement("rng", new XAttribute("model", "virtio"), new XElement("backend", new XAttribute("model", "random"), "/dev/urandom")));

    // persistent_state: or libvirt removes what the TPM keeps as soon as the guest ends, before anybody could have taken it.
    private static XElement? Tpm(DomainConfig config, DomainPlatform platform) =>
        !config.HasTpm || platform.Accelerator == Accelerator.Test ? null : new XElement(
            "tpm",
            new XAttribute("model", "tpm-crb"),
            new XElement(
                "backend", new XAttribute("type", "emulator"), new XAttribute("version", "2.0"),
                new XAttribute("persistent_state", "yes")));

    /// <summary>What libvirt calls a disk or CD drive of a guest.</summary>
    internal static string Target(DomainDisk disk) => (disk.IsCdrom ? "sd" : "vd") + Letters(disk.Device);

    /// <summary>Describes one disk or CD drive.</summary>
    internal static XElement Disk(Guid domain, DomainDisk disk) => new(
        "disk",
        new XAttribute("type", disk.Source switch { DiskSource.Block => "block", DiskSource.Network => "network", _ => "file" }),
        new XAttribute("device", disk.IsCdrom ? "cdrom" : "disk"),
        Driver(disk),
        Login(domain, disk),
        Source(disk.Source),
        new XElement(
            "target",
            new XAttribute("dev", Target(disk)),
            new XAttribute("bus", disk.IsCdrom ? "sata" : "virtio")),
        disk.ReadOnly || disk.IsCdrom ? new XElement("readonly") : null);

    private static XElement? Login(Guid domain, DomainDisk disk) => disk.Source is not DiskSource.Network { Login: { } login }
        ? null
        : new(
            "auth",
            new XAttribute("username", login.User),
            new XElement(
                "secret",
                new XAttribute("type", "ceph"),
                new XAttribute("uuid", DiskSecrets.UuidOf(domain, disk.Device).ToString("D"))));

    private static XElement? Source(DiskSource? source) => source switch
    {
        null => null,
        DiskSource.File file => new XElement("source", new XAttribute("file", file.Path)),
        DiskSource.Block block => new XElement("source", new XAttribute("dev", block.Device)),
        DiskSource.Network network => new XElement(
            "source",
            new XAttribute("protocol", network.Protocol switch { NetworkProtocol.Rbd => "rbd" }),
            new XAttribute("name", network.Name),
            network.Hosts.Select(host => new XElement("host", new XAttribute("name", host.Name), new XAttribute("port", host.Port)))),
        _ => throw new InvalidOperationException($"unknown source {source}"),
    };

    private static XElement? Driver(DomainDisk disk) => disk.Source is not { } source ? null : new XElement(
        "driver",
        new XAttribute("name", "qemu"),
        new XAttribute("type", DiskFormatName.ForQemu(source.Format)),
        // writeback: the guest sees a disk with a write cache, and its flush becomes fdatasync on the host, so what the guest has synced
        // is durable. "none" would promise the same, but needs O_DIRECT, which tmpfs and some network file systems refuse.
        new XAttribute("cache", "writeback"),
        disk.IsCdrom ? null : new XAttribute("discard", "unmap"));

    /// <summary>0 is a, 25 is z, 26 is aa: the names of Linux, which libvirt takes apart again.</summary>
    internal static string Letters(int index)
    {
        var letters = "";
        for (var rest = index; rest >= 0; rest = (rest / 26) - 1)
            letters = (char)('a' + (rest % 26)) + letters;
        return letters;
    }

    /// <summary>Describes one network interface on a bridge.</summary>
    internal static XElement Nic(DomainNic nic, bool hasBootRom) => new(
        "interface",
        new XAttribute("type", "bridge"),
        new XElement("mac", new XAttribute("address", nic.Mac.ToLower(CultureInfo.InvariantCulture))),
        new XElement("source", new XAttribute("bridge", nic.Bridge!)),
        new XElement("model", new XAttribute("type", "virtio")),
        nic.Mtu is { } mtu ? new XElement("mtu", new XAttribute("size", mtu)) : null,
        // Without a network boot the boot ROM only costs time, and a package that need not be there.
        hasBootRom ? null : new XElement("rom", new XAttribute("enabled", "no")));

    /// <summary>
    /// The interfaces on segments. libvirt's own kind of multicast interface can't be kept to the loopback interface, so QEMU is told. They
    /// take the PCI slots from the last one down, since libvirt, which does not know of them, fills the slots from the first.
    /// </summary>
    private static XElement? CommandLine(DomainConfig config, DomainPlatform platform)
    {
        var (bus, slots) = KeptDomain.FreeSlots(config);
        var segments = config.Nics.Where(nic => nic.Segment is not null).OrderBy(nic => nic.Device).SelectMany((nic, index) => new[]
        {
            "-netdev", $"socket,id=segment{nic.Device},mcast={nic.Segment!.Group}:{nic.Segment.Port},localaddr=127.0.0.1",
            "-device",
            $"{SegmentCard}netdev=segment{nic.Device},mac={nic.Mac.ToLower(CultureInfo.InvariantCulture)},romfile=,"
                + $"{(nic.Mtu is { } mtu ? $"host_mtu={mtu}," : "")}bus={bus},addr=0x{slots[index]:x}",
        });
        string[] words = [.. platform.Account?.ArgumentsFor(platform.QemuVersion) ?? [], .. segments];
        return words.Length == 0 || platform.Accelerator == Accelerator.Test ? null : new XElement(
            Qemu + "commandline",
            new XAttribute(XNamespace.Xmlns + "qemu", Qemu.NamespaceName),
            words.Select(word => new XElement(Qemu + "arg", new XAttribute("value", word))));
    }

    /// <summary>What QEMU was told of a domain's interfaces on segments, a word for each.</summary>
    internal static List<string> SegmentCards(XElement domain) =>
        [.. domain.Elements(Qemu + "commandline").Elements().Attributes("value").Select(word => word.Value)
            .Where(word => word.StartsWith(SegmentCard, StringComparison.Ordinal))];

    // Whether anybody listens at the socket or not, the log gets all of it.
    private static XElement Serial(string? logPath, string? socketPath) => (logPath, socketPath) switch
    {
        (null, null) => new XElement("serial", new XAttribute("type", "null")),
        ({ } log, null) => new XElement(
            "serial",
            new XAttribute("type", "file"),
            new XElement("source", new XAttribute("path", log), new XAttribute("append", "on"))),
        (_, { } socket) => new XElement(
            "serial",
            new XAttribute("type", "unix"),
            new XElement("source", new XAttribute("mode", "bind"), new XAttribute("path", socket)),
            logPath is null ? null : new XElement("log", new XAttribute("file", logPath), new XAttribute("append", "on"))),
    };

    private static XElement? Agent(string? socketPath) => socketPath is null ? null : new XElement(
        "channel",
        new XAttribute("type", "unix"),
        new XElement("source", new XAttribute("mode", "bind"), new XAttribute("path", socketPath)),
        new XElement("target", new XAttribute("type", "virtio"), new XAttribute("name", "org.qemu.guest_agent.0")));

    private static XElement[] Screen(string? socketPath) => socketPath is null
        ? []
        :
        [
            // Several may look at once; a viewer that asks to be the only one, as many do by default, throws nobody out.
            new XElement(
                "graphics", new XAttribute("type", "vnc"), new XAttribute("socket", socketPath), new XAttribute("sharePolicy", "ignore")),
            new XElement("video", new XElement("model", new XAttribute("type", "vga"))),
            new XElement("input", new XAttribute("type", "tablet"), new XAttribute("bus", "usb")),
        ];
}
