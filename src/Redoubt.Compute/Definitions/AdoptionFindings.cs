using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>
/// What can be adopted of a domain, what can't be kept of it at another site, and why: by its description alone, of whatever kind that is.
/// Pure. Whether its disks may be where they are, the pool says.
/// </summary>
public static class AdoptionFindings
{
    // What is made anew at another site, or is the same at every one: nobody misses it.
    private static readonly HashSet<string> Ordinary =
    [
        "name", "uuid", "title", "description", "metadata", "genid", "memory", "currentMemory", "vcpu", "iothreads", "iothreadids", "os",
        "features", "cpu", "clock", "on_poweroff", "on_reboot", "on_crash", "on_lockfailure", "pm", "sysinfo", "resource", "devices",
        "seclabel", "bootloader", "emulator", "disk", "interface", "controller", "input", "graphics", "video", "sound", "audio",
        "memballoon",
        "rng", "tpm", "serial", "console", "channel", "watchdog", "panic", "vsock", "iommu", "hub", "redirdev", "redirfilter", "memtune",
        "floppy", "hostdev",
    ];

    // What is left out at another site, and what that means.
    private static readonly Dictionary<string, (AdoptionWeight Weight, string What)> LeftOut = new()
    {
        ["filesystem"] = (AdoptionWeight.Warning, "a folder of this host that is shared with the guest (filesystem)"),
        ["shmem"] = (AdoptionWeight.Warning, "memory that is shared with other guests (shmem)"),
        ["smartcard"] = (AdoptionWeight.Warning, "a smartcard of this host"),
        ["parallel"] = (AdoptionWeight.Warning, "a parallel port"),
        ["lease"] = (AdoptionWeight.Warning, "a lease of a lock manager"),
        ["nvram"] = (AdoptionWeight.Warning, "an NVRAM device"),
        ["memory"] = (AdoptionWeight.Warning, "modules of memory that were plugged in"),
        ["crypto"] = (AdoptionWeight.Warning, "a device for cryptography"),
        ["launchSecurity"] = (AdoptionWeight.Warning, "the encryption of the guest's memory by this host's processor (launchSecurity)"),
        ["memoryBacking"] = (AdoptionWeight.Info, "where this host takes the guest's memory from (memoryBacking)"),
        ["cputune"] = (AdoptionWeight.Info, "on which of this host's processors the guest runs (cputune)"),
        ["numatune"] = (AdoptionWeight.Info, "on which of this host's memory the guest lies (numatune)"),
        ["blkiotune"] = (AdoptionWeight.Info, "the share of this host's disks (blkiotune)"),
        ["maxMemory"] = (AdoptionWeight.Info, "the slots for more memory (maxMemory)"),
        ["idmap"] = (AdoptionWeight.Warning, "the mapping of users (idmap)"),
        ["keywrap"] = (AdoptionWeight.Warning, "the wrapping of keys (keywrap)"),
        ["perf"] = (AdoptionWeight.Info, "the counting of events (perf)"),
        ["qemu:commandline"] = (AdoptionWeight.Warning, "what QEMU is told past libvirt (qemu:commandline)"),
        ["qemu:override"] = (AdoptionWeight.Warning, "what QEMU is told past libvirt (qemu:override)"),
        ["qemu:capabilities"] = (AdoptionWeight.Warning, "what QEMU is told past libvirt (qemu:capabilities)"),
        ["qemu:deprecation"] = (AdoptionWeight.Info, "how QEMU speaks of what is old (qemu:deprecation)"),
    };

    /// <summary>Judges a domain.</summary>
    public static IReadOnlyList<AdoptionFinding> Of(DefinedDomain domain)
    {
        DomainDefinition definition;
        DomainDefinition? running;
        try
        {
            definition = DomainDefinition.Parse(domain.Xml);
            running = domain.RunningXml is { } live ? DomainDefinition.Parse(live) : null;
        }
        catch (FormatException unread)
        {
            return [Block("domain", $"Its description can't be read. {unread.Message}")];
        }

        return
        [
            .. Standing(domain), .. Machine(definition), .. definition.Disks.SelectMany(Disk), .. Twice(definition),
            .. running is null ? [] : Pending(definition, running), .. Firmware(definition), .. definition.Nics.SelectMany(Nic),
            .. HostDevices(definition), .. Others(definition),
        ];
    }

