namespace Redoubt.Compute.Tests;

public sealed class AdoptionFindingsTests
{
    [Fact]
    public void A_plain_domain_is_adopted_without_a_word() => Assert.Empty(AdoptionFindings.Of(SampleDomains.Off(SampleDomains.Plain)));

    [Fact]
    public void A_definition_is_read_as_libvirt_means_it()
    {
        var windows = DomainDefinition.Parse(SampleDomains.Windows);
        Assert.Equal(8L << 30, windows.MemoryBytes);
        Assert.Equal((4, 8), (windows.Vcpus, windows.MostVcpus));
        Assert.True(windows.IsUefi);
        Assert.True(windows.HasSecureBoot);
        Assert.Equal("/var/lib/libvirt/qemu/nvram/win11_VARS.fd", windows.NvramPath);
        Assert.Equal("emulator", windows.Tpm);
        Assert.Equal("cd", windows.BootOrder);
        Assert.Equal(["sda", "sdb", "sdc"], windows.Disks.Select(d => d.Target));
        Assert.Equal([false, false, true], windows.Disks.Select(d => d.IsCdrom));
        Assert.Equal(["default", "br-office"], windows.Nics.Select(n => n.Network ?? n.Bridge));
        Assert.Equal(9000, windows.Nics[1].Mtu);
        var plain = DomainDefinition.Parse(SampleDomains.Plain);
        Assert.Equal((2L << 30, 1L << 30), (plain.MemoryBytes, plain.CurrentMemoryBytes));
        Assert.False(plain.IsUefi);
    }

