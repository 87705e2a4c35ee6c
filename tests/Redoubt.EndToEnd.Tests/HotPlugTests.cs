using System.Text.RegularExpressions;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A guest that says which devices it sees is given some and lets them go while it counts.</summary>
public sealed class HotPlugTests
{
    private const long Mib = 1 << 20;

    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_sees_disks_interfaces_and_processors_come_and_go_while_it_counts_and_its_records_say_so()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        var sr = await DemoGuests.BuildAsync(site, guest);
        var vm = await site.Api.Vm.GetByUuidAsync(guest.Uuid, Stop);
        await site.Api.Vm.SetVcpusMaxAsync(vm, 3, Stop);
        await _shell.RunAsync(site, $"vbd-create vm-uuid={guest.Uuid} device=3 type=CD");
        await _shell.RunAsync(site, "vm-start vm=alone");
        await DemoGuests.CountsPastAsync(site, guest, 1);

        // A disk.
        var srUuid = await site.Api.Sr.GetUuidAsync(sr, Stop);
        var vdi = await _shell.RunAsync(site, $"vdi-create sr-uuid={srUuid} name-label=more virtual-size=16MiB");
        var vbd = await _shell.RunAsync(site, $"vbd-create vm-uuid={guest.Uuid} vdi-uuid={vdi} device=2");
        Assert.DoesNotContain("vdc", Devices(site, guest), StringComparison.Ordinal);
        await _shell.RunAsync(site, $"vbd-plug uuid={vbd}");
        await SeesAsync(site, guest, $"vdc:{16 * Mib / 512}");
        var drive = await site.Api.Vbd.GetByUuidAsync(vbd, Stop);
        await ShowsAsync(site, drive, isAttached: true, VbdOperations.Attach, VbdOperations.Unplug, VbdOperations.UnplugForce);
        Assert.Contains("DEVICE_ALREADY_ATTACHED", await _shell.FailAsync(site, $"vbd-plug uuid={vbd}"), StringComparison.Ordinal);
        Assert.Contains("VDI_IN_USE", await _shell.FailAsync(site, $"vdi-destroy uuid={vdi}"), StringComparison.Ordinal);

        // It grows under the guest.
        await _shell.RunAsync(site, $"vdi-resize uuid={vdi} disk-size=24MiB online=true");
        await SeesAsync(site, guest, $"vdc:{24 * Mib / 512}");
        Assert.Equal($"{24 * Mib}", await _shell.RunAsync(site, $"vdi-param-get uuid={vdi} param-name=virtual-size"));

        // The daemon dies; what the guest has stays its own, and it is suspended and goes on with it.
        site.Daemon.Kill();
        await site.Daemon.WaitForExitAsync(Stop);
        site = await bench.StartAsync("site");
        await ShowsAsync(site, drive, isAttached: true, VbdOperations.Attach, VbdOperations.Unplug, VbdOperations.UnplugForce);
        var counted = guest.Read(site).LastCount!.Value;
        await _shell.RunAsync(site, "vm-suspend vm=alone");
        await _shell.RunAsync(site, "vm-resume vm=alone");
        await DemoGuests.CountsPastAsync(site, guest, counted + 3);

        await _shell.RunAsync(site, $"vbd-unplug uuid={vbd}");
        await SeesAsync(site, guest, "disks=vda:[0-9]+,vdb:[0-9]+ ");
        await ShowsAsync(site, drive, isAttached: false, VbdOperations.Attach, VbdOperations.Plug);
        Assert.Contains("DEVICE_ALREADY_DETACHED", await _shell.FailAsync(site, $"vbd-unplug uuid={vbd}"), StringComparison.Ordinal);

        // Its memory does not know the disk, which stays unplugged when it goes on.
        counted = guest.Read(site).LastCount!.Value;
        await _shell.RunAsync(site, "vm-suspend vm=alone");
        await _shell.RunAsync(site, "vm-resume vm=alone");
        await DemoGuests.CountsPastAsync(site, guest, counted + 3);
        await ShowsAsync(site, drive, isAttached: false, VbdOperations.Attach, VbdOperations.Plug);
        Assert.Equal(0, OpenBy(site, guest, vdi));
        await _shell.RunAsync(site, $"vdi-destroy uuid={vdi}");

        // Both at once, as xe has it.
        await _shell.RunAsync(site, $"vm-disk-add vm=alone device=4 disk-size=8MiB sr-uuid={srUuid}");
        await SeesAsync(site, guest, $"vd[a-z]:{8 * Mib / 512}");
        await _shell.RunAsync(site, "vm-disk-remove vm=alone device=4");
        await SeesAsync(site, guest, "disks=vda:[0-9]+,vdb:[0-9]+ ");

        // What is in the CD drive.
        var cd = await _shell.RunAsync(site, $"vdi-create sr-uuid={srUuid} name-label=cd virtual-size=1MiB sm-config:type=raw");
        await _shell.RunAsync(site, $"vm-cd-insert vm=alone cd-name=cd");
        Assert.NotEqual(0, OpenBy(site, guest, cd));
        Assert.Contains("VDI_IN_USE", await _shell.FailAsync(site, $"vdi-destroy uuid={cd}"), StringComparison.Ordinal);
        await _shell.RunAsync(site, "vm-cd-eject vm=alone");
        Assert.Equal(0, OpenBy(site, guest, cd));
        await _shell.RunAsync(site, $"vdi-destroy uuid={cd}");

