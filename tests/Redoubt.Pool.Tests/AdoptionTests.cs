using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>
/// VMs that somebody made with libvirt's own means, adopted while they run, by a pool whose own guests are another hypervisor's.
/// </summary>
[Trait("Needs", "guest")]
public sealed class AdoptionTests
{
    [Fact]
    public async Task A_running_domain_becomes_a_VM_and_is_given_back_as_it_was()
    {
        using var libvirtd = new OwnLibvirtd();
        await libvirtd.StartAsync();
        await using var site = await OpenAsync(libvirtd);
        var (guest, folder) = await MakeAsync(libvirtd, site, "web");
        await guest.VirshAsync("start", guest.Name);
        await guest.VirshAsync("autostart", guest.Name);
        await Patience.UntilAsync(() => guest.Said.Contains("I am web", StringComparison.Ordinal), "the guest runs");
        var (before, pid) = (await guest.VirshAsync("dumpxml", "--inactive", guest.Name), await PidAsync(guest));
        var images = Images(folder);

        // Its disks are on no SR, so it can't be adopted, and is told what to do.
        var refused = await site.Client.FailAsync("VM.adopt", "", guest.Name);
        Assert.Equal("OPERATION_NOT_ALLOWED", refused[0]);
        Assert.Contains($"device-config:location={folder}", refused[1], StringComparison.Ordinal);
        Assert.DoesNotContain(site.All<VmRecord>(), v => v.Uuid == $"{guest.Uuid:D}");
        Assert.Empty(site.Daemon.Services.Hosts.Origins);

        var sr = await MakeSrAsync(site, folder);
        var listed = await ListAsync(site, guest);
        Assert.True((bool)listed["adoptable"]!);
        Assert.DoesNotContain(listed["findings"]!.AsArray(), f => (string)f!["weight"]! == "block");
        var vm = await site.Client.CallAsync<Ref<VmRecord>>("VM.adopt", "", guest.Name);

        var record = site.Get(vm);
        Assert.Equal(($"{guest.Uuid:D}", guest.Name, VmPowerState.Running), (record.Uuid, record.NameLabel, record.PowerState));
        Assert.Equal((48L << 20, 1L), (record.MemoryStaticMax, record.VcpusAtStartup));
        Assert.Equal(before, record.SnapshotMetadata.Trim());
        var drives = record.Vbds.Select(site.Get).OrderBy(b => b.Userdevice, StringComparer.Ordinal).ToList();
        Assert.Equal([VbdType.Disk, VbdType.Cd, VbdType.Disk], drives.Select(b => b.Type)); // libvirt lists a bus after the other.
        Assert.Equal(["web.img", "web-data.qcow2"], drives.Where(b => !b.Empty).Select(b => site.Get(b.Vdi).NameLabel));
        Assert.All(drives, b => Assert.True(b.CurrentlyAttached));
        Assert.True((bool)(await ListAsync(site, guest))["adopted"]!);

        // Nothing of it was touched but that libvirt does not start it with the host any more.
        Assert.Equal(pid, await PidAsync(guest));
        Assert.Equal(before, await guest.VirshAsync("dumpxml", "--inactive", guest.Name));
        Assert.Equal(images, Images(folder));
        Assert.Equal("disable", await AutostartAsync(guest));
        Assert.Equal("true", record.OtherConfig["auto_poweron"]);

        // What it is made of is not the pool's to change, nor can anybody else have its disks.
        foreach (var (message, arguments) in new (string, object?[])[]
        {
            ("VM.destroy", [vm]), ("VM.snapshot", [vm, "s", ImmutableList<Ref<VdiRecord>>.Empty]), ("VM.suspend", [vm]),
            ("VM.set_VCPUs_max", [vm, 4L]),
            ("VM.set_platform", [vm, TestSite.Map(("a", "b"))]), ("VM.set_is_a_template", [vm, true]), ("VBD.destroy", [record.Vbds[0]]),
            ("VBD.unplug", [record.Vbds[0]]), ("VM.set_HVM_boot_policy", [vm, ""]),
        })
        {
            var said = await site.Client.FailAsync(message, arguments);
            Assert.True(said[0] == "OPERATION_NOT_ALLOWED" && said[1].Contains("was adopted", StringComparison.Ordinal), $"{message}: "
                + $"{string.Join(' ', said)}");
        }

        var thief = await site.CreateVmAsync("thief");
        await site.CreateVbdAsync(thief, drives[0].Vdi);
        Assert.Equal("VDI_IN_USE", (await site.Client.FailAsync("VM.start", thief, false, false))[0]);
        await site.Client.CallAsync("VM.destroy", thief);
        Assert.Equal("VDI_IN_USE", (await site.Client.FailAsync("VDI.destroy", drives[2].Vdi))[0]);
        Assert.NotEmpty((await site.Client.FailAsync("VM.adopt", "", guest.Name))[1]);

        // The daemon is not what it runs by.
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
        Assert.Equal(pid, await PidAsync(guest));

        await site.Client.CallAsync("VM.unadopt", vm);
        Assert.Null(site.Daemon.Services.State.Find(vm));
        Assert.Empty(site.Daemon.Services.Hosts.Origins);
        Assert.Equal(pid, await PidAsync(guest));
        Assert.Equal(before, await guest.VirshAsync("dumpxml", "--inactive", guest.Name));
        Assert.Equal("enable", await AutostartAsync(guest));
        await guest.VirshAsync("destroy", guest.Name);
        await site.Client.CallAsync("PBD.unplug", site.Get(sr).Pbds[0]);
        await site.Client.CallAsync("SR.destroy", sr);
        Assert.Equal(images.Select(i => i.Name), Images(folder).Select(i => i.Name));
    }

