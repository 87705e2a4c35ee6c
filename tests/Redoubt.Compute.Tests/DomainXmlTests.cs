using Redoubt.Storage;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using Redoubt.XenApi;

namespace Redoubt.Compute.Tests;

public sealed class DomainXmlTests
{
    private static readonly DomainPlatform Tcg = new() { Accelerator = Accelerator.Tcg, EmulatorPath = "/usr/bin/qemu-system-x86_64" };

    private static readonly DomainConfig Plain = new()
    {
        Uuid = Guid.Parse("0a1b2c3d-0000-4000-8000-0123456789ab"),
        Name = "web",
        MemoryMaxBytes = 1L << 30,
        MemoryTargetBytes = 1L << 29,
        Vcpus = 4,
    };

    [Fact]
    public void The_domain_carries_the_vms_uuid_and_the_memory_in_bytes()
    {
        var domain = Build(Plain);
        Assert.Equal("qemu", (string?)domain.Attribute("type"));
        Assert.Equal("0a1b2c3d-0000-4000-8000-0123456789ab", (string?)domain.Element("uuid"));
        Assert.Equal("0a1b2c3d-0000-4000-8000-0123456789ab", (string?)domain.Element("name"));
        Assert.Equal("web", (string?)domain.Element("title"));
        Assert.Equal((1L << 30, "b"), ((long)domain.Element("memory")!, (string?)domain.Element("memory")!.Attribute("unit")));
        Assert.Equal(1L << 29, (long)domain.Element("currentMemory")!);
        Assert.Equal(4, (int)domain.Element("vcpu")!);
    }