        // Processors.
        await SeesAsync(site, guest, "online=1$");
        await site.Api.Vm.SetVcpusNumberLiveAsync(vm, 3, Stop);
        await SeesAsync(site, guest, "online=3$");
        Assert.Equal(3, (await site.Api.Vm.GetRecordAsync(vm, Stop)).VcpusAtStartup);

        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        Assert.Equal(1, DemoGuests.BootsOf(site, guest));
    }

    [Fact]
    public async Task Interfaces_come_and_go_on_bridges_and_what_a_guest_does_not_let_go_stays_as_it_was()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make bridges.");
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        var sr = await DemoGuests.BuildAsync(site, guest);
        await _shell.RunAsync(site, "vm-start vm=alone");
        await DemoGuests.CountsPastAsync(site, guest, 1);
        var (first, second) = (await _shell.RunAsync(site, "network-create name-label=first"),
            await _shell.RunAsync(site, "network-create name-label=second"));
        var vif = await _shell.RunAsync(site, $"vif-create vm-uuid={guest.Uuid} network-uuid={first} device=3 mac=52:54:00:00:00:77");
        await _shell.RunAsync(site, $"vif-plug uuid={vif}");
        await SeesAsync(site, guest, "52:54:00:00:00:77");
        var reference = await site.Api.Vif.GetByUuidAsync(vif, Stop);
        Assert.True((await site.Api.Vif.GetRecordAsync(reference, Stop)).CurrentlyAttached);
        await _shell.RunAsync(site, $"vif-move uuid={vif} network-uuid={second}");
        Assert.Equal(await site.Api.Network.GetByUuidAsync(second, Stop), (await site.Api.Vif.GetRecordAsync(reference, Stop)).Network);
        await _shell.RunAsync(site, $"vif-unplug uuid={vif}");
        await Patience.UntilAsync(
            () => !Devices(site, guest).Contains("52:54:00:00:00:77", StringComparison.Ordinal), "the guest has let the interface go");
        Assert.False((await site.Api.Vif.GetRecordAsync(reference, Stop)).CurrentlyAttached);

        // A guest that does not listen lets nothing go: whoever asks is told so within the limit, and it has all that it had.
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        var template = await site.Api.Vm.GetUuidAsync((await site.Api.Vm.GetByNameLabelAsync("Other install media", Stop))[0], Stop);
        var srUuid = await site.Api.Sr.GetUuidAsync(sr, Stop);
        var deaf = await _shell.RunAsync(site, $"vm-install template-uuid={template} new-name-label=deaf sr-uuid={srUuid}");
        await _shell.RunAsync(site, "vm-start vm=deaf");
        var vm = await site.Api.Vm.GetByUuidAsync(deaf, Stop);
        var disk = (await site.Api.GetAllRecordsAsync<VbdRecord>(Stop)).Single(b => b.Value.Vm == vm && b.Value.Type == VbdType.Disk).Key;
        var refused = await Assert.ThrowsAsync<XenApiException>(() => site.Api.Vbd.UnplugAsync(disk, Stop));
        Assert.Equal("DEVICE_DETACH_TIMEOUT", refused.Code);
        Assert.True((await site.Api.Vbd.GetRecordAsync(disk, Stop)).CurrentlyAttached);

        // It was asked, and lets it go at the latest when it restarts: then the record says so.
        await site.Api.Vm.HardRebootAsync(vm, Stop);
        await Patience.UntilAsync(
            async () => !(await site.Api.Vbd.GetRecordAsync(disk, Stop)).CurrentlyAttached, "the record follows the guest");
        await _shell.RunAsync(site, "vm-shutdown vm=deaf --force");
    }

    private static async Task ShowsAsync(
        DemoSite site, Ref<VbdRecord> drive, bool isAttached, params VbdOperations[] allowed)
    {
        var record = await site.Api.Vbd.GetRecordAsync(drive, Stop);
        Assert.Equal(isAttached, record.CurrentlyAttached);
        Assert.Equal(allowed, record.AllowedOperations);
        Assert.Empty(record.CurrentOperations);
    }

    private static Task SeesAsync(DemoSite site, DemoGuest guest, string pattern) => Patience.UntilAsync(
        () => Regex.IsMatch(Devices(site, guest), pattern, RegexOptions.None, TimeSpan.FromSeconds(1)), $"the guest sees {pattern}");

    /// <summary>What it has said last of its devices.</summary>
    private static string Devices(DemoSite site, DemoGuest guest) => DemoGuests.ConsoleOf(site, guest.Uuid).Split('\n')
        .Select(l => l.TrimEnd())
        .LastOrDefault(l => Regex.IsMatch(l, "redoubt-guest: devices .* online=", RegexOptions.None, TimeSpan.FromSeconds(1))) ?? "";

    /// <summary>How often the guest's QEMU has a disk open.</summary>
    private static int OpenBy(DemoSite site, DemoGuest guest, string vdi) => Directory.EnumerateDirectories("/proc")
        .Where(p => int.TryParse(Path.GetFileName(p), out _))
        .Where(p => CommandLine(p) is var line && line.Contains("qemu-system", StringComparison.Ordinal)
            && line.Contains(guest.Uuid, StringComparison.Ordinal))
        .Sum(p => Directory.EnumerateFileSystemEntries(Path.Combine(p, "fd"))
            .Count(f => new FileInfo(f).LinkTarget?.Contains(vdi, StringComparison.Ordinal) == true));

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