    [Fact]
    public async Task It_is_driven_where_it_lives_and_followed_there()
    {
        using var libvirtd = new OwnLibvirtd();
        await libvirtd.StartAsync();
        await using var site = await OpenAsync(libvirtd);
        var (guest, folder) = await MakeAsync(libvirtd, site, "db");
        await MakeSrAsync(site, folder);
        var vm = await site.Client.CallAsync<Ref<VmRecord>>("VM.adopt", libvirtd.Uri, $"{guest.Uuid:D}");
        Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);

        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal("running", await guest.StateAsync());
        await Patience.UntilAsync(() => guest.Said.Contains("I am db", StringComparison.Ordinal), "the guest runs");
        Assert.All(site.Get(vm).Vbds, b => Assert.True(site.Get(b).CurrentlyAttached));
        await site.Client.CallAsync("VM.pause", vm);
        Assert.Equal("paused", await guest.StateAsync());
        await site.Client.CallAsync("VM.unpause", vm);

        // Somebody works past the pool.
        await guest.VirshAsync("destroy", guest.Name);
        await Patience.UntilAsync(() => site.Get(vm).PowerState == VmPowerState.Halted, "the end is noticed");
        Assert.All(site.Get(vm).Vbds, b => Assert.False(site.Get(b).CurrentlyAttached));
        await guest.VirshAsync("start", guest.Name);
        await Patience.UntilAsync(() => site.Get(vm).PowerState == VmPowerState.Running, "the start is noticed");
        await Patience.UntilAsync(() => site.Get(vm).Vbds.All(b => site.Get(b).CurrentlyAttached), "its disks are taken for in use");

        // And changes what it is, to something that can't be had elsewhere.
        var xml = await guest.VirshAsync("dumpxml", "--inactive", guest.Name);
        await guest.DefineAsync(xml.Replace("<vcpu placement='static'>1<", "<vcpu placement='static'>2<", StringComparison.Ordinal)
            .Replace("<watchdog ", "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/nowhere/x.raw'/>"
                + "<target dev='sdd' bus='sata'/></disk><watchdog ", StringComparison.Ordinal));
        await Patience.UntilAsync(() => site.Get(vm).VcpusAtStartup == 2, "the change is followed");
        Assert.Contains("/nowhere/x.raw", site.Get(vm).SnapshotMetadata, StringComparison.Ordinal);
        Assert.Equal(3, site.Get(vm).Vbds.Count);
        await Patience.UntilAsync(
            () => site.All<MessageRecord>().Any(
                m => m.Name == "VM_DEFINITION_CHANGED" && m.Body.Contains("/nowhere", StringComparison.Ordinal)),
            "people are told");