    [Fact]
    public void Any_name_survives_as_far_as_xml_and_libvirt_allow() => Prop.ForAll<string?>(name =>
    {
        var title = (string?)Build(Plain with { Name = name ?? "" }).Element("title");
        var expected = XmlText.CleanLine(name ?? "");
        return title == (string.IsNullOrWhiteSpace(expected) ? null : expected);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_text_can_add_an_element() => Prop.ForAll<string?>(text =>
    {
        var hostile = text + "</title><devices>'\"&" + text;
        var config = Plain with
        {
            Name = hostile,
            Kernel = new DirectKernel { KernelPath = "/k" + XmlText.Clean(hostile), Arguments = hostile },
            Disks = [new DomainDisk { Device = 0, Source = new DiskSource.File("/d" + XmlText.Clean(hostile), DiskFormat.Raw) }],
        };
        var hostileTags = Build(config).Descendants().Select(element => element.Name.LocalName);
        var plainTags = Build(config with
        {
            Name = "x",
            Kernel = new DirectKernel { KernelPath = "/k", Arguments = "x" },
            Disks = [new DomainDisk { Device = 0, Source = new DiskSource.File("/d", DiskFormat.Raw) }],
        }).Descendants().Select(element => element.Name.LocalName);
        return hostileTags.SequenceEqual(plainTags);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_path_comes_back_as_it_went_in() => Prop.ForAll<string?>(text =>
    {
        var path = "/" + XmlText.Clean(text ?? "");
        var config = Plain with { Disks = [new DomainDisk { Device = 0, Source = new DiskSource.File(path, DiskFormat.Raw) }] };
        return config.Problems().Count == 0 && (string?)Build(config).Descendants("source").First().Attribute("file") == path;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("cdn", "hd cdrom network")]
    [InlineData("n", "network")]
    [InlineData("ccd", "hd cdrom")]
    [InlineData("azd", "cdrom")]
    [InlineData("", "hd cdrom")]
    [InlineData("xyz", "hd cdrom")]
    public void The_boot_order_is_that_of_the_boot_params(string order, string expected) => Assert.Equal(
        expected,
        string.Join(' ', Build(Plain with { BootOrder = order }).Descendants("boot").Select(boot => (string?)boot.Attribute("dev"))));

    [Fact]
    public void A_direct_kernel_replaces_the_boot_order()
    {
        var os = Build(
            Plain with { Kernel = new DirectKernel { KernelPath = "/k", InitrdPath = "/i", Arguments = "a=\"b\" c<d" } }).Element("os")!;
        Assert.Equal(
            ("/k", "/i", "a=\"b\" c<d"), ((string?)os.Element("kernel"), (string?)os.Element("initrd"), (string?)os.Element("cmdline")));
        Assert.Empty(os.Elements("boot"));
    }

    [Fact]
    public void Disks_honour_flushes_and_keep_their_slots()
    {
        var disks = Build(Plain with
        {
            Disks =
            [
                new DomainDisk { Device = 27, Source = new DiskSource.File("/b.raw", DiskFormat.Raw), ReadOnly = true },
                new DomainDisk { Device = 0, Source = new DiskSource.File("/a.qcow2", DiskFormat.Qcow2) },
                new DomainDisk { Device = 3, Source = null, IsCdrom = true },
                new DomainDisk { Device = 1, Source = new DiskSource.Block("/dev/vg/lv") },
            ],
        }).Descendants("disk").ToList();
        Assert.Equal(["vda", "vdb", "sdd", "vdab"], disks.Select(disk => (string?)disk.Element("target")!.Attribute("dev")));
        Assert.Equal(
            ["writeback", "writeback", null, "writeback"], disks.Select(disk => (string?)disk.Element("driver")?.Attribute("cache")));
        Assert.Equal(["qcow2", "raw", null, "raw"], disks.Select(disk => (string?)disk.Element("driver")?.Attribute("type")));
        Assert.Equal("/dev/vg/lv", (string?)disks[1].Element("source")!.Attribute("dev"));
        Assert.Null(disks[2].Element("source"));
        Assert.Equal([false, false, true, true], disks.Select(disk => disk.Element("readonly") is not null));
    }

    [Fact]
    public void Whoever_a_disk_is_asked_for_as_is_named_and_the_key_is_not()
    {
        var login = new NetworkLogin("redoubt", "c2VjcmV0IGtleQ==");
        var source = new DiskSource.Network(NetworkProtocol.Rbd, [new("mon1", 6789)], "pool/a") { Login = login };
        var config = Plain with { Disks = [new DomainDisk { Device = 0, Source = source }] };
        var auth = Assert.Single(Build(config).Descendants("auth"));
        Assert.Equal("redoubt", (string?)auth.Attribute("username"));
        Assert.Equal($"{DiskSecrets.UuidOf(config.Uuid, 0):D}", (string?)auth.Element("secret")!.Attribute("uuid"));
        Assert.DoesNotContain(login.Key, Build(config).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(login.Key, $"{config} {source} {config.Disks[0]}", StringComparison.Ordinal);
    }

    [Fact]
    public void Each_source_of_a_disk_is_told_as_what_it_is()
    {
        var disks = Build(Plain with
        {
            Disks =
            [
                new DomainDisk { Device = 0, Source = new DiskSource.File("/dev/shm/a.qcow2", DiskFormat.Qcow2) },
                new DomainDisk { Device = 1, Source = new DiskSource.Block("/srv/lv", DiskFormat.Qcow2) },
                new DomainDisk
                {
                    Device = 2,
                    Source = new DiskSource.Network(
                        NetworkProtocol.Rbd, [new("mon1", 6789), new("10.0.0.2", 3300)], "pool/a"),
                },
                new DomainDisk { Device = 3, Source = null, IsCdrom = true },
            ],
        }).Descendants("disk").ToList();
        Assert.Equal(["file", "block", "network", "file"], disks.Select(d => (string?)d.Attribute("type")));
        Assert.Equal(["qcow2", "qcow2", "raw", null], disks.Select(d => (string?)d.Element("driver")?.Attribute("type")));
        Assert.Equal("/dev/shm/a.qcow2", (string?)disks[0].Element("source")!.Attribute("file"));
        Assert.Equal("/srv/lv", (string?)disks[1].Element("source")!.Attribute("dev"));
        var network = disks[2].Element("source")!;
        Assert.Equal(("rbd", "pool/a"), ((string?)network.Attribute("protocol"), (string?)network.Attribute("name")));
        Assert.Equal(
            ["mon1:6789", "10.0.0.2:3300"],
            network.Elements("host").Select(h => $"{(string?)h.Attribute("name")}:{(string?)h.Attribute("port")}"));
    }

    [Fact]
    public void An_interface_without_a_bridge_is_left_out()
    {
        var nics = Build(Plain with
        {
            Nics =
            [
                new DomainNic { Device = 1, Mac = "02:00:00:00:00:0B", Bridge = "xenbr1" },
                new DomainNic { Device = 0, Mac = "02:00:00:00:00:0a", Bridge = null },
            ],
        }).Descendants("interface").ToList();
        var nic = Assert.Single(nics);
        Assert.Equal("xenbr1", (string?)nic.Element("source")!.Attribute("bridge"));
        Assert.Equal("02:00:00:00:00:0b", (string?)nic.Element("mac")!.Attribute("address"));
    }

    [Fact]
    public void The_console_appends_and_the_sockets_are_where_they_were_asked_for()
    {
        var domain = Build(Plain with { ConsoleLogPath = "/c.log", SerialSocketPath = "/s", VncSocketPath = "/v", AgentSocketPath = "/a" });
        var console = domain.Descendants("serial").Single();
        Assert.Equal(("unix", "bind", "/s"), ((string?)console.Attribute("type"), (string?)console.Element("source")!.Attribute("mode"), (string?)console.Element("source")!.Attribute("path")));
        Assert.Equal(
            ("/c.log", "on"), ((string?)console.Element("log")!.Attribute("file"), (string?)console.Element("log")!.Attribute("append")));
        var kept = Build(Plain with { ConsoleLogPath = "/c.log" }).Descendants("serial").Single();
        Assert.Equal(("file", "/c.log", "on"), ((string?)kept.Attribute("type"), (string?)kept.Element("source")!.Attribute("path"), (string?)kept.Element("source")!.Attribute("append")));
        Assert.Equal("null", (string?)Build(Plain).Descendants("serial").Single().Attribute("type"));
        var screen = domain.Descendants("graphics").Single();
        Assert.Equal(("/v", "ignore"), ((string?)screen.Attribute("socket"), (string?)screen.Attribute("sharePolicy")));
        Assert.Equal("/a", (string?)domain.Descendants("channel").Single().Element("source")!.Attribute("path"));
    }

    [Fact]
    public void The_test_driver_gets_its_own_type_and_no_emulator()
    {
        var domain = XElement.Parse(DomainXml.Build(Plain, new DomainPlatform { Accelerator = Accelerator.Test }));
        Assert.Equal("test", (string?)domain.Attribute("type"));
        Assert.Empty(domain.Descendants("emulator"));
    }

    [Theory]
    [InlineData(0, "a")]
    [InlineData(25, "z")]
    [InlineData(26, "aa")]
    [InlineData(255, "iv")]
    public void Slots_become_letters(int slot, string letters) => Assert.Equal(letters, DomainXml.Letters(slot));

    [Fact]
    public void Every_problem_of_a_configuration_is_named()
    {
        Assert.Empty(Plain.Problems());
        var problems = (Plain with
        {
            Uuid = Guid.Empty,
            MemoryTargetBytes = 2L << 30,
            Vcpus = 0,
            Disks =
            [
                new DomainDisk { Device = 0, Source = null },
                new DomainDisk { Device = 0, Source = new DiskSource.File("relative", DiskFormat.Raw) },
                new DomainDisk { Device = 300, Source = new DiskSource.File("/x\0", DiskFormat.Raw) },
            ],
            Nics = [new DomainNic { Device = 0, Mac = "01:00:00:00:00:00", Bridge = "a/b" }],
            VncSocketPath = "/" + new string('v', 107),
            SerialSocketPath = "/" + new string('s', 107),
        }).Problems();
        Assert.Equal(12, problems.Count);
    }

    [Fact]
    public void A_guest_has_its_interfaces_on_bridges_and_on_segments()
    {
        var config = Plain with
        {
            Nics =
            [
                new DomainNic { Device = 0, Mac = "52:54:00:00:00:0A", Bridge = "br0" },
                new DomainNic { Device = 1, Mac = "52:54:00:00:00:0B", Bridge = null, Segment = IsolatedSegment.Of($"{Guid.NewGuid()}") },
            ],
        };
        Assert.Equal(["52:54:00:00:00:0a", "52:54:00:00:00:0b"], GuestDevices.Of(Build(config)).Macs.Order(StringComparer.Ordinal));
    }

    private static XElement Build(DomainConfig config) => XElement.Parse(DomainXml.Build(config, Tcg), LoadOptions.PreserveWhitespace);
}
