using System.Collections.Immutable;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>What a guest says through its agent, as operators and their tools see it.</summary>
[Trait("Needs", "guest")]
public sealed class GuestAgentTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guests_addresses_and_system_are_known_as_long_as_it_runs_also_to_the_next_daemon()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        await DemoGuests.BuildAsync(site, guest);
        var vm = await GiveAgentAsync(site, guest, "honest", ("vm-data/ip", "192.0.2.78"));
        Assert.Equal("<not in database>", await _shell.RunAsync(site, $"vm-param-get uuid={guest.Uuid} param-name=networks"));
        await _shell.RunAsync(site, "vm-start vm=alone");
        await Patience.UntilAsync(
            async () => !(await site.Api.Vm.GetGuestMetricsAsync(vm, Stop)).IsNull
                && (await MetricsAsync(site, vm)).Networks.GetValueOrDefault("0/ip") == "192.0.2.78",
            "the guest's address is known");
        Assert.Contains(
            "0/ip: 192.0.2.78", await _shell.RunAsync(site, $"vm-param-get uuid={guest.Uuid} param-name=networks"),
            StringComparison.Ordinal);
        var listed = await _shell.RunAsync(site, "vm-list name-label=alone params=networks,os-version,PV-drivers-version,live");
        Assert.Contains("0/ipv4/0: 192.0.2.78", listed, StringComparison.Ordinal);
        Assert.Contains("name: Redoubt guest 1.4", listed, StringComparison.Ordinal);
        Assert.Contains("major: 7", listed, StringComparison.Ordinal);

        site.Daemon.Kill();
        await site.Daemon.WaitForExitAsync(Stop);
        site = await bench.StartAsync("site");
        Assert.Equal("192.0.2.78", (await MetricsAsync(site, vm)).Networks["0/ip"]);

        // Its agent is asked to switch it off, and with the guest all goes that it said.
        var metrics = await site.Api.Vm.GetGuestMetricsAsync(vm, Stop);
        await _shell.RunAsync(site, "vm-shutdown vm=alone");
        Assert.True((await site.Api.Vm.GetGuestMetricsAsync(vm, Stop)).IsNull);
        Assert.Equal(
            "HANDLE_INVALID",
            (await Assert.ThrowsAsync<XenApiException>(() => site.Api.CallAsync("VM_guest_metrics.get_record", [metrics], Stop))).Code);
        Assert.Equal("<not in database>", await _shell.RunAsync(site, $"vm-param-get uuid={guest.Uuid} param-name=networks"));
    }

    [Fact]
    public async Task A_snapshot_is_taken_while_the_guest_holds_still_and_it_counts_on_whatever_becomes_of_that()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var (guest, deaf) = (new DemoGuest("alone", 0, 0, false), new DemoGuest("deaf", 0, 0, false));
        await DemoGuests.BuildAsync(site, guest, deaf);
        var vm = await GiveAgentAsync(site, guest, "honest");
        Assert.Contains(
            "VM_BAD_POWER_STATE", await _shell.FailAsync(site, "vm-snapshot-with-quiesce vm=alone new-name-label=off"),
            StringComparison.Ordinal);
        await _shell.RunAsync(site, "vm-start vm=alone");
        await _shell.RunAsync(site, "vm-start vm=deaf");
        await Patience.UntilAsync(
            async () => !(await site.Api.Vm.GetGuestMetricsAsync(vm, Stop)).IsNull, "its agent answers");
        await DemoGuests.CountsPastAsync(site, guest, 3);
        await DemoGuests.CountsPastAsync(site, deaf, 1);

        var snapshot = await _shell.RunAsync(site, "vm-snapshot-with-quiesce vm=alone new-name-label=then");
        var console = DemoGuests.ConsoleOf(site, guest.Uuid);
        Assert.Matches("(?s)frozen\\s.*thawed", console);
        var still = long.Parse(console[..console.IndexOf("frozen", StringComparison.Ordinal)].Split("count=")[^1].Split('\r', '\n')[0]);
        await DemoGuests.CountsPastAsync(site, guest, still + 3);

        // What was said before it held still is in the snapshot, and nothing after it.
        await _shell.RunAsync(site, $"snapshot-revert uuid={snapshot}");
        await _shell.RunAsync(site, "vm-start vm=alone");
        await Patience.UntilAsync(() => DemoGuests.BootsOf(site, guest) == 2, "it has booted again");
        await DemoGuests.CountsPastAsync(site, guest, still + 1);
        Assert.InRange(guest.Read(site).ResumedFrom, still, still + 1);

        // One without an agent is refused, and nothing is left of it.
        var disks = (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Count;
        Assert.Contains(
            "VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED", await _shell.FailAsync(site, "vm-snapshot-with-quiesce vm=deaf new-name-label=x"),
            StringComparison.Ordinal);
        Assert.Equal(disks, (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Count);
        var counted = deaf.Read(site).LastCount!.Value;
        await DemoGuests.CountsPastAsync(site, deaf, counted + 3);
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        await _shell.RunAsync(site, "vm-shutdown vm=deaf --force");
    }

    [Fact]
    public async Task A_guest_that_holds_still_for_a_daemon_that_is_killed_goes_on_with_the_next()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        await DemoGuests.BuildAsync(site, guest);
        var vm = await GiveAgentAsync(site, guest, "slow");
        await _shell.RunAsync(site, "vm-start vm=alone");
        await Patience.UntilAsync(
            async () => !(await site.Api.Vm.GetGuestMetricsAsync(vm, Stop)).IsNull, "its agent answers");
        await DemoGuests.CountsPastAsync(site, guest, 3);
        var snapshot = site.Api.CallAsync("VM.snapshot_with_quiesce", [vm, "then"], Stop);
        await Patience.UntilAsync(
            () => DemoGuests.ConsoleOf(site, guest.Uuid).Contains("guest: frozen", StringComparison.Ordinal), "it holds still");
        site.Daemon.Kill();
        await site.Daemon.WaitForExitAsync(Stop);
        await Assert.ThrowsAnyAsync<Exception>(() => snapshot);
        var counted = guest.Read(site).LastCount!.Value;
        site = await bench.StartAsync("site");
        Assert.Contains("guest: thawed", DemoGuests.ConsoleOf(site, guest.Uuid), StringComparison.Ordinal);
        await DemoGuests.CountsPastAsync(site, guest, counted + 3);
        Assert.Equal(2, DemoGuests.DisksIn(site.Storage).Count);
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
    }

    private static async Task<Ref<VmRecord>> GiveAgentAsync(
        DemoSite site, DemoGuest guest, string agent, params IEnumerable<(string Key, string Value)> more)
    {
        var vm = await site.Api.Vm.GetByUuidAsync(guest.Uuid, Stop);
        var data = more.Prepend(("vm-data/agent", agent)).ToImmutableSortedDictionary(d => d.Item1, d => d.Item2);
        await site.Api.Vm.SetXenstoreDataAsync(vm, data, Stop);
        return vm;
    }

    private static async Task<VmGuestMetricsRecord> MetricsAsync(DemoSite site, Ref<VmRecord> vm) =>
        await site.Api.CallAsync<VmGuestMetricsRecord>(
            "VM_guest_metrics.get_record", [await site.Api.Vm.GetGuestMetricsAsync(vm, Stop)], Stop);
}