    /// <summary>
    /// What a domain that is started elsewhere by its definition does without, a sentence each; none if it can't be read.
    /// </summary>
    public static IReadOnlyList<string> Lacking(string xml)
    {
        try
        {
            var definition = DomainDefinition.Parse(xml);
            return
            [
                .. Firmware(definition).Concat(HostDevices(definition)).Concat(Others(definition))
                    .Where(f => f.Weight == AdoptionWeight.Warning).Select(f => f.Text),
            ];
        }
        catch (FormatException)
        {
            return []; // Whoever starts it says so.
        }
    }

    private static IEnumerable<AdoptionFinding> Standing(DefinedDomain domain)
    {
        if (!domain.IsPersistent)
            yield return Block(
                "domain", "libvirt forgets it as soon as its guest ends: make it stay first (virsh dumpxml NAME > NAME.xml, "
                    + "virsh define NAME.xml).");
        if (domain.HasSavedMemory)
            yield return Block(
                "domain", "libvirt has saved its memory, which belongs to its disks as they are now: start it, or throw the memory away "
                    + "(virsh managedsave-remove), first.");
        if (domain.Snapshots > 0)
            yield return Warning(
                "snapshots", $"libvirt knows {domain.Snapshots} snapshots of it, which stay with libvirt and don't come along to "
                    + "another site.");
        if (domain.StartsWithHost)
            yield return Info(
                "autostart", "libvirt starts it with the host, which it would also do after another site has taken it over. When it is "
                    + "adopted libvirt stops doing that, and Redoubt starts it with the host.");
    }

    private static IEnumerable<AdoptionFinding> Machine(DomainDefinition definition)
    {
        if (definition.Type is not ("kvm" or "qemu"))
            yield return Block("domain", $"It is a guest of \"{definition.Type}\", and only QEMU's can be adopted.");
        if (definition.Architecture is not ("x86_64" or "i686"))
            yield return Block("os", $"Its processor is \"{definition.Architecture}\", and only x86_64 and i686 can be started elsewhere.");
        var cpu = DomainDefinition.Root(definition.Xml).Element("cpu");
        if ((string?)cpu?.Attribute("mode") is "host-passthrough" or "host-model")
            yield return Info(
                "cpu", $"Its processor is this host's ({(string?)cpu!.Attribute("mode")}): at another site it is that one's. A guest that "
                    + "minds needs a named model.");
    }

    private static IEnumerable<AdoptionFinding> Disk(DefinedDisk disk)
    {
        if (disk.IsCdrom)
        {
            if (!disk.IsEmpty)
                yield return Info(disk.Target, $"The medium in its CD drive, {disk.Place}, stays here: at another site the drive is "
                    + "empty.");
            yield break;
        }

        if (disk.Device is not "disk")
            yield return Block(disk.Target, $"It is a \"{disk.Device}\" of this host, which no image can stand for.");
        else if (disk.IsEmpty || (disk.Kind == "file" && disk.Path is null))
            yield return Block(disk.Target, "It is not said where it lies.");
        else if (disk.Kind != "file")
            yield return Block(
                disk.Target, $"It lies on {disk.Place} ({disk.Kind}), and only disks that are files of a folder can be adopted. Move "
                    + "it into "
                    + "a folder (virsh blockcopy), or recover its VM from backups.");
        if (disk.Format is not ("raw" or "qcow2"))
            yield return Block(disk.Target, $"Its format is \"{disk.Format}\", and only raw and qcow2 are read: convert it (qemu-img "
                + "convert).");
        if (disk.HasBacking)
            yield return Block(
                disk.Target, $"{disk.Place} builds on another image, and what lies on replicated storage must stand alone: merge them "
                    + "(virsh blockpull).");
        if (disk.IsEncrypted)
            yield return Block(disk.Target, $"{disk.Place} is encrypted, and its key is known to this libvirt only.");
        if (disk.IsShared)
            yield return Block(disk.Target, $"{disk.Place} may be written by several guests at once (shareable), which nothing here "
                + "would keep apart.");
        if (disk.IsTransient)
            yield return Block(disk.Target, $"What is written to {disk.Place} is thrown away when its guest ends (transient).");
    }

    private static IEnumerable<AdoptionFinding> Twice(DomainDefinition definition) => definition.Disks
        .Where(d => d is { IsCdrom: false, IsEmpty: false }).GroupBy(d => d.Place).Where(g => g.Count() > 1)
        .Select(g => Block(
            g.First().Target, $"{g.Key} is the image of several of its disks: {string.Join(", ", g.Select(d => d.Target))}."));