        // While the daemon is away, too.
        await site.Daemon.DisposeAsync();
        await guest.DefineAsync(xml);
        await guest.VirshAsync("destroy", guest.Name);
        await site.StartAsync();
        Assert.Equal((1L, VmPowerState.Halted), (site.Get(vm).VcpusAtStartup, site.Get(vm).PowerState));

        // A libvirt that dies takes nothing along, and is taken up again.
        await site.Client.CallAsync("VM.start", vm, false, false);
        await libvirtd.KillAsync();
        await Patience.UntilAsync(() => Told(site, "HOST_LIBVIRT_LOST"), "the loss is told");
        Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
        Assert.Equal("HOST_HYPERVISOR_LOST", (await site.Client.FailAsync("VM.hard_shutdown", vm))[0]);
        await libvirtd.StartAsync();
        await Patience.UntilAsync(() => Told(site, "HOST_LIBVIRT_BACK"), "it is back");
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        Assert.Equal("shut off", await guest.StateAsync());

        await guest.VirshAsync("undefine", guest.Name);
        await Patience.UntilAsync(() => site.Get(vm).SnapshotInfo.ContainsKey("libvirt-gone"), "it is noticed that it is gone");
        Assert.Contains("vm-unadopt", (await site.Client.FailAsync("VM.start", vm, false, false))[1], StringComparison.Ordinal);
        await site.Client.CallAsync("VM.unadopt", vm);
    }

    [Fact]
    public async Task Nothing_is_adopted_but_what_the_administrator_allows()
    {
        using var libvirtd = new OwnLibvirtd();
        await libvirtd.StartAsync();
        await using var site = await OpenAsync(libvirtd);
        foreach (var uri in new[] { "qemu:///system", "qemu+ext:///system?command=/bin/false", libvirtd.Uri + "&x=y", "test:///default" })
        {
            Assert.Equal("VALUE_NOT_SUPPORTED", (await site.Client.FailAsync("VM.get_adoptable", uri))[0]);
            Assert.Equal("VALUE_NOT_SUPPORTED", (await site.Client.FailAsync("VM.adopt", uri, "x"))[0]);
        }

        var guest = new AdoptedGuest(libvirtd, Directory.CreateDirectory(Path.Combine(site.Root, "data", "tests", "own")).FullName, "spy");
        await guest.MakeAsync();
        var listed = await ListAsync(site, guest);
        Assert.False((bool)listed["adoptable"]!);
        Assert.Equal("VALUE_NOT_SUPPORTED", (await site.Client.FailAsync("VM.adopt", "", "unknown"))[0]);
    }

    /// <summary>The primary burns; what was adopted there starts at the other site as it was defined.</summary>
    [Fact]
    public async Task It_comes_back_at_another_site_as_it_was_defined()
    {
        using var here = new OwnLibvirtd();
        using var there = new OwnLibvirtd();
        await here.StartAsync();
        await there.StartAsync();
        await using var site = await OpenAsync(here);
        var (guest, folder) = await MakeAsync(here, site, "erp");
        await guest.VirshAsync("start", guest.Name);
        var sr = await MakeSrAsync(site, folder);
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var vm = await site.Client.CallAsync<Ref<VmRecord>>("VM.adopt", "", guest.Name);
        await guest.VirshAsync("destroy", guest.Name);

        await using var other = await TestSite.OpenOnAsync(there.Uri);
        var mirror = Path.Combine(other.Root, "mirror");
        Assert.True(await Programs.RunAsync("cp", "-a", "--sparse=always", folder, mirror));
        await other.Client.CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", "folder", TestSite.Map(("location", mirror)), ImmutableList.Create(site.Get(sr).Uuid));
        var volume = Assert.Single(other.Daemon.Services.State.All<VdiRecord>(), v => v.Record.Type == VdiType.Metadata);
        var foreign = other.Client.With(await other.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", volume.Ref));
        await foreign.CallAsync("VM.recover", vm, other.Client.Session.Ref, false);

        var recovered = other.Daemon.Services.State.FindByUuid<VmRecord>($"{guest.Uuid:D}");
        Assert.Empty(other.Get(recovered).SnapshotInfo);
        Assert.Equal(site.Get(vm).SnapshotMetadata, other.Get(recovered).SnapshotMetadata);
        await other.Client.CallAsync("VM.start", recovered, false, false);
        try
        {
            var log = Path.Combine(other.Root, "data", "consoles", $"{guest.Uuid:D}.log");
            await Patience.UntilAsync(
                () => File.Exists(log) && File.ReadAllText(log).Contains("I am erp", StringComparison.Ordinal), "the guest says who it is");
            await using var hypervisor = await Hypervisor.OpenAsync(new() { Uri = there.Uri, IsForDefinedDomains = true }, TestSite.Cancel);
            var domain = XElement.Parse((await hypervisor.FindDefinedAsync(guest.Uuid, TestSite.Cancel))!.RunningXml!);
            Assert.Equal("pc-q35-7.2", (string?)domain.Element("os")!.Element("type")!.Attribute("machine"));
            Assert.Equal("Nehalem", domain.Element("cpu")!.Element("model")!.Value);
            Assert.Equal("SER-erp", domain.Element("sysinfo")!.Element("system")!.Element("entry")!.Value);
            var disks = domain.Element("devices")!.Elements("disk").ToList();
            Assert.Equal(
                [Path.Combine(mirror, "erp.img"), Path.Combine(mirror, "erp-data.qcow2")],
                disks.Select(d => (string?)d.Element("source")?.Attribute("file")).OfType<string>());
            Assert.Equal("DISK-erp", disks.Single(d => d.Element("serial") is not null).Element("serial")!.Value);
            Assert.Contains(domain.Element("devices")!.Elements("watchdog"), w => (string?)w.Attribute("model") == "i6300esb");
        }
        finally
        {
            await other.Client.CallAsync("VM.hard_shutdown", recovered);
        }

        // The primary is back, and sees on its storage that the VM is elsewhere.
        Assert.Equal("shut off", await guest.StateAsync());
    }

    private static Task<TestSite> OpenAsync(OwnLibvirtd libvirtd) => TestSite.OpenAsync(c => c with { AdoptFrom = [libvirtd.Uri] });

    private static async Task<(AdoptedGuest Guest, string Folder)> MakeAsync(OwnLibvirtd libvirtd, TestSite site, string name)
    {
        var folder = Path.Combine(site.Root, "images");
        var guest = new AdoptedGuest(libvirtd, folder, name);
        await guest.MakeAsync();
        return (guest, folder);
    }

    private static Task<Ref<SrRecord>> MakeSrAsync(TestSite site, string folder) => site.Client.CallAsync<Ref<SrRecord>>(
        "SR.create", site.Host, TestSite.Map(("location", folder)), 0L, "images", "", "folder", "user", true, TestSite.Map());

    private static async Task<JsonNode> ListAsync(TestSite site, AdoptedGuest guest) =>
        JsonNode.Parse(await site.Client.CallAsync<string>("VM.get_adoptable", ""))!["domains"]!.AsArray()
            .Single(d => (string)d!["name"]! == guest.Name)!;

    private static async Task<string> PidAsync(AdoptedGuest guest) =>
        await guest.VirshAsync("qemu-monitor-command", guest.Name, "--hmp", "info uuid") + await guest.VirshAsync("domid", guest.Name);

    private static async Task<string> AutostartAsync(AdoptedGuest guest) =>
        (await guest.VirshAsync("dominfo", guest.Name)).Split('\n')
            .Single(l => l.StartsWith("Autostart:", StringComparison.Ordinal)).Split(':')[1].Trim();

    private static List<(string Name, ulong Inode)> Images(string folder) =>
    [
        .. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)
            .Select(f => (Path.GetFileName(f), (ulong)new FileInfo(f).CreationTimeUtc.Ticks)),
    ];

    private static bool Told(TestSite site, string name) => site.All<MessageRecord>().Any(m => m.Name == name);
}
