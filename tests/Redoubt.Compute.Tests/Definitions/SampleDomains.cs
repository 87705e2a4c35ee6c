namespace Redoubt.Compute.Tests;

/// <summary>Definitions as libvirt writes them for machines that people have.</summary>
internal static class SampleDomains
{
    /// <summary>One that can be adopted without any finding.</summary>
    public const string Plain = """
        <domain type='kvm'>
          <name>web</name>
          <uuid>11111111-2222-3333-4444-555555555555</uuid>
          <metadata><libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>
            <libosinfo:os id='http://debian.org/debian/12'/></libosinfo:libosinfo></metadata>
          <memory unit='KiB'>2097152</memory>
          <currentMemory unit='KiB'>1048576</currentMemory>
          <vcpu placement='static'>2</vcpu>
          <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type><boot dev='hd'/></os>
          <features><acpi/><apic/></features>
          <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>Skylake-Client</model>
            <feature policy='require' name='vmx'/></cpu>
          <clock offset='localtime'><timer name='rtc' tickpolicy='catchup'/></clock>
          <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
          <pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='no'/></pm>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <disk type='file' device='disk'>
              <driver name='qemu' type='qcow2' cache='none' io='native' discard='unmap'/>
              <source file='/srv/images/web.qcow2'/>
              <target dev='vda' bus='virtio'/>
              <serial>WEB-1</serial>
              <address type='pci' domain='0x0000' bus='0x00' slot='0x07' function='0x0'/>
            </disk>
            <controller type='usb' index='0' model='ich9-ehci1'>
              <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x7'/></controller>
            <interface type='bridge'>
              <mac address='52:54:00:aa:bb:cc'/>
              <source bridge='br0'/>
              <model type='e1000e'/>
              <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>
            </interface>
            <serial type='pty'><target port='0'/></serial>
            <console type='pty'><target type='serial' port='0'/></console>
            <input type='tablet' bus='usb'/>
            <graphics type='vnc' port='-1' autoport='yes'/>
            <video><model type='virtio' heads='1' primary='yes'/></video>
            <memballoon model='virtio'/>
          </devices>
        </domain>
        """;

    /// <summary>As virt-install makes one for Windows 11: UEFI, Secure Boot, TPM, disks by virtio-scsi, two cards, a CD.</summary>
    public const string Windows = """
        <domain type='kvm'>
          <name>win11</name>
          <uuid>aaaaaaaa-2222-3333-4444-555555555555</uuid>
          <title>The accounts' machine</title>
          <memory unit='GiB'>8</memory>
          <currentMemory unit='GiB'>8</currentMemory>
          <vcpu placement='static' current='4'>8</vcpu>
          <iothreads>1</iothreads>
          <sysinfo type='smbios'>
            <system><entry name='manufacturer'>Acme / Sons</entry><entry name='serial'>S-77</entry>
              <entry name='uuid'>aaaaaaaa-2222-3333-4444-555555555555</entry></system>
          </sysinfo>
          <os>
            <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
            <loader readonly='yes' secure='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.ms.fd</loader>
            <nvram template='/usr/share/OVMF/OVMF_VARS_4M.ms.fd'>/var/lib/libvirt/qemu/nvram/win11_VARS.fd</nvram>
            <smbios mode='sysinfo'/>
          </os>
          <features>
            <acpi/><apic/>
            <hyperv mode='custom'><relaxed state='on'/><vapic state='on'/><spinlocks state='on' retries='8191'/></hyperv>
            <smm state='on'/>
          </features>
          <cpu mode='host-passthrough' check='none' migratable='on'><topology sockets='1' dies='1' cores='8' threads='1'/></cpu>
          <clock offset='localtime'><timer name='hypervclock' present='yes'/></clock>
          <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <disk type='file' device='disk'>
              <driver name='qemu' type='qcow2' cache='writeback' discard='unmap' iothread='1'/>
              <source file='/srv/images/win11-c.qcow2'/>
              <target dev='sda' bus='scsi' rotation_rate='1'/>
              <boot order='1'/>
              <address type='drive' controller='0' bus='0' target='0' unit='0'/>
            </disk>
            <disk type='file' device='disk'>
              <driver name='qemu' type='raw'/>
              <source file='/srv/images/win11-d.img'/>
              <target dev='sdb' bus='scsi'/>
              <address type='drive' controller='0' bus='0' target='0' unit='1'/>
            </disk>
            <disk type='file' device='cdrom'>
              <driver name='qemu' type='raw'/>
              <source file='/srv/iso/virtio-win.iso'/>
              <target dev='sdc' bus='sata'/>
              <readonly/>
              <boot order='2'/>
              <address type='drive' controller='0' bus='0' target='0' unit='2'/>
            </disk>
            <controller type='scsi' index='0' model='virtio-scsi'><driver iothread='1'/>
              <address type='pci' domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></controller>
            <controller type='pci' index='0' model='pcie-root'/>
            <controller type='pci' index='1' model='pcie-root-port'><model name='pcie-root-port'/><target chassis='1' port='0x10'/>
              <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0' multifunction='on'/></controller>
            <interface type='network'>
              <mac address='52:54:00:00:00:01'/>
              <source network='default'/>
              <model type='virtio'/>
              <driver name='vhost' queues='4'/>
              <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
            </interface>
            <interface type='bridge'>
              <mac address='52:54:00:00:00:02'/>
              <source bridge='br-office'/>
              <model type='e1000e'/>
              <mtu size='9000'/>
              <address type='pci' domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>
            </interface>
            <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
            <channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>
            <graphics type='spice' autoport='yes'><listen type='address'/></graphics>
            <sound model='ich9'/>
            <audio id='1' type='spice'/>
            <video><model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1' primary='yes'/></video>
            <redirdev bus='usb' type='spicevmc'/>
            <watchdog model='itco' action='reset'/>
            <memballoon model='virtio'/>
          </devices>
        </domain>
        """;

    /// <summary>A domain that is off, as a libvirt has it.</summary>
    public static DefinedDomain Off(string xml) => new()
    {
        Uuid = DomainDefinition.Parse(xml).Uuid,
        Name = DomainDefinition.Parse(xml).Name,
        Xml = xml,
        RunningXml = null,
        IsPersistent = true,
        StartsWithHost = false,
        HasSavedMemory = false,
        Snapshots = 0,
    };

    /// <summary>The plain domain with another device in it.</summary>
    public static string With(string device) => Plain.Replace("<memballoon", device + "<memballoon", StringComparison.Ordinal);
}