    private static IEnumerable<AdoptionFinding> Pending(DomainDefinition definition, DomainDefinition running)
    {
        string[] Places(DomainDefinition of) => [.. of.Disks.Where(d => !d.IsCdrom).Select(d => $"{d.Target} on {d.Place}").Order()];
        var (next, now) = (Places(definition), Places(running));
        if (!next.SequenceEqual(now))
            yield return Block(
                "disk", $"It runs with other disks ({string.Join(", ", now)}) than it is defined with ({string.Join(", ", next)}): "
                    + "make both "
                    + "the same (virsh edit, virsh attach-disk --config), then restart it if need be.");
        foreach (var disk in running.Disks.Where(d => d.HasBacking && !d.IsCdrom
            && !definition.Disks.Any(other => other.Target == d.Target && other.HasBacking)))
        {
            yield return Block(
                disk.Target, $"{disk.Place} builds on another image, and what lies on replicated storage must stand alone: merge them "
                    + "(virsh blockpull).");
        }
    }

    private static IEnumerable<AdoptionFinding> Firmware(DomainDefinition definition)
    {
        if (definition.HasSecureBoot)
            yield return Info("os", "It boots with Secure Boot: another site needs OVMF with Secure Boot (Debian and Ubuntu: package "
                + "ovmf).");
        if (definition.Tpm is { } tpm and not "emulator")
            yield return Warning("tpm", $"Its TPM is this host's ({tpm}): at another site it has none, and what is sealed in it stays "
                + "closed.");
        else if (definition.Tpm is not null)
            yield return Warning(
                "tpm", "What its TPM keeps lies with this libvirt and does not come along: at another site its TPM is empty, and a "
                    + "guest that "
                    + "sealed keys in it asks for its recovery key. Have that at hand.");
        if (definition.KernelPath is { } kernel)
            yield return Info("os", $"It boots the kernel {kernel} of this host: another site needs the same file where it allows "
                + "kernels.");
    }

    private static IEnumerable<AdoptionFinding> Nic(DefinedNic nic)
    {
        if (nic.Kind is not ("bridge" or "network"))
            yield return Warning(
                nic.Mac, $"Its interface {nic.Mac} is no interface on a bridge ({nic.Kind}): at another site it is on the network "
                    + "that it is "
                    + "mapped to.");
    }

    private static IEnumerable<AdoptionFinding> HostDevices(DomainDefinition definition)
    {
        foreach (var device in DomainDefinition.Root(definition.Xml).Element("devices")?.Elements("hostdev") ?? [])
        {
            yield return Warning("hostdev", $"It has {Name(device)} of this host, which stays here: at another site it starts without.");
        }
    }

    private static string Name(XElement device)
    {
        var (kind, source) = ((string?)device.Attribute("type") ?? "", device.Element("source"));
        var address = source?.Element("address");
        string Part(XElement? of, string name) => ((string?)of?.Attribute(name) ?? "").Replace("0x", "", StringComparison.Ordinal);
        return kind switch
        {
            "pci" => $"the PCI device {Part(address, "domain")}:{Part(address, "bus")}:{Part(address, "slot")}.{Part(address, "function")}",
            "usb" => $"the USB device {Part(source?.Element("vendor"), "id")}:{Part(source?.Element("product"), "id")}",
            "mdev" => $"the mediated device {Part(address, "uuid")}",
            _ => $"a device ({kind})",
        };
    }

    private static IEnumerable<AdoptionFinding> Others(DomainDefinition definition)
    {
        foreach (var (name, count) in definition.Others.Where(o => !Ordinary.Contains(o.Key)))
        {
            // The size of the memory and a module of it have one name.
            if (name == "memory" && count == 1)
                continue;
            var (weight, what) = LeftOut.GetValueOrDefault(name, (AdoptionWeight.Warning, "something that Redoubt does not know "
                + $"({name})"));
            yield return new(weight, name, $"It has {what}: at another site it starts without.");
        }

        if (definition.Others.ContainsKey("floppy"))
            yield return Warning("floppy", "It has a floppy drive: at another site it starts without.");
    }

    private static AdoptionFinding Block(string subject, string text) => new(AdoptionWeight.Block, subject, text);

    private static AdoptionFinding Warning(string subject, string text) => new(AdoptionWeight.Warning, subject, text);

    private static AdoptionFinding Info(string subject, string text) => new(AdoptionWeight.Info, subject, text);
}
