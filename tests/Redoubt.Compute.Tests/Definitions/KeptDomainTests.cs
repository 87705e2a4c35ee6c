using System.Xml.Linq;
using Redoubt.Storage;

namespace Redoubt.Compute.Tests;

/// <summary>A domain that is started at another site by the definition that was kept of it.</summary>
public sealed class KeptDomainTests
{
    private static readonly Guid Uuid = Guid.Parse("99999999-2222-3333-4444-555555555555");

    [Fact]
    public void A_machine_for_Windows_comes_back_as_it_was_but_for_what_is_mapped()
    {
        var domain = Build(SampleDomains.Windows, Accelerator.Kvm);
        Assert.Equal(Uuid.ToString(), domain.Element("name")!.Value);
        Assert.Equal("pc-q35-7.2", (string?)domain.Element("os")!.Element("type")!.Attribute("machine"));
        Assert.Equal("host-passthrough", (string?)domain.Element("cpu")!.Attribute("mode"));
        Assert.Equal("8", (string?)domain.Element("cpu")!.Element("topology")!.Attribute("cores"));
        Assert.Equal(("4", "8"), ((string?)domain.Element("vcpu")!.Attribute("current"), domain.Element("vcpu")!.Value));
        Assert.Equal("1", domain.Element("iothreads")!.Value);
        Assert.Equal("localtime", (string?)domain.Element("clock")!.Attribute("offset"));
        Assert.NotNull(domain.Element("features")!.Element("hyperv")!.Element("spinlocks"));
        Assert.NotNull(domain.Element("features")!.Element("smm"));
        var system = domain.Element("sysinfo")!.Element("system")!.Elements("entry")
            .ToDictionary(e => (string)e.Attribute("name")!, e => e.Value);
        Assert.Equal(("Acme / Sons", "S-77", Uuid.ToString()), (system["manufacturer"], system["serial"], system["uuid"]));

        // The firmware is this host's, with Secure Boot; the variables lie where the pool keeps them.
        var os = domain.Element("os")!;
        Assert.Equal("efi", (string?)os.Attribute("firmware"));
        Assert.Contains(
            os.Element("firmware")!.Elements(),
            f => (string?)f.Attribute("name") == "secure-boot" && (string?)f.Attribute("enabled") == "yes");
        Assert.Equal("/data/nvram/x.fd", os.Element("nvram")!.Value);
        Assert.Empty(os.Elements("boot"));

        var disks = domain.Element("devices")!.Elements("disk").ToList();
        Assert.Equal(["/mirror/c.qcow2", "/mirror/d.img", null], disks.Select(d => (string?)d.Element("source")?.Attribute("file")));
        Assert.Equal(["scsi", "scsi", "sata"], disks.Select(d => (string?)d.Element("target")!.Attribute("bus")));
        Assert.Equal(["0", "1", "2"], disks.Select(d => (string?)d.Element("address")!.Attribute("unit")));
        Assert.Equal("1", (string?)disks[0].Element("driver")!.Attribute("iothread"));
        Assert.Equal("1", (string?)disks[0].Element("target")!.Attribute("rotation_rate"));
        Assert.Equal("1", (string?)disks[0].Element("boot")!.Attribute("order"));

        var nics = domain.Element("devices")!.Elements("interface").ToList();
        Assert.Equal(["dr0", "dr1"], nics.Select(n => (string?)n.Element("source")!.Attribute("bridge")));
        Assert.Equal(["virtio", "e1000e"], nics.Select(n => (string?)n.Element("model")!.Attribute("type")));
        Assert.Equal(["0x01", "0x02"], nics.Select(n => (string?)n.Element("address")!.Attribute("bus")));
        Assert.Equal("4", (string?)nics[0].Element("driver")!.Attribute("queues"));

        var devices = domain.Element("devices")!;
        var controllers = devices.Elements("controller").ToList();
        Assert.Equal("virtio-scsi", (string?)controllers.Single(c => (string?)c.Attribute("type") == "scsi").Attribute("model"));
        Assert.Equal(
            "0x10", (string?)controllers.Single(c => (string?)c.Attribute("index") == "1").Element("target")!.Attribute("port"));
        Assert.Equal("tpm-crb", (string?)devices.Element("tpm")!.Attribute("model"));
        Assert.Equal("ich9", (string?)devices.Element("sound")!.Attribute("model"));
        Assert.Equal("itco", (string?)devices.Element("watchdog")!.Attribute("model"));
        Assert.Equal("qxl", (string?)devices.Element("video")!.Element("model")!.Attribute("type"));
        Assert.Equal("/data/vnc.sock", (string?)devices.Element("graphics")!.Attribute("socket"));
        Assert.Empty(devices.Elements("redirdev").Concat(devices.Elements("audio")));
    }

