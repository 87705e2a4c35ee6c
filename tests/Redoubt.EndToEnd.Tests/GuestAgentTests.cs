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
        var vm = await site.Api.Vm.GetByUuidAsync(guest.Uuid, Stop);
        await site.Api.Vm.SetXenstoreDataAsync(
            vm,
            ImmutableSortedDictionary<string, string>.Empty.Add("vm-data/agent", "honest").Add("vm-data/ip", "192.0.2.78"), Stop);
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

    private static async Task<VmGuestMetricsRecord> MetricsAsync(DemoSite site, Ref<VmRecord> vm) =>
        await site.Api.CallAsync<VmGuestMetricsRecord>(
            "VM_guest_metrics.get_record", [await site.Api.Vm.GetGuestMetricsAsync(vm, Stop)], Stop);
}
