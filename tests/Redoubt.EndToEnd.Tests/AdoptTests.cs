using System.Text.RegularExpressions;
using Redoubt.Cli.Demo;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// The commands of docs/operating/adopt.md with a real guest that somebody made with libvirt's own means, beside a daemon that runs its own
/// guests by itself.
/// </summary>
[Trait("Needs", "guest")]
public sealed partial class AdoptTests
{
    private readonly Shell _shell = new();
    private readonly DemoGuest _guest = new("ledger", 0, 0, false);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_others_made_is_adopted_while_it_runs_and_counts_on_at_the_other_site()
    {
        using var libvirtd = new OwnLibvirtd();
        await libvirtd.StartAsync();
        await using var bench = new Bench();
        await DefineAsync(bench, libvirtd);
        var primary = await bench.StartAsync("primary", ["--adopt-from", libvirtd.Uri]);
        await LookAsync(primary);
        var before = Count(bench);

        // Given back, it has not noticed.
        await _shell.RunAsync(primary, "vm-unadopt uuid=$VM");
        await Patience.UntilAsync(() => Count(bench) > before, "the guest counts on");
        Assert.Equal(1, Boots(bench));
        await _shell.RunAsync(primary, "sr-disable-database-replication uuid=$SR");
        _shell["PBD"] = (await _shell.TryAsync(primary, "pbd-list sr-uuid=$SR --minimal")).Output.Trim();
        await _shell.RunAsync(primary, "pbd-unplug uuid=$PBD");
        await _shell.RunAsync(primary, "sr-destroy uuid=$SR");
        Assert.Empty(Directory.EnumerateDirectories(_shell["FOLDER"]));

        await AdoptAsync(primary);
        await _shell.RunAsync(primary, "dr-plan-save name=everything sr-uuid=$SR");
        await _shell.RunAsync(primary, "vm-shutdown uuid=$VM force=true");
        await _shell.RunAsync(primary, "vm-start uuid=$VM");
        await Patience.UntilAsync(() => Boots(bench) == 2 && Count(bench) > before, "the guest counts on from where it was");

        // The site burns down: its daemon, its libvirt and its guests.
        before = Count(bench);
        await primary.KillAsync();
        await VirshAsync(libvirtd, "destroy", _guest.Name);
        _shell["MIRROR"] = Path.Combine(bench.Directory, "mirror");
        Assert.True(await Programs.RunAsync("cp", "-a", "--sparse=always", _shell["FOLDER"], _shell["MIRROR"]));
        await RecoverAsync(bench, before);
        Assert.Empty(_shell.NotRunOf("adopt.md"));
    }

    private async Task DefineAsync(Bench bench, OwnLibvirtd libvirtd)
    {
        _shell["FOLDER"] = Directory.CreateDirectory(Path.Combine(bench.Directory, "images")).FullName;
        _shell["NAME"] = _guest.Name;
        File.Copy(Repository.GuestImage, Path.Combine(_shell["FOLDER"], "system.qcow2"));
        await File.WriteAllBytesAsync(Path.Combine(_shell["FOLDER"], "data.img"), _guest.DataDisk(), Stop);
        _guest.Uuid = $"{Guid.NewGuid():D}";
        var xml = Path.Combine(bench.Directory, "ledger.xml");
        await File.WriteAllTextAsync(
            xml,
            $"""
            <domain type='qemu'>
              <name>{_guest.Name}</name>
              <uuid>{_guest.Uuid}</uuid>
              <memory unit='MiB'>96</memory>
              <vcpu>1</vcpu>
              <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type><boot dev='hd'/></os>
              <features><acpi/><apic/></features>
              <clock offset='utc'/>
              <devices>
                <emulator>/usr/bin/qemu-system-x86_64</emulator>
                <disk type='file' device='disk'>
                  <driver name='qemu' type='qcow2'/><source file='{_shell["FOLDER"]}/system.qcow2'/><target dev='vda' bus='virtio'/>
                </disk>
                <disk type='file' device='disk'>
                  <driver name='qemu' type='raw'/><source file='{_shell["FOLDER"]}/data.img'/><target dev='vdb' bus='virtio'/>
                </disk>
                <serial type='file'><source path='{ConsoleOf(bench)}' append='on'/></serial>
                <memballoon model='virtio'/>
              </devices>
            </domain>
            """,
            Stop);
        await VirshAsync(libvirtd, "define", xml);
        await VirshAsync(libvirtd, "start", _guest.Name);
        await Patience.UntilAsync(() => Count(bench) > 3, "the guest counts");
    }