    [Fact]
    public void Without_the_accelerator_the_processor_and_what_hangs_on_it_give_way()
    {
        var domain = Build(SampleDomains.Windows, Accelerator.Tcg);
        Assert.Equal("maximum", (string?)domain.Element("cpu")!.Attribute("mode"));
        Assert.Equal("8", (string?)domain.Element("cpu")!.Element("topology")!.Attribute("cores"));
        Assert.Null(domain.Element("features")!.Element("hyperv"));
        Assert.NotNull(domain.Element("features")!.Element("smm"));
    }

    [Fact]
    public void A_named_model_of_a_processor_is_kept_with_its_features()
    {
        var domain = Build(SampleDomains.Plain, Accelerator.Kvm);
        Assert.Equal("Skylake-Client", domain.Element("cpu")!.Element("model")!.Value);
        Assert.Equal("vmx", (string?)domain.Element("cpu")!.Element("feature")!.Attribute("name"));
        var disk = domain.Element("devices")!.Element("disk")!;
        var driver = disk.Element("driver")!;
        Assert.Equal(("none", "native"), ((string?)driver.Attribute("cache"), (string?)driver.Attribute("io")));
        Assert.Equal("WEB-1", disk.Element("serial")!.Value);
    }

    [Fact]
    public void Processors_that_were_changed_since_are_as_they_are_now()
    {
        var config = Config(SampleDomains.Windows) with { Vcpus = 2, MostVcpus = null };
        var domain = XElement.Parse(DomainXml.Build(config, Platform(Accelerator.Kvm)));
        Assert.Equal("2", domain.Element("vcpu")!.Value);
        Assert.Null(domain.Element("cpu")!.Element("topology"));
    }

    /// <summary>Whoever writes to replicated storage writes definitions too.</summary>
    [Theory]
    [InlineData("<emulator>/tmp/evil</emulator>")]
    [InlineData("<filesystem type='mount'><source dir='/tmp/evil'/><target dir='x'/></filesystem>")]
    [InlineData("<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='2' function='0'/></source></hostdev>")]
    [InlineData("<serial type='file'><source path='/tmp/evil'/></serial>")]
    [InlineData("<channel type='unix'><source mode='bind' path='/tmp/evil'/><target type='virtio' "
        + "name='org.qemu.guest_agent.0'/></channel>")]
    [InlineData("<input type='passthrough' bus='virtio'><source evdev='/tmp/evil'/></input>")]
    [InlineData("<input type='evdev'><source dev='/tmp/evil'/></input>")]
    [InlineData("<rng model='virtio'><backend model='random'>/tmp/evil</backend></rng>")]
    [InlineData("<rng model='virtio'><backend model='egd' type='unix'><source mode='connect' path='/tmp/evil'/></backend></rng>")]
    [InlineData("<video><driver name='vhostuser' vgaconf='/tmp/evil'/><model type='virtio'><acceleration "
        + "rendernode='/tmp/evil'/></model></video>")]
    [InlineData("<controller type='usb' index='0'><driver name='/tmp/evil'/></controller>")]
    [InlineData("<sound model='ich9'><codec type='/tmp/evil'/></sound>")]
    [InlineData("<watchdog model='i6300esb' action='/tmp/evil'/>")]
    [InlineData("<tpm model='/tmp/evil'><backend type='passthrough'><device path='/tmp/evil'/></backend></tpm>")]
    [InlineData("<shmem name='evil'/>")]
    [InlineData("<vsock><cid auto='no' address='3'/></vsock>")]
    public void A_definition_leads_to_no_file_and_no_device_of_this_host(string device)
    {
        var evil = SampleDomains.With(device)
            .Replace("<os>", "<os><loader readonly='yes' type='rom'>/tmp/evil</loader><kernel>/tmp/evil</kernel><initrd>/tmp/evil</initrd>"
                + "<acpi><table type='slic'>/tmp/evil</table></acpi>", StringComparison.Ordinal)
            .Replace("<model type='e1000e'/>", "<model type='e1000e'/><rom bar='on' file='/tmp/evil'/><script path='/tmp/evil'/>"
                + "<backend tap='/tmp/evil' vhost='/tmp/evil'/>", StringComparison.Ordinal)
            .Replace("<serial>WEB-1", "<mirror type='file' file='/tmp/evil'/><serial>WEB-1", StringComparison.Ordinal)
            .Replace("</domain>", "<seclabel type='none'/><resource><partition>/tmp/evil</partition></resource>"
                + "<sysinfo type='fwcfg'><entry name='opt/x' file='/tmp/evil'/></sysinfo>"
                + "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg "
                + "value='/tmp/evil'/></qemu:commandline>"
                + "</domain>", StringComparison.Ordinal);
        var made = Build(evil, Accelerator.Kvm);
        Assert.DoesNotContain("evil", made.ToString(), StringComparison.Ordinal);
        Assert.Empty(made.Element("devices")!.Elements("hostdev").Concat(made.Element("devices")!.Elements("vsock")));
        Assert.Equal("/usr/bin/qemu", made.Element("devices")!.Element("emulator")!.Value);
        Assert.Equal("/mirror/c.qcow2", (string?)made.Element("devices")!.Element("disk")!.Element("source")!.Attribute("file"));
    }

