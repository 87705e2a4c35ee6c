using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// VMs on every host of a pool: three daemons, two of them with guests of their own QEMU. A guest counts on its serial port, from 1 at each
/// boot, so that its log says what it has gone through.
/// </summary>
[Trait("Needs", "guest")]
public sealed partial class MemberGuestTests : IAsyncDisposable
{
    private static readonly ImmutableSortedDictionary<string, string> None = ImmutableSortedDictionary<string, string>.Empty;

    private readonly PoolOfHosts _hosts = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    [Fact]
    public async Task A_VM_runs_on_a_member_and_outlives_its_daemon_and_the_coordinator()
    {
        await Task.WhenAll(_hosts.StartAsync("a"), _hosts.StartAsync("b"), _hosts.StartAsync("c", ServeRun.TestDriver));
        Ref<VmRecord> vm;
        Ref<HostRecord> a, b;
        string uuid;
        await using (var api = await _hosts.LogInAsync("a"))
        {
            // One SR is there when the others come, and one is made afterwards: each host gets both.
            var before = await _hosts.CreateSrAsync(api, "before");
            await _hosts.JoinAsync("b", "a");
            await _hosts.JoinAsync("c", "a");
            (a, b) = (await PoolOfHosts.HostAsync(api, "a"), await PoolOfHosts.HostAsync(api, "b"));
            var sr = await _hosts.CreateSrAsync(api, "after");
            await PoolOfHosts.UntilAttachedAsync(api, 6);
            (vm, _) = await CountingGuest.CreateAsync(api, sr);
            uuid = await api.CallAsync<string>("VM.get_uuid", [vm], Stop);
            Assert.Contains(b, await api.CallAsync<ImmutableList<Ref<HostRecord>>>("VM.get_possible_hosts", [vm], Stop));

            // What its hypervisor has are no guests.
            await api.CallAsync("host.disable", [await PoolOfHosts.HostAsync(api, "c")], Stop);
            await api.CallAsync("host.disable", [b], Stop);
            Assert.Equal("HOST_DISABLED", (await RefusedAsync(api, "VM.start_on", vm, b, false, false)).Code);
            await api.CallAsync("host.enable", [b], Stop);
            await api.CallAsync("VM.start_on", [vm, b, false, false], Stop);
            Assert.Equal(b, await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            Assert.Empty(GuestProcesses.Below(_hosts.PathOf("a")));
            Assert.Single(GuestProcesses.Below(_hosts.PathOf("b")));
            await CountingGuest.CountsPastAsync(api, vm, 10);

            await HotPlugAsync(api, vm, before);
            await SaysAsync(api, sr, b);
            await api.CallAsync("VM.pause", [vm], Stop);
            await api.CallAsync("VM.unpause", [vm], Stop);
            await CountingGuest.CountsOnAsync(api, vm);
            Assert.StartsWith("RFB ", await GreetingAsync(api, vm), StringComparison.Ordinal);
            var free = (await api.GetAllRecordsAsync<HostMetricsRecord>(Stop)).Values.Count(m => m.MemoryFree > 0);
            Assert.Equal(3, free);

            // With its memory from one host to the other and back: it counts on, and there is one of it.
            await api.CallAsync("VM.suspend", [vm], Stop);
            Assert.Empty(GuestProcesses.Below(_hosts.PathOf("b")));
            await api.CallAsync("VM.resume_on", [vm, a, false, false], Stop);
            Assert.Single(GuestProcesses.Below(_hosts.Root));
            Assert.Equal(a, await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            await CountingGuest.CountsPastAsync(api, vm, 20);
            await api.CallAsync("VM.pool_migrate", [vm, b, None.Add("live", "false")], Stop);
            Assert.Empty(GuestProcesses.Below(_hosts.PathOf("a")));
            Assert.Equal(b, await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            await api.CallAsync("host.evacuate", [b, default(Ref<NetworkRecord>), 0L], Stop);
            Assert.Empty(GuestProcesses.Below(_hosts.PathOf("b")));
            await api.CallAsync("host.evacuate", [a, default(Ref<NetworkRecord>), 0L], Stop);
            await CountingGuest.CountsOnAsync(api, vm);
            Assert.Empty(GuestProcesses.Below(_hosts.PathOf("a")));
            Assert.Equal(1, await CountingGuest.BootsAsync(api, vm));

            // The member's daemon dies: that is known, the VM is taken neither for halted nor started elsewhere, and the guest runs on.
            var guest = GuestProcesses.Below(_hosts.PathOf("b")).Single().Id;
            await _hosts.KillAsync("b");
            var began = Stopwatch.GetTimestamp();
            await PoolOfHosts.UntilLiveAsync(api, "b", false);
            TestContext.Current.TestOutputHelper?.WriteLine($"The loss was known within {Stopwatch.GetElapsedTime(began)}.");
            Assert.Equal(VmPowerState.Running, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState);
            Assert.Equal("HOST_OFFLINE", (await RefusedAsync(api, "VM.hard_shutdown", vm)).Code);
            Assert.Equal("HOST_OFFLINE", (await RefusedAsync(api, "VM.power_state_reset", vm)).Code);
            Assert.Equal("VM_BAD_POWER_STATE", (await RefusedAsync(api, "VM.start_on", vm, a, false, false)).Code);
            Assert.Contains(
                "does not answer. What its VMs do is not known, whatever their power state says: counter",
                await api.CallAsync<string>("recovery.get_status", [], Stop), StringComparison.Ordinal);
            await _hosts.StartAgainAsync("b");
            await PoolOfHosts.UntilLiveAsync(api, "b", true);
            await CountingGuest.CountsPastAsync(api, vm, 30);
            Assert.Equal(guest, GuestProcesses.Below(_hosts.PathOf("b")).Single().Id);
        }

        // The coordinator dies: whichever takes over finds the guest where it is, and has it do what is asked.
        await _hosts.KillAsync("a");
        var next = await _hosts.UntilCoordinatorAsync("b", "c");
        await using (var api = await _hosts.LogInAsync(next))
        {
            Assert.Equal(VmPowerState.Running, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState);
            await CountingGuest.UntilReachedAsync(api, vm);
            await CountingGuest.CountsOnAsync(api, vm);
            Assert.Equal(1, await CountingGuest.BootsAsync(api, vm));
            Assert.Equal(b, await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            await _hosts.StartAgainAsync("a");
            await PoolOfHosts.UntilLiveAsync(api, "a", true);
            await StartsWithItsHostAsync(api, vm);
        }

        // The power of its host fails: it runs when that is back, and what was off stays off.
        await _hosts.LoseAsync("b");
        next = await _hosts.UntilCoordinatorAsync("a", "c");
        await _hosts.StartAgainAsync("b", hasBooted: true);
        await using (var api = await _hosts.LogInAsync(next))
        {
            await Patience.UntilAsync(() => GuestProcesses.Below(_hosts.Root).Count == 1, "the guest starts with its host");
            await Patience.UntilAsync(
                async () => (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState == VmPowerState.Running,
                "the VM is shown as running");
            var vms = (await api.GetAllRecordsAsync<VmRecord>(Stop)).Values;
            Assert.Equal(VmPowerState.Halted, vms.Single(v => v.NameLabel == "off").PowerState);

            // Each host has a log of its own, and it may have been started on the other.
            var boots = await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop) == b ? 2 : 1;
            await Patience.UntilAsync(async () => await CountingGuest.BootsAsync(api, vm) == boots, "it boots once more");
            await api.CallAsync("VM.hard_shutdown", [vm], Stop);
            Assert.Empty(GuestProcesses.Below(_hosts.Root));
            Assert.Equal(VmPowerState.Halted, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState);
            Assert.Equal(uuid, await api.CallAsync<string>("VM.get_uuid", [vm], Stop));
        }
    }

    // A VM, and another one that is off.
    private static async Task StartsWithItsHostAsync(XenApiClient api, Ref<VmRecord> vm)
    {
        var pool = (await api.GetAllRecordsAsync<PoolRecord>(Stop)).Single().Key;
        await api.CallAsync("pool.add_to_other_config", [pool, "auto_poweron", "true"], Stop);
        foreach (var marked in new[] { vm, await api.CallAsync<Ref<VmRecord>>("VM.create", [SeveralHostsTests.NewVm("off")], Stop) })
        {
            await api.CallAsync("VM.add_to_other_config", [marked, "auto_poweron", "true"], Stop);
        }
    }

    [Fact]
    public async Task A_host_that_was_taken_for_dead_and_was_not_keeps_its_VM_from_running_twice()
    {
        await Task.WhenAll(_hosts.StartAsync("a"), _hosts.StartAsync("b"), _hosts.StartAsync("c", ServeRun.TestDriver));
        await using var api = await _hosts.LogInAsync("a");
        await _hosts.JoinAsync("b", "a");
        await _hosts.JoinAsync("c", "a");
        var (a, b) = (await PoolOfHosts.HostAsync(api, "a"), await PoolOfHosts.HostAsync(api, "b"));
        var sr = await _hosts.CreateSrAsync(api, "shared");
        await PoolOfHosts.UntilAttachedAsync(api, 3);
        var (vm, _) = await CountingGuest.CreateAsync(api, sr);
        await api.CallAsync("VM.start_on", [vm, b, false, false], Stop);
        await CountingGuest.CountsPastAsync(api, vm, 5);
        Assert.Equal("HOST_IS_LIVE", (await RefusedAsync(api, "host.declare_dead", b)).Code);
        await _hosts.KillAsync("b");
        await PoolOfHosts.UntilLiveAsync(api, "b", false);
        await Patience.UntilAsync(
            async () =>
            {
                try
                {
                    var went = await api.CallAsync<ImmutableSortedDictionary<Ref<VmRecord>, string>>(
                        "host.declare_dead_and_start", [b], Stop);

                    // Its guest runs on, and has the image locked.
                    Assert.NotEmpty(went[vm]);
                    return true;
                }
                catch (XenApiException refused) when (refused.Code == "HOST_IS_LIVE")
                {
                    return false;
                }
            },
            "it is taken for dead");
        Assert.Equal(VmPowerState.Halted, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState);

        var refused = await RefusedAsync(api, "VM.start_on", vm, a, false, false);
        Assert.Equal("VDI_IN_USE", refused.Code);
        Assert.Single(GuestProcesses.Below(_hosts.Root));
        await _hosts.StartAgainAsync("b");

        // Back, it says that it has the VM, which is nowhere else by then, also to whoever tries to start it here all the while.
        await Patience.UntilAsync(
            async () =>
            {
                await RefusedAsync(api, "VM.start_on", vm, a, false, false);
                return await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop) is { PowerState: VmPowerState.Running } found
                    && found.ResidentOn == b;
            },
            "the guest is found where it is");
        Assert.Single(GuestProcesses.Below(_hosts.Root));

        // Then its machine is off for good, and one command has what ran there elsewhere.
        Assert.Single(GuestProcesses.Below(_hosts.PathOf("b")));
        await _hosts.LoseAsync("b");
        Assert.Empty(GuestProcesses.Below(_hosts.Root));
        string[] command = ["host-declare-dead", "host=b", "start-vms=true", "--force"];
        await Patience.UntilAsync(
            async () => (await Shell.TryAsync(_hosts["a"], _hosts.Password, command)).ExitCode == 0, "it is taken for dead again");
        Assert.Equal(a, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).ResidentOn);
        await CountingGuest.CountsPastAsync(api, vm, 5);
        Assert.Single(GuestProcesses.Below(_hosts.Root));
    }

    /// <summary>Another guest of a host, with an agent, says what it is, and what it said goes with it.</summary>
    private static async Task SaysAsync(XenApiClient api, Ref<SrRecord> sr, Ref<HostRecord> host)
    {
        var disk = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "system", Sr = sr, VirtualSize = 64 << 20 }], Stop);
        await using (var content = File.OpenRead(Repository.GuestImage))
        {
            await api.ImportRawVdiAsync(disk, "qcow2", content, null, Stop);
        }