    private async Task LookAsync(DemoSite primary)
    {
        Assert.Contains("can't be adopted", await _shell.RunAsync(primary, "adopt"), StringComparison.Ordinal);
        Assert.Contains("sr-create type=folder", await _shell.FailAsync(primary, "vm-adopt domain=$NAME"), StringComparison.Ordinal);
        await AdoptAsync(primary);
        Assert.Contains("running, adopted", await _shell.RunAsync(primary, "adopt"), StringComparison.Ordinal);
        Assert.Contains(_guest.Uuid, await _shell.RunAsync(primary, "adopt domain=$NAME json=true"), StringComparison.Ordinal);
    }

    private async Task AdoptAsync(DemoSite primary)
    {
        _shell["SR"] = await _shell.RunAsync(primary, "sr-create type=folder name-label=images shared=true device-config:location=$FOLDER");
        await _shell.RunAsync(primary, "sr-enable-database-replication uuid=$SR");
        Assert.Contains("running, can be adopted", await _shell.RunAsync(primary, "adopt"), StringComparison.Ordinal);
        _shell["VM"] = await _shell.RunAsync(primary, "vm-adopt domain=$NAME");
        Assert.Equal(_guest.Uuid, _shell["VM"]);
        Assert.Contains("pc-i440fx-7.2", await _shell.RunAsync(primary, "vm-definition uuid=$VM"), StringComparison.Ordinal);
        Assert.Contains("running", await _shell.RunAsync(primary, "vm-list uuid=$VM params=power-state"), StringComparison.Ordinal);
    }

    private async Task RecoverAsync(Bench bench, long before)
    {
        var recovery = await bench.StartAsync("recovery");
        Assert.Contains(
            _shell["SR"], await _shell.RunAsync(recovery, "sr-probe type=folder device-config:location=$MIRROR"), StringComparison.Ordinal);
        await _shell.RunAsync(recovery, "drtask-create type=folder device-config:location=$MIRROR sr-whitelist=$SR");
        await _shell.RunAsync(recovery, "dr-test plan=everything");
        await _shell.RunAsync(recovery, "dr-failover plan=everything source-dead=primary --yes");
        await Patience.UntilAsync(() => _guest.Read(recovery).LastCount > before, "the guest counts on at the other site");
        Assert.InRange(_guest.Read(recovery).ResumedFrom, before - 20, long.MaxValue);
        Assert.Contains("healthy", await _shell.RunAsync(recovery, "sr-database-replication-state uuid=$SR"), StringComparison.Ordinal);
        var process = Bench.ProcessesBelow(recovery.DataDirectory).Single(
            p => p.Contains("qemu-system", StringComparison.Ordinal) && p.Contains(_guest.Uuid, StringComparison.Ordinal));
        Assert.Contains("pc-i440fx-7.2", process, StringComparison.Ordinal);
    }

    private static string ConsoleOf(Bench bench) => Path.Combine(bench.Directory, "ledger.console");

    private static string Said(Bench bench) => File.Exists(ConsoleOf(bench)) ? File.ReadAllText(ConsoleOf(bench)) : "";

    private static long Count(Bench bench) =>
        CountLine().Matches(Said(bench)).Select(m => long.Parse(m.Groups["count"].Value)).LastOrDefault();

    private static int Boots(Bench bench) => Regex.Count(Said(bench), "redoubt-guest: name=", RegexOptions.None, TimeSpan.FromSeconds(1));

    private static async Task VirshAsync(OwnLibvirtd libvirtd, string command, string subject) =>
        Assert.Equal(0, (await Programs.ReadAsync("virsh", "-q", "-c", libvirtd.Uri, command, subject)).ExitCode);

    [GeneratedRegex(@"redoubt-guest: count=(?<count>\d+)\r?\n", RegexOptions.None, 1000)]
    private static partial Regex CountLine();
}