    [Fact]
    public void What_the_pool_tells_the_guest_stands_beside_what_it_always_found()
    {
        var config = Config(SampleDomains.Windows) with { FirmwareStrings = ["of the pool"] };
        var domain = XElement.Parse(DomainXml.Build(config, Platform(Accelerator.Kvm)));
        var sysinfo = Assert.Single(domain.Elements("sysinfo"));
        Assert.Contains(sysinfo.Element("system")!.Elements("entry"), e => e.Value == "S-77");
        Assert.Equal("of the pool", Assert.Single(sysinfo.Element("oemStrings")!.Elements("entry")).Value);
        Assert.Single(domain.Element("os")!.Elements("smbios"));
    }

    [Fact]
    public void A_definition_that_can_not_be_read_is_a_problem_in_words() => Assert.Contains(
        "can't be read", Assert.Single((Config(SampleDomains.Plain) with { Definition = "<domain" }).Problems()), StringComparison.Ordinal);

    [Fact]
    public void Cards_on_segments_take_slots_that_nothing_has()
    {
        var config = Config(SampleDomains.Windows);
        var segment = IsolatedSegment.Of("11111111-2222-3333-4444-555555555555");
        config = config with { Nics = [.. config.Nics.Select(n => n with { Bridge = null, Segment = segment })] };
        var cards = DomainXml.SegmentCards(XElement.Parse(DomainXml.Build(config, Platform(Accelerator.Kvm))));
        Assert.Equal(2, cards.Count);
        Assert.All(cards, card => Assert.Contains("bus=pcie.0,addr=0x1", card, StringComparison.Ordinal));
        Assert.DoesNotContain(cards, card => card.Contains("addr=0x1f", StringComparison.Ordinal));
    }

    private static XElement Build(string definition, Accelerator accelerator) =>
        XElement.Parse(DomainXml.Build(Config(definition), Platform(accelerator)));

    private static DomainPlatform Platform(Accelerator accelerator) => new() { Accelerator = accelerator, EmulatorPath = "/usr/bin/qemu" };

    private static DomainConfig Config(string xml)
    {
        var definition = DomainDefinition.Parse(xml);
        string[] images = ["/mirror/c.qcow2", "/mirror/d.img"];
        return new()
        {
            Uuid = Uuid,
            Name = definition.Name,
            MemoryMaxBytes = definition.MemoryBytes,
            Vcpus = definition.Vcpus,
            MostVcpus = definition.MostVcpus,
            Firmware = definition.IsUefi ? Firmware.Uefi : Firmware.Bios,
            NvramPath = definition.IsUefi ? "/data/nvram/x.fd" : null,
            HasTpm = definition.Tpm is not null,
            Disks =
            [
                .. definition.Disks.Select((d, i) => new DomainDisk
                {
                    Device = i,
                    Source = d.IsCdrom ? null : new DiskSource.File(images[i], i == 0 ? DiskFormat.Qcow2 : DiskFormat.Raw),
                    IsCdrom = d.IsCdrom,
                }),
            ],
            Nics = [.. definition.Nics.Select((n, i) => new DomainNic { Device = i, Mac = n.Mac, Bridge = $"dr{i}" })],
            VncSocketPath = "/data/vnc.sock",
            ConsoleLogPath = "/data/console.log",
            Definition = xml,
        };
    }
}
