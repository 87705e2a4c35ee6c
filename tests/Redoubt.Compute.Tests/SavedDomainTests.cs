using Redoubt.Storage;
using System.Xml.Linq;

namespace Redoubt.Compute.Tests;

public sealed class SavedDomainTests
{
    private static readonly DomainPlatform Here = new() { Accelerator = Accelerator.Tcg, EmulatorPath = "/here/qemu" };

    private static readonly DomainPlatform There = new() { Accelerator = Accelerator.Tcg, EmulatorPath = "/there/qemu" };

    [Fact]
    public void What_the_guest_sees_stays_and_what_the_host_has_is_this_host_s()
    {
        var saved = XElement.Parse(DomainXml.Build(Guest("/there"), There));
        saved.Element("os")!.Element("type")!.SetAttributeValue("machine", "pc-i440fx-7.2");
        saved.Descendants("disk").First().Add(new XElement("backingStore", new XElement("source", new XAttribute("file", "/there/base"))));
        saved.Descendants("disk").First().Add(new XElement("address", new XAttribute("slot", "0x07")));

        var text = SavedDomain.Adapt(saved.ToString(), Guest("/here"), Here);
        var adapted = XElement.Parse(text);
        Assert.DoesNotContain("/there", text, StringComparison.Ordinal);
        Assert.Equal("pc-i440fx-7.2", (string?)adapted.Element("os")!.Element("type")!.Attribute("machine"));
        var disk = adapted.Descendants("disk").First();
        Assert.Equal(
            ("/here/disk", "0x07"),
            ((string?)disk.Element("source")!.Attribute("file"), (string?)disk.Element("address")!.Attribute("slot")));
        Assert.Equal("/here/vnc", (string?)adapted.Descendants("graphics").Single().Attribute("socket"));
        Assert.Equal("/here/agent", (string?)adapted.Descendants("channel").Single().Element("source")!.Attribute("path"));
        Assert.Equal("/here/tty", (string?)adapted.Descendants("serial").Single().Element("source")!.Attribute("path"));
        Assert.Equal("/here/log", (string?)adapted.Descendants("serial").Single().Element("log")!.Attribute("file"));
    }

