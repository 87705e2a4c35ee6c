using System.Collections.Immutable;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>
/// What libvirt's own description of a domain says, as far as something is gone by it: read once, and believed in nothing but what is
/// read here. Pure.
/// </summary>
public sealed record DomainDefinition
{
    /// <summary>Longer than any that a machine of this kind comes to.</summary>
    public const int MostCharacters = 1 << 20;

    private const int MostDepth = 32;

    /// <summary>The text that all this was read from.</summary>
    public required string Xml { get; init; }

    /// <summary>The domain's UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>libvirt's name of it.</summary>
    public required string Name { get; init; }

    /// <summary>The accelerator that it asks for: <c>kvm</c>, <c>qemu</c>, or the driver of another hypervisor.</summary>
    public required string Type { get; init; }

    /// <summary>Its architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary>Its machine type, <c>pc-q35-7.2</c>.</summary>
    public required string Machine { get; init; }

    /// <summary>The most memory that it can have without further modules, in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>What its balloon leaves it at first, in bytes.</summary>
    public required long CurrentMemoryBytes { get; init; }

    /// <summary>The processors that it starts with.</summary>
    public required int Vcpus { get; init; }

    /// <summary>The processors that it can be given while it runs.</summary>
    public required int MostVcpus { get; init; }

    /// <summary>Whether it boots through UEFI.</summary>
    public required bool IsUefi { get; init; }

    /// <summary>Whether its firmware only boots what is signed.</summary>
    public required bool HasSecureBoot { get; init; }

    /// <summary>Where its firmware keeps its variables; <see langword="null"/>: nowhere that is said.</summary>
    public required string? NvramPath { get; init; }

    /// <summary>The kernel that it boots directly; <see langword="null"/>: none.</summary>
    public required string? KernelPath { get; init; }

    /// <summary>The ramdisk beside that.</summary>
    public required string? InitrdPath { get; init; }

    /// <summary>The arguments of that.</summary>
    public required string KernelArguments { get; init; }

    /// <summary>How its TPM is made: <c>emulator</c>, <c>passthrough</c>; <see langword="null"/>: it has none.</summary>
    public required string? Tpm { get; init; }

    /// <summary>What it boots from in turn, as <c>HVM_boot_params:order</c> has it.</summary>
    public required string BootOrder { get; init; }

    /// <summary>Its disks and CD drives, in the order in which they are described; a drive's place in it is its number.</summary>
    public required ImmutableArray<DefinedDisk> Disks { get; init; }

    /// <summary>Its network interfaces, likewise.</summary>
    public required ImmutableArray<DefinedNic> Nics { get; init; }

    /// <summary>What else it has, by libvirt's names of the elements, as often as there are some.</summary>
    public required ImmutableSortedDictionary<string, int> Others { get; init; }

    /// <summary>Reads a description.</summary>
    /// <exception cref="FormatException">It is none, in words.</exception>
    public static DomainDefinition Parse(string xml)
    {
        var domain = Root(xml);
        var (os, devices) = (domain.Element("os"), domain.Element("devices"));
        if (!Guid.TryParseExact((string?)domain.Element("uuid"), "D", out var uuid) || (string?)domain.Element("name") is not { } name)
            throw new FormatException("It names no domain: it has no uuid, or no name.");
        var memory = Bytes(domain.Element("memory")) ?? throw new FormatException("It does not say how much memory the domain has.");
        var most = Number(domain.Element("vcpu")?.Value) ?? 1;
        var loader = os?.Element("loader");
        return new()
        {
            Xml = xml,
            Uuid = uuid,
            Name = name,
            Type = (string?)domain.Attribute("type") ?? "",
            Architecture = (string?)os?.Element("type")?.Attribute("arch") ?? "",
            Machine = (string?)os?.Element("type")?.Attribute("machine") ?? "",
            MemoryBytes = memory,
            CurrentMemoryBytes = Bytes(domain.Element("currentMemory")) ?? memory,
            Vcpus = Number((string?)domain.Element("vcpu")?.Attribute("current")) ?? most,
            MostVcpus = most,
            IsUefi = (string?)os?.Attribute("firmware") == "efi" || (string?)loader?.Attribute("type") == "pflash",
            HasSecureBoot = (string?)loader?.Attribute("secure") == "yes" || (os?.Element("firmware")?.Elements("feature").Any(
                f => (string?)f.Attribute("name") == "secure-boot" && (string?)f.Attribute("enabled") == "yes") ?? false),
            NvramPath = Text(os?.Element("nvram")),
            KernelPath = Text(os?.Element("kernel")),
            InitrdPath = Text(os?.Element("initrd")),
            KernelArguments = (string?)os?.Element("cmdline") ?? "",
            Tpm = devices?.Element("tpm") is { } tpm ? (string?)tpm.Element("backend")?.Attribute("type") ?? "" : null,
            BootOrder = BootLetters(os, devices),
            Disks = [.. DisksOf(domain).Select(DefinedDisk.Of)],
            Nics = [.. NicsOf(domain).Select(DefinedNic.Of)],
            Others = OthersOf(domain),
        };
    }

