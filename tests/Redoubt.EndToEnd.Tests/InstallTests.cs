using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A guest's VM is made from a template by the commands, copied to other storage, and removed with its disks.</summary>
public sealed class InstallTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_VM_from_a_template_boots_is_copied_with_what_it_has_written_and_goes_with_its_disks()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        foreach (var name in new[] { "near", "far" })
        {
            var location = Directory.CreateDirectory(Path.Combine(site.Storage, name)).FullName;
            _shell[name.ToUpperInvariant()] = await _shell.RunAsync(
                site, $"sr-create name-label={name} type=file shared=true device-config:location={location}");
        }

        var (_, template) = (await site.Api.GetAllRecordsAsync<VmRecord>(Stop)).Single(v => v.Value.NameLabel == "Linux (BIOS)");
        Assert.Contains(
            "default SR", await _shell.FailAsync(site, $"vm-install new-name-label=one template-uuid={template.Uuid}"),
            StringComparison.Ordinal);
        Assert.Equal("", await _shell.RunAsync(site, "vm-list name-label=one --minimal"));

        var guest = await InstallAsync(site, template.Uuid);
        await _shell.RunAsync(site, "vm-start vm=one");
        await DemoGuests.CountsPastAsync(site, guest, 3);
        Assert.Contains(
            "VM_BAD_POWER_STATE", await _shell.FailAsync(site, "vm-copy vm=one new-name-label=two sr-uuid=$FAR"),
            StringComparison.Ordinal);
        await _shell.RunAsync(site, "vm-shutdown vm=one --force");
        var counted = guest.Read(site).LastCount!.Value;

        var copy = guest with { Uuid = await _shell.RunAsync(site, "vm-copy vm=one new-name-label=two sr-uuid=$FAR") };
        Assert.Equal(2, Files(site, "far"));
        await _shell.RunAsync(site, "vm-start vm=two");
        await DemoGuests.CountsPastAsync(site, copy, counted + 3);
        Assert.InRange(copy.Read(site).ResumedFrom, counted - 1, counted + 1);

        Assert.Contains("--force", await _shell.FailAsync(site, "vm-uninstall vm=two"), StringComparison.Ordinal);
        await _shell.RunAsync(site, "vm-uninstall vm=two --force");
        Assert.Equal((2, 0), (Files(site, "near"), Files(site, "far")));
        await _shell.RunAsync(site, "vm-disk-remove vm=one device=1");
        Assert.Equal(1, Files(site, "near"));
        await _shell.RunAsync(site, "vm-uninstall vm=one --force");
        Assert.Equal(
            ("", ""),
            (await _shell.RunAsync(site, "vdi-list --minimal"), await _shell.RunAsync(site, "vm-list is-control-domain=false --minimal")));
        Assert.Equal(4, (await site.Api.GetAllRecordsAsync<VmRecord>(Stop)).Values.Count(v => v.IsDefaultTemplate));
        Assert.Equal(0, Files(site, "near"));
    }

    private async Task<DemoGuest> InstallAsync(DemoSite site, string template)
    {
        var uuid = await _shell.RunAsync(site, $"vm-install new-name-label=one template-uuid={template} sr-uuid=$NEAR");
        var guest = new DemoGuest("one", 0, 0, false) { Uuid = uuid };
        Assert.Equal("false", await _shell.RunAsync(site, $"vm-param-get uuid={guest.Uuid} param-name=is-a-template"));
        await _shell.RunAsync(
            site, $"vm-memory-limits-set vm=one static-min=128MiB dynamic-min=128MiB dynamic-max=128MiB static-max=128MiB");
        await _shell.RunAsync(site, "vm-disk-add vm=one disk-size=1MiB device=1 sr-uuid=$NEAR");
        var data = Path.Combine(site.Directory, "data-disk");
        await File.WriteAllBytesAsync(data, guest.DataDisk(), Stop);
        foreach (var (device, file, format) in new[] { ("0", Repository.GuestImage, "qcow2"), ("1", data, "raw") })
        {
            var disk = await _shell.RunAsync(site, $"vbd-list vm-uuid={guest.Uuid} userdevice={device} params=vdi-uuid --minimal");
            await _shell.RunAsync(site, $"vdi-import uuid={disk} filename={file} format={format}");
        }

        var listed = await _shell.RunAsync(site, "vm-disk-list vm=one");
        Assert.Matches(
            @"(?s)^Disk 0 VBD:\nuuid .*Disk 0 VDI:\nuuid .*Disk 1 VBD:\nuuid .*Disk 1 VDI:\nuuid .*virtual-size \( RO\): 1048576", listed);
        return guest;
    }

    private static int Files(DemoSite site, string sr) => DemoGuests.DisksIn(Path.Combine(site.Storage, sr)).Count;
}