    [Fact]
    public void A_guest_goes_on_with_the_strings_that_it_has_read_and_nothing_else_that_its_image_says_of_its_firmware()
    {
        var saved = XElement.Parse(DomainXml.Build(Guest("/there") with { FirmwareStrings = ["then=1"] }, There));
        saved.Element("sysinfo")!.Add(XElement.Parse("<bios><entry name='vendor' file='/etc/shadow'>EVIL</entry></bios>"));
        saved.Add(XElement.Parse("<sysinfo type='fwcfg'><entry name='opt/evil' file='/etc/shadow'/></sysinfo>"));
        saved.Element("os")!.Element("smbios")!.SetAttributeValue("mode", "host");
        var text = SavedDomain.Adapt(
            saved.ToString(), Guest("/here") with { FirmwareStrings = ["now=2"] }, Here);
        Assert.Contains(
            "<sysinfo type=\"smbios\"><oemStrings><entry>then=1</entry></oemStrings></sysinfo>", text, StringComparison.Ordinal);
        Assert.Contains("<smbios mode=\"sysinfo\" />", text, StringComparison.Ordinal);
        Assert.DoesNotContain("/etc/shadow", text, StringComparison.Ordinal);
        Assert.DoesNotContain("now=2", text, StringComparison.Ordinal);

        var plain = DomainXml.Build(Guest("/there"), There);
        Assert.DoesNotContain(
            "smbios", SavedDomain.Adapt(plain, Guest("/here"), Here), StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_was_saved_when_its_port_was_only_kept_can_be_typed_at_here()
    {
        var saved = DomainXml.Build(Guest("/there") with { SerialSocketPath = null }, There);
        var port = XElement.Parse(SavedDomain.Adapt(saved, Guest("/here"), Here))
            .Descendants("serial").Single();
        Assert.Equal(("unix", "/here/tty", "/here/log"), ((string?)port.Attribute("type"), (string?)port.Element("source")!.Attribute("path"), (string?)port.Element("log")!.Attribute("file")));
    }

    [Fact]
    public void An_interface_without_a_bridge_here_stays_with_its_cable_unplugged()
    {
        var bridged = Guest("/x") with { Nics = [new DomainNic { Device = 0, Mac = "02:00:00:00:00:01", Bridge = "br0" }] };
        var loose = Guest("/x") with { Nics = [new DomainNic { Device = 0, Mac = "02:00:00:00:00:01", Bridge = null }] };
        var nic = XElement.Parse(SavedDomain.Adapt(DomainXml.Build(bridged, Here), loose, Here))
            .Descendants("interface").Single();
        Assert.Equal(("null", "02:00:00:00:00:01"), ((string?)nic.Attribute("type"), (string?)nic.Element("mac")!.Attribute("address")));
        Assert.Null(nic.Element("source"));
    }

    [Fact]
    public void A_guest_that_has_lost_a_drive_is_refused_and_told_which()
    {
        var second = new DomainDisk { Device = 1, Source = new DiskSource.File("/x/second", DiskFormat.Raw) };
        var more = Guest("/x") with { Disks = [.. Guest("/x").Disks, second] };
        var refused = Assert.Throws<HypervisorException>(() => SavedDomain.Adapt(DomainXml.Build(more, Here), Guest("/x"), Here));
        Assert.Equal(HypervisorFailure.ConfigInvalid, refused.Failure);
        Assert.Contains("drives vda, vdb and has drives vda now", refused.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_goes_on_without_the_devices_that_it_did_not_have()
    {
        var saved = DomainXml.Build(Guest("/there"), There);
        var more = Guest("/here") with
        {
            Disks =
            [
                .. Guest("/here").Disks,
                new DomainDisk { Device = 1, Source = new DiskSource.File("/here/second", DiskFormat.Raw) },
                new DomainDisk { Device = 3, Source = null, IsCdrom = true },
            ],
            Nics =
            [
                .. Guest("/here").Nics,
                new DomainNic { Device = 5, Mac = "02:00:00:00:00:05", Bridge = "br0" },
                new DomainNic { Device = 6, Mac = "02:00:00:00:00:06", Bridge = null, Segment = IsolatedSegment.Of("alone") },
            ],
        };
        Assert.Equal(SavedDomain.Adapt(saved, Guest("/here"), Here), SavedDomain.Adapt(saved, more, Here));
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "//domain", "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-fsdev'/><q:arg "
            + "value='EVIL'/></q:commandline>" },
        { "//domain", "<q:override xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:device alias='EVIL'/></q:override>" },
        { "//domain", "<seclabel type='static' model='dac'><label>EVIL</label></seclabel>" },
        { "//domain", "<memoryBacking><source type='EVIL'/></memoryBacking>" },
        { "//os", "<loader readonly='yes' type='pflash'>/EVIL</loader>" },
        { "//os", "<loader>/usr/share/../../EVIL</loader>" },
        { "//os", "<acpi><table type='slic'>/EVIL</table></acpi>" },
        { "//os", "<dtb>/EVIL</dtb>" },
        { "//os", "<initrd>/EVIL</initrd>" },
        { "//disk", "<mirror type='file' job='copy'><source file='/EVIL'/></mirror>" },
        { "//disk", "<backingStore type='file'><source file='/EVIL'/></backingStore>" },
        { "//serial", "<log file='/EVIL' append='on'/>" },
        { "//channel", "<log file='/EVIL'/>" },
        { "//interface", "<script path='/EVIL'/>" },
        { "//interface", "<backend tap='/EVIL' vhost='/EVIL'/>" },
        { "//interface", "<rom file='/EVIL'/>" },
        { "//video", "<driver name='EVIL'/>" },
        { "//video", "<model type='vga'><acceleration accel3d='yes' rendernode='/EVIL'/></model>" },
        { "//rng", "<backend model='egd' type='tcp'><source host='EVIL'/></backend>" },
    };

    public static TheoryData<string> HostileDevices => new(
        "<filesystem type='mount'><source dir='/'/><target dir='host'/></filesystem>",
        "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/></source></hostdev>",
        "<shmem name='x'><model type='ivshmem-plain'/></shmem>",
        "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>",
        "<input type='passthrough' bus='virtio'><source evdev='/dev/input/event0'/></input>",
        "<audio id='1' type='file' path='/etc/cron.d/x'/>",
        "<smartcard mode='host-certificates'><database>/etc</database></smartcard>",
        "<parallel type='file'><source path='/etc/cron.d/x'/></parallel>",
        "<redirdev bus='usb' type='tcp'><source mode='connect' host='h' service='1'/></redirdev>",
        "<memory model='nvdimm'><source><path>/etc/shadow</path></source></memory>",
        "<vsock model='virtio'/>");

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Nothing_of_this_host_that_a_written_file_names_reaches_the_hypervisor(string where, string planted)
    {
        var guest = Guest("/here") with { Nics = [new DomainNic { Device = 0, Mac = "02:00:00:00:00:01", Bridge = "br0" }] };
        var saved = XElement.Parse(DomainXml.Build(guest, Here));
        var target = where == "//domain" ? saved : saved.Descendants(where.Split('/')[^1]).First();
        target.Add(XElement.Parse(planted));
        target.SetAttributeValue("evil", "EVIL");
        Assert.DoesNotContain(
            "EVIL", SavedDomain.Adapt(saved.ToString(), guest, Here), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [MemberData(nameof(HostileDevices))]
    public void A_device_of_a_kind_that_no_guest_has_is_refused(string device)
    {
        var saved = XElement.Parse(DomainXml.Build(Guest("/here"), Here));
        saved.Element("devices")!.Add(XElement.Parse(device));
        var refused = Assert.Throws<HypervisorException>(
            () => SavedDomain.Adapt(saved.ToString(), Guest("/here"), Here));
        Assert.Equal(HypervisorFailure.SavedStateUnusable, refused.Failure);
    }

    private static DomainConfig Guest(string root) => new()
    {
        Uuid = Guid.Parse("0a1b2c3d-0000-4000-8000-0123456789ab"),
        Name = "web",
        MemoryMaxBytes = 1L << 28,
        Vcpus = 1,
        Disks = [new DomainDisk { Device = 0, Source = new DiskSource.File(root + "/disk", DiskFormat.Raw) }],
        ConsoleLogPath = root + "/log",
        SerialSocketPath = root + "/tty",
        VncSocketPath = root + "/vnc",
        AgentSocketPath = root + "/agent",
    };
}