    [Fact]
    public void A_machine_for_Windows_can_be_adopted_and_is_told_what_stays_here()
    {
        var findings = AdoptionFindings.Of(SampleDomains.Off(SampleDomains.Windows));
        Assert.DoesNotContain(findings, f => f.Weight == AdoptionWeight.Block);
        Assert.Equal(["cpu", "os", "sdc", "tpm"], findings.Select(f => f.Subject).Order());
        Assert.Contains(findings, f => f.Subject == "tpm" && f.Text.Contains("recovery key", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x3b' slot='0x00' "
        + "function='0x0'/></source></hostdev>", "hostdev", "0000:3b:00.0")]
    [InlineData("<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/></source></hostdev>",
        "hostdev", "1234:beef")]
    [InlineData("<filesystem type='mount'><source dir='/etc'/><target dir='etc'/></filesystem>", "filesystem", "a folder of this host")]
    [InlineData("<shmem name='s'><model type='ivshmem-plain'/></shmem>", "shmem", "shared with other guests")]
    [InlineData("<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>", "tpm", "this host's")]
    [InlineData("<interface type='direct'><mac address='52:54:00:00:00:09'/><source dev='eth0' mode='bridge'/></interface>",
        "52:54:00:00:00:09", "no interface on a bridge")]
    [InlineData("<interface type='user'><mac address='52:54:00:00:00:09'/></interface>", "52:54:00:00:00:09", "no interface on a bridge")]
    [InlineData("<disk type='file' device='floppy'><source file='/srv/f.img'/><target dev='fda' bus='fdc'/></disk>", "floppy", "floppy")]
    [InlineData("<quantum/>", "quantum", "does not know")]
    public void What_stays_with_this_host_is_warned_of(string device, string subject, string says)
    {
        var finding = Assert.Single(AdoptionFindings.Of(SampleDomains.Off(SampleDomains.With(device))));
        Assert.Equal((AdoptionWeight.Warning, subject), (finding.Weight, finding.Subject));
        Assert.Contains(says, finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_out_elsewhere_can_be_told_by_the_definition_alone()
    {
        Assert.Empty(AdoptionFindings.Lacking(SampleDomains.Plain));
        Assert.Single(AdoptionFindings.Lacking(SampleDomains.Windows)); // Its TPM.
        var lacking = Assert.Single(AdoptionFindings.Lacking(SampleDomains.With("<shmem name='s'/>")));
        Assert.Contains("shmem", lacking, StringComparison.Ordinal);
        Assert.Empty(AdoptionFindings.Lacking(""));
    }

    [Theory]

    [InlineData("<disk type='block' device='disk'><driver type='raw'/><source dev='/dev/vg/lv'/><target dev='vdb' bus='virtio'/></disk>",
        "/dev/vg/lv")]
    [InlineData("<disk type='network' device='disk'><driver type='raw'/><source protocol='rbd' name='pool/image'><host "
        + "name='a'/></source><target dev='vdb' bus='virtio'/></disk>", "rbd:pool/image")]
    [InlineData("<disk type='volume' device='disk'><source pool='default' volume='x'/><target dev='vdb' bus='virtio'/></disk>",
        "libvirt's pool default")]
    [InlineData("<disk type='block' device='lun'><driver type='raw'/><source dev='/dev/sg1'/><target dev='sdb' bus='scsi'/></disk>",
        "\"lun\"")]
    [InlineData("<disk type='file' device='disk'><driver type='vmdk'/><source file='/srv/images/a.vmdk'/><target dev='vdb' "
        + "bus='virtio'/></disk>", "vmdk")]
    [InlineData("<disk type='file' device='disk'><driver type='qcow2'/><source file='/srv/images/a.qcow2'/><backingStore "
        + "type='file'><format type='qcow2'/><source file='/srv/images/base.qcow2'/></backingStore><target dev='vdb' "
        + "bus='virtio'/></disk>", "builds on another image")]
    [InlineData("<disk type='file' device='disk'><driver type='raw'/><source file='/srv/images/a.raw'/><target dev='vdb' "
        + "bus='virtio'/><shareable/></disk>", "several guests")]
    [InlineData("<disk type='file' device='disk'><driver type='qcow2'/><source file='/srv/images/a.qcow2'><encryption "
        + "format='luks'/></source><target dev='vdb' bus='virtio'/></disk>", "encrypted")]
    [InlineData("<disk type='file' device='disk'><driver type='qcow2'/><source file='/srv/images/a.qcow2'/><target dev='vdb' "
        + "bus='virtio'/><transient/></disk>", "thrown away")]
    [InlineData("<disk type='file' device='disk'><driver type='qcow2'/><source file='/srv/images/web.qcow2'/><target dev='vdb' "
        + "bus='virtio'/></disk>", "several of its disks")]
    public void What_no_other_site_would_have_blocks(string disk, string says)
    {
        var finding = Assert.Single(AdoptionFindings.Of(SampleDomains.Off(SampleDomains.With(disk))));
        Assert.Equal(AdoptionWeight.Block, finding.Weight);
        Assert.Contains(says, finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_runs_otherwise_than_it_is_defined_waits()
    {
        var off = SampleDomains.Off(SampleDomains.Plain);
        Assert.Empty(AdoptionFindings.Of(off with { RunningXml = SampleDomains.Plain }));
        var other = SampleDomains.Plain.Replace("web.qcow2", "web-2.qcow2", StringComparison.Ordinal);
        Assert.Contains("web-2.qcow2", Assert.Single(AdoptionFindings.Of(off with { RunningXml = other })).Text, StringComparison.Ordinal);
        var chain = SampleDomains.Plain.Replace(
            "<target dev='vda'", "<backingStore type='file'><format type='raw'/><source "
                + "file='/b'/><backingStore/></backingStore><target dev='vda'",
            StringComparison.Ordinal);
        Assert.Equal(AdoptionWeight.Block, Assert.Single(AdoptionFindings.Of(off with { RunningXml = chain })).Weight);
        var end = SampleDomains.Plain.Replace("<target dev='vda'", "<backingStore/><target dev='vda'", StringComparison.Ordinal);
        Assert.Empty(AdoptionFindings.Of(off with { RunningXml = end }));
    }

    [Fact]
    public void What_libvirt_has_of_it_beside_its_definition_counts()
    {
        var off = SampleDomains.Off(SampleDomains.Plain);
        Assert.Equal(AdoptionWeight.Block, Assert.Single(AdoptionFindings.Of(off with { IsPersistent = false })).Weight);
        Assert.Equal(AdoptionWeight.Block, Assert.Single(AdoptionFindings.Of(off with { HasSavedMemory = true })).Weight);
        Assert.Equal(AdoptionWeight.Warning, Assert.Single(AdoptionFindings.Of(off with { Snapshots = 2 })).Weight);
        Assert.Equal(AdoptionWeight.Info, Assert.Single(AdoptionFindings.Of(off with { StartsWithHost = true })).Weight);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<domain")]
    [InlineData("<network><name>x</name></network>")]
    [InlineData("<domain><name>x</name></domain>")]
    [InlineData("<!DOCTYPE domain [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain><name>&e;</name></domain>")]
    public void What_describes_no_domain_is_refused_in_words(string xml)
    {
        var finding = Assert.Single(AdoptionFindings.Of(SampleDomains.Off(SampleDomains.Plain) with { Xml = xml }));
        Assert.Equal(AdoptionWeight.Block, finding.Weight);
    }

    [Fact]
    public void A_definition_of_any_depth_and_length_is_refused_before_it_is_followed()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 100_000)) + string.Concat(Enumerable.Repeat("</a>", 100_000));
        Assert.Throws<FormatException>(() => DomainDefinition.Parse($"<domain>{deep}</domain>"));
        Assert.Throws<FormatException>(() => DomainDefinition.Parse($"<domain><name>{new string('x', 2 << 20)}</name></domain>"));
    }
}
