using System.Text;

namespace Redoubt.Pool.Tests;

/// <summary>
/// A domain that somebody made with libvirt's own means: one sector that says who it is on its serial port, and then rests.
/// </summary>
internal sealed class AdoptedGuest(OwnLibvirtd libvirtd, string folder, string name)
{
    public Guid Uuid { get; } = Guid.NewGuid();

    public string Name => name;

    public string Disk => Path.Combine(folder, $"{name}.img");

    private string Console => Path.Combine(Path.GetDirectoryName(folder)!, $"{name}.console");

    /// <summary>What it has said since it was started by libvirt.</summary>
    public string Said => File.Exists(Console) ? File.ReadAllText(Console) : "";

    /// <summary>What it is defined as: with much that a record of a VM can't say.</summary>
    public string Xml => $"""
        <domain type='qemu'>
          <name>{name}</name>
          <uuid>{Uuid:D}</uuid>
          <memory unit='MiB'>48</memory>
          <vcpu>1</vcpu>
          <sysinfo type='smbios'><system><entry name='serial'>SER-{name}</entry></system></sysinfo>
          <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/><smbios mode='sysinfo'/></os>
          <features><acpi/></features>
          <cpu mode='custom' match='exact' check='none'><model fallback='allow'>Nehalem</model></cpu>
          <clock offset='localtime'/>
          <devices>
            <emulator>/usr/bin/qemu-system-x86_64</emulator>
            <controller type='scsi' index='0' model='virtio-scsi'/>
            <disk type='file' device='disk'>
              <driver name='qemu' type='raw' cache='writeback'/>
              <source file='{Disk}'/>
              <target dev='sda' bus='sata'/>
              <serial>DISK-{name}</serial>
            </disk>
            <disk type='file' device='disk'>
              <driver name='qemu' type='qcow2'/>
              <source file='{Path.Combine(folder, name)}-data.qcow2'/>
              <target dev='sdb' bus='scsi'/>
            </disk>
            <disk type='file' device='cdrom'><target dev='sdc' bus='sata'/><readonly/></disk>
            <serial type='file'><source path='{Console}' append='on'/></serial>
            <watchdog model='i6300esb' action='reset'/>
            <memballoon model='virtio'/>
          </devices>
        </domain>
        """;

    public async Task MakeAsync()
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(Disk, Sector($"I am {name}"), TestSite.Cancel);
        Assert.True(await Programs.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", Path.Combine(folder, $"{name}-data.qcow2"), "4M"));
        await DefineAsync(Xml);
    }

    public async Task DefineAsync(string xml)
    {
        var file = Path.Combine(Path.GetDirectoryName(folder)!, $"{name}.xml");
        await File.WriteAllTextAsync(file, xml, TestSite.Cancel);
        await VirshAsync("define", file);
    }

    /// <summary>Has libvirt's own client do something with it.</summary>
    public async Task<string> VirshAsync(string command, params string[] more)
    {
        var (code, output) = await Programs.ReadAsync("virsh", ["-q", "-c", libvirtd.Uri, command, .. more]);
        Assert.True(code == 0, $"virsh {command}");
        return output.Trim();
    }

    public Task<string> StateAsync() => VirshAsync("domstate", name);

    private static byte[] Sector(string text)
    {
        const int TextAt = 0x60;
        byte[] code =
        [
            0x31, 0xc0, 0x8e, 0xd8, //             xor ax,ax; mov ds,ax
            0xbe, TextAt, 0x7c, 0xfc, //           mov si,text; cld
            0xac, 0x84, 0xc0, 0x74, 0x06, //       next: lodsb; test al,al; jz done
            0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5, // mov dx,3f8h; out dx,al; jmp next
            0xf4, 0xeb, 0xfd, //                   done: hlt; jmp done
        ];
        var image = new byte[1024 * 1024];
        code.CopyTo(image, 0);
        Encoding.ASCII.GetBytes(text + "\r\n\0").CopyTo(image, TextAt);
        image[510] = 0x55;
        image[511] = 0xaa;
        return image;
    }
}