    /// <summary>The element of a description, of which no more is read than is there.</summary>
    /// <exception cref="FormatException">It is no description of a domain.</exception>
    internal static XElement Root(string xml)
    {
        // What lies on storage may be anything: no document types, no entities, nothing fetched, and an end to it.
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MostCharacters,
        };
        try
        {
            using (var depths = XmlReader.Create(new StringReader(xml), settings))
            {
                while (depths.Read())
                {
                    if (depths.Depth > MostDepth)
                        throw new FormatException("It is nested deeper than any description of a domain.");
                }
            }

            using var reader = XmlReader.Create(new StringReader(xml), settings);
            return XDocument.Load(reader).Root is { Name.LocalName: "domain" } root
                ? root
                : throw new FormatException("It does not describe a domain.");
        }
        catch (XmlException broken)
        {
            throw new FormatException($"It is not XML that can be read: {broken.Message}", broken);
        }
    }

    /// <summary>The drives of a description that have a number. A floppy is none that another hypervisor would give a guest.</summary>
    internal static IEnumerable<XElement> DisksOf(XElement domain) =>
        domain.Element("devices")?.Elements("disk").Where(d => (string?)d.Attribute("device") != "floppy") ?? [];

    /// <summary>The interfaces of a description.</summary>
    internal static IEnumerable<XElement> NicsOf(XElement domain) => domain.Element("devices")?.Elements("interface") ?? [];

    private static string BootLetters(XElement? os, XElement? devices)
    {
        var named = os?.Elements("boot").Select(b => (string?)b.Attribute("dev") switch
        {
            "hd" => "c",
            "cdrom" => "d",
            "network" => "n",
            _ => "",
        }) ?? [];
        var ordered = devices?.Elements().Where(d => d.Element("boot") is not null)
            .OrderBy(d => Number((string?)d.Element("boot")!.Attribute("order")) ?? int.MaxValue)
            .Select(d => d.Name.LocalName == "interface" ? "n" : (string?)d.Attribute("device") == "cdrom" ? "d" : "c") ?? [];
        var letters = string.Concat(named.Concat(ordered).Distinct());
        return letters.Length > 0 ? letters : "c";
    }

    private static ImmutableSortedDictionary<string, int> OthersOf(XElement domain)
    {
        var devices = (domain.Element("devices")?.Elements() ?? []).Select(d => d.Name.LocalName == "disk"
            && (string?)d.Attribute("device") == "floppy" ? "floppy" : d.Name.LocalName);
        var others = domain.Elements().Select(e => e.Name.NamespaceName.Length > 0 ? $"qemu:{e.Name.LocalName}" : e.Name.LocalName);
        return devices.Concat(others).GroupBy(n => n).ToImmutableSortedDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
    }

    private static long? Bytes(XElement? element)
    {
        if (element is null || !long.TryParse(element.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return null;
        long? unit = ((string?)element.Attribute("unit"))?.ToLowerInvariant() switch
        {
            null or "k" or "kib" => 1L << 10,
            "b" or "bytes" => 1,
            "kb" => 1000,
            "m" or "mib" => 1L << 20,
            "mb" => 1_000_000,
            "g" or "gib" => 1L << 30,
            "gb" => 1_000_000_000,
            "t" or "tib" => 1L << 40,
            "tb" => 1_000_000_000_000,
            _ => null,
        };
        return unit is { } factor && count <= long.MaxValue / factor ? count * factor : null;
    }

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Text(XElement? element) => element?.Value is { Length: > 0 } text ? text : null;
}
