using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>A disk or CD drive as libvirt's description of a domain has it.</summary>
public sealed record DefinedDisk
{
    /// <summary>libvirt's name of it, <c>vda</c>.</summary>
    public required string Target { get; init; }

    /// <summary>The bus that it hangs on: <c>virtio</c>, <c>scsi</c>, <c>sata</c>.</summary>
    public required string Bus { get; init; }

    /// <summary>What the guest takes it for: <c>disk</c>, <c>cdrom</c>, <c>lun</c>.</summary>
    public required string Device { get; init; }

    /// <summary>What it lies on: <c>file</c>, <c>block</c>, <c>network</c>, <c>volume</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The file; <see langword="null"/>: it is none, or there is nothing in the drive.</summary>
    public required string? Path { get; init; }

    /// <summary>What it lies on, for people.</summary>
    public required string Place { get; init; }

    /// <summary>The format that QEMU is told, <c>raw</c> where nothing is said.</summary>
    public required string Format { get; init; }

    /// <summary>Whether the guest may only read it.</summary>
    public required bool IsReadOnly { get; init; }

    /// <summary>Whether other guests may write to it at the same time.</summary>
    public required bool IsShared { get; init; }

    /// <summary>Whether what is written to it is thrown away when the guest ends.</summary>
    public required bool IsTransient { get; init; }

    /// <summary>Whether it builds on another image.</summary>
    public required bool HasBacking { get; init; }

    /// <summary>Whether libvirt opens it with a key.</summary>
    public required bool IsEncrypted { get; init; }

    /// <summary>Whether it is a CD drive.</summary>
    public bool IsCdrom => Device == "cdrom";

    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => Place.Length == 0;

    internal static DefinedDisk Of(XElement disk)
    {
        var (source, kind) = (disk.Element("source"), (string?)disk.Attribute("type") ?? "file");
        return new()
        {
            Target = (string?)disk.Element("target")?.Attribute("dev") ?? "",
            Bus = (string?)disk.Element("target")?.Attribute("bus") ?? "",
            Device = (string?)disk.Attribute("device") ?? "disk",
            Kind = kind,
            Path = kind == "file" ? (string?)source?.Attribute("file") : null,
            Place = PlaceOf(kind, source),
            Format = (string?)disk.Element("driver")?.Attribute("type") ?? "raw",
            IsReadOnly = disk.Element("readonly") is not null,
            IsShared = disk.Element("shareable") is not null,
            IsTransient = disk.Element("transient") is not null,

            // While a domain runs libvirt tells the whole chain, which ends in an empty element.
            HasBacking = disk.Element("backingStore") is { HasElements: true },
            IsEncrypted = disk.Descendants("encryption").Any(),
        };
    }

    private static string PlaceOf(string kind, XElement? source) => source is null ? "" : kind switch
    {
        "file" => (string?)source.Attribute("file") ?? "",
        "block" => (string?)source.Attribute("dev") ?? "",
        "dir" => (string?)source.Attribute("dir") ?? "",
        "network" => $"{(string?)source.Attribute("protocol")}:{(string?)source.Attribute("name")}",
        "volume" => $"the volume {(string?)source.Attribute("volume")} of libvirt's pool {(string?)source.Attribute("pool")}",
        _ => kind,
    };
}