        var vm = await CountingGuest.CreateVmAsync(api, disk, "talker", 96 << 20);
        await api.CallAsync("VM.add_to_xenstore_data", [vm, "vm-data/agent", "honest"], Stop);
        await api.CallAsync("VM.start_on", [vm, host, false, false], Stop);
        await Patience.UntilAsync(
            async () => !(await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).GuestMetrics.IsNull, "the guest has said what it is");
        var metrics = await api.CallAsync<Ref<VmGuestMetricsRecord>>("VM.get_guest_metrics", [vm], Stop);
        var said = await api.CallAsync<VmGuestMetricsRecord>("VM_guest_metrics.get_record", [metrics], Stop);
        Assert.True(said is { Live: true, PvDriversDetected: true });
        Assert.Equal("redoubt", said.OsVersion["distro"]);
        await Patience.UntilAsync(
            async () => (await api.CallAsync<ImmutableList<DataSourceRecord>>("VM.get_data_sources", [vm], Stop))
                .Any(s => s is { NameLabel: "memory", Value: 96 << 20 }),
            "it is measured");
        Assert.NotEmpty(await api.CallAsync<ImmutableList<DataSourceRecord>>("host.get_data_sources", [host], Stop));
        await api.CallAsync("VM.hard_shutdown", [vm], Stop);
        Assert.Empty((await api.GetAllRecordsAsync<VmGuestMetricsRecord>(Stop)).Keys);
        await api.CallAsync("VM.destroy", [vm], Stop);
        await api.CallAsync("VDI.destroy", [disk], Stop);
    }

    private static async Task HotPlugAsync(XenApiClient api, Ref<VmRecord> vm, Ref<SrRecord> sr)
    {
        var disk = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "more", Sr = sr, VirtualSize = CountingGuest.DiskBytes }], Stop);
        var drive = await api.CallAsync<Ref<VbdRecord>>(
            "VBD.create", [new VbdRecord { Vm = vm, Vdi = disk, Userdevice = "1", Mode = VbdMode.Rw, Type = VbdType.Disk }], Stop);
        await api.CallAsync("VBD.plug", [drive], Stop);
        Assert.True(await api.CallAsync<bool>("VBD.get_currently_attached", [drive], Stop));
        Assert.Equal("VDI_IN_USE", (await RefusedAsync(api, "VDI.destroy", disk)).Code);
    }

    /// <summary>The first words of the screen, as a viewer gets them from the pool.</summary>
    private async Task<string> GreetingAsync(XenApiClient api, Ref<VmRecord> vm)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(_hosts["a"].Url!.Host, _hosts["a"].Url!.Port, Stop);
        await using var tls = new System.Net.Security.SslStream(socket.GetStream(), false, (_, shown, _, _) => shown is not null);
        await tls.AuthenticateAsClientAsync(new System.Net.Security.SslClientAuthenticationOptions { TargetHost = "localhost" }, Stop);
        await tls.WriteAsync(
            System.Text.Encoding.ASCII.GetBytes($"CONNECT /console?ref={vm.Opaque}&session_id={api.Session.Opaque} HTTP/1.0\r\n\r\n"),
            Stop);
        using var reader = new StreamReader(tls);
        Assert.Contains("200", await reader.ReadLineAsync(Stop), StringComparison.Ordinal);
        while (await reader.ReadLineAsync(Stop) is { Length: > 0 })
        {
            // The rest of the answer's head.
        }

        return (await reader.ReadLineAsync(Stop))!;
    }

    private static async Task<XenApiException> RefusedAsync(XenApiClient api, string method, params object?[] arguments) =>
        await Assert.ThrowsAsync<XenApiException>(() => api.CallAsync(method, arguments, Stop));
}
